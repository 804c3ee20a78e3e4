"""Blocks: what counts, what does not, and to which block a line belongs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.testing.blocks import Source, moved, read_source

NAMES = st.sampled_from(["a", "b", "c"])
EXPRESSIONS = st.recursive(
    st.one_of(NAMES, st.integers(0, 9).map(str)),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=4,
)


@st.composite
def modules(draw: st.DrawFn) -> list[tuple[str, list[str]]]:
    count = draw(st.integers(1, 4))
    return [(f"f{n}", draw(st.lists(EXPRESSIONS, min_size=1, max_size=3))) for n in range(count)]


def text_of(functions: list[tuple[str, list[str]]], *, gap: str = "", comment: str = "") -> str:
    lines = ["import os"]
    for name, body in functions:
        lines += [gap, f"def {name}(x=1):{comment}", '    """Say."""']
        for expression in body:
            lines += [*([f"    {comment}"] if comment else []), f"    y = {expression}"]
    return "\n".join(lines) + "\n"


def digests(source: Source) -> dict[str, str]:
    return {block.name: block.digest for block in source.blocks}


@given(modules())
def test_comments_and_formatting_count_for_nothing_and_lines_are_found_again(
    functions: list[tuple[str, list[str]]],
) -> None:
    old, new = text_of(functions), text_of(functions, gap="\n\n", comment="# why")
    before, after = read_source(old), read_source(new)
    assert digests(before) == digests(after)
    old_lines, new_lines = old.splitlines(), new.splitlines()
    for first, second in zip(before.blocks, after.blocks, strict=True):
        for line, targets in (moved(first, second) or {}).items():
            found = {new_lines[target - 1].partition("#")[0] for target in targets}
            assert found == {old_lines[line - 1].partition("#")[0]}


@given(modules(), st.data())
def test_a_change_of_one_body_changes_exactly_its_digest(
    functions: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(functions) - 1))
    changed = [(n, [*body, "another"] if i == number else body) for i, (n, body) in enumerate(functions)]
    before, after = digests(read_source(text_of(functions))), digests(read_source(text_of(changed)))
    assert {name for name in before if before[name] != after[name]} == {functions[number][0]}


@pytest.mark.parametrize(
    ("new", "changed"),
    [
        ("@d\ndef f(x=1) -> int:\n    'say'\n    return x\n", {""}),
        ("def f(x=2) -> int:\n    'say'\n    return x\n", {""}),
        ("def f(x=1) -> str:\n    'say'\n    return x\n", {""}),
        ("def f(x=1) -> int:\n    'said'\n    return x\n", {""}),
        ("async def f(x=1) -> int:\n    'say'\n    return x\n", {""}),
        ("def f(x=1) -> int:\n    'say'\n    return 1.0\n", {"f"}),
        ("def f(x=1) -> int:\n    'say'\n    return lambda: x\n", {"f"}),
    ],
)
def test_all_but_the_body_belongs_to_the_block_around_it(new: str, changed: set[str]) -> None:
    before = digests(read_source("def f(x=1) -> int:\n    'say'\n    return x\n"))
    after = digests(read_source(new))
    assert {name for name in before if before[name] != after[name]} == changed


def test_a_line_belongs_to_the_innermost_block_and_to_both_where_they_share_it() -> None:
    source = read_source(
        "def f(): return 1\nclass A:\n    def g(\n        self,\n    ): return 2\n    def h(self):\n        'only'\n"
        "    def k(self):\n        def z(): pass\n        return z\n"
    )
    names = {n: [source.blocks[i].name for i in source.owners(n)] for n in range(1, 11)}
    assert names[1] == ["", "f"]
    assert names[2] == names[3] == [""]
    assert names[5] == ["A.g"]
    assert names[7] == ["", "A.h"]
    assert names[9] == ["A.k", "A.k.z"]
    assert names[10] == ["A.k"]


def test_statements_of_one_line_that_were_torn_apart_are_not_found_again() -> None:
    old, new = read_source("def f():\n    a(); b()\n"), read_source("def f():\n    a()\n    b()\n")
    assert digests(old) == digests(new)
    assert moved(old.blocks[1], new.blocks[1]) is None


def test_functions_of_one_name_are_told_apart() -> None:
    source = read_source("if a:\n    def f(): return 1\nelse:\n    def f(): return 2\n")
    assert [block.name for block in source.blocks] == ["", "f", "f#2"]
