"""A list of input files can be read again as it was written, and nothing else is taken for one."""

from __future__ import annotations

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from noxline.inputs.input_lines import line_of, parse

NAMES = st.binary(min_size=1, max_size=8).map(os.fsdecode)
DIGESTS = st.binary(min_size=1, max_size=8).map(os.fsdecode)


@given(st.dictionaries(NAMES, DIGESTS, max_size=6))
@example({"a\nb": "c\td", "\\n": "\\", os.fsdecode(b"\xff\r\x85"): "x", "é": "y"})
def test_a_list_comes_back_as_it_was(files: dict[str, str]) -> None:
    text = "".join(line_of(name, digest) for name, digest in files.items())
    assert parse(text.encode("utf-8", "surrogateescape")) == files


@given(st.binary(max_size=30))
@example(b"a\\q\tb\n")
@example(b"a\tb\\")
@example(b"one\n")
def test_anything_else_is_refused_or_read_never_a_crash(text: bytes) -> None:
    try:
        parse(text)
    except ValueError:
        return


@pytest.mark.parametrize("text", [b"a\\q\tb\n", b"a\tb\\", b"one\n", b"a\tb\tc\n"])
def test_what_is_no_list_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is for nobody
        parse(text)
