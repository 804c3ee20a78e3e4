"""The list of a set of files has each in its line, whatever its name holds."""

from __future__ import annotations

import os

from hypothesis import example, given
from hypothesis import strategies as st

from noxline.inputs.input_lines import line_of, parse
from noxline.inputs.input_set import InputSet

TEXTS = st.binary(min_size=1, max_size=6).map(os.fsdecode)


@given(st.dictionaries(TEXTS, TEXTS, max_size=5))
@example({"a\tb\nc": "x"})
@example({"a\t\tb": "x", "c": "y"})
@example({"a\n": "x", "b": "y"})
@example({"a\\b": "x"})
@example({"a": "link b\tc"})
@example({})
def test_a_list_is_made_of_its_lines(files: dict[str, str]) -> None:
    rows = sorted(files.items())
    text = InputSet([name for name, _ in rows], [digest for _, digest in rows]).text
    assert text == "".join(line_of(name, digest) for name, digest in rows).encode("utf-8", "surrogateescape")
    assert parse(text) == files
