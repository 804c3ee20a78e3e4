"""What the lean parser reads is what `json` reads, and what is no JSON is an error."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.cache.plain_json import parse

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_it_reads_what_json_writes(value: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert parse(f" {text}\n".encode()) == value


@given(st.text(alphabet='{}[]",:0123456789.eE+-truefalsn\\ \n', max_size=12))
def test_whatever_it_takes_is_json(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            parse(text.encode())
    else:
        assert parse(text.encode()) == expected


@pytest.mark.parametrize("data", [b"", b"[1", b"{} 1", b"NaN", b'{"a": Infinity}', b"[-Infinity]", b'"\x01"', b"\xff"])
def test_anything_else_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(data)


@pytest.mark.process
def test_an_interpreter_that_never_saw_json_reads_it_without_and_tells_what_is_wrong() -> None:
    code = (
        "import sys; from noxline.cache.plain_json import parse\n"
        "assert parse(b'[1.5]') == [1.5]\n"
        "assert not {'json', 're'} & (set(sys.modules) - before), sys.modules\n"
        "try: parse(b'[1')\nexcept ValueError: print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; before = set(sys.modules)\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "refused\n"
