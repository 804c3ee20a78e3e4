"""Every key of a TOML text is found on the line on which it stands."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.errors import ConfigError
from noxline.settings.locate import KeyPath, key_lines, parse_toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]  # only Python 3.10 has it installed

# Documents are generated as trees of nodes that say how they are written:
# ("plain", literal), ("array", [nodes]), ("inline", {}), ("dotted", {}), ("table", {}), ("tables", [{}]).
Node = tuple[str, Any]

NAMES = st.one_of(
    st.text(alphabet="abAZ09-_", min_size=1, max_size=4),
    st.text(alphabet="a.#=]['\" é\t\n", max_size=4),
)
TEXTS = st.text(alphabet="ab#[]{}=,.'\"\\ \n", max_size=8)


def _basic(text: str) -> str:
    return json.dumps(text)


def _long_basic(text: str) -> str:
    body = text.replace("\\", "\\\\").replace('"""', '""\\"')
    # A quote at the end may touch the closing three; TOML takes up to two.
    return f'"""\n{body}"""'


def _long_literal(text: str) -> str:
    return f"'''\n{text}'''" if "'''" not in text and not text.endswith("'") else _basic(text)


STRINGS = st.builds(lambda text, form: form(text), TEXTS, st.sampled_from([_basic, _long_basic, _long_literal]))
SCALARS = st.one_of(
    STRINGS,
    st.integers().map(str),
    st.sampled_from(["true", "1.5", "inf", "1979-05-27 07:32:00", "0x1F", "'a # b'", '""', "''"]),
)
PLAIN = st.tuples(st.just("plain"), SCALARS)
SINGLE_LINE = st.tuples(st.just("plain"), SCALARS.filter(lambda text: "\n" not in text))
INLINE = st.recursive(
    SINGLE_LINE,
    lambda nodes: st.one_of(
        st.tuples(st.just("array"), st.lists(nodes, max_size=3)),
        st.tuples(st.just("inline"), st.dictionaries(NAMES, nodes, max_size=3)),
    ),
    max_leaves=4,
)
VALUES = st.one_of(PLAIN, INLINE, st.tuples(st.just("dotted"), st.dictionaries(NAMES, PLAIN, min_size=1, max_size=2)))
DOCUMENTS = st.recursive(
    st.dictionaries(NAMES, VALUES, max_size=3),
    lambda tables: st.dictionaries(
        NAMES,
        st.one_of(
            VALUES,
            st.tuples(st.just("table"), tables),
            st.tuples(st.just("tables"), st.lists(tables, min_size=1, max_size=2)),
        ),
        max_size=4,
    ),
    max_leaves=6,
)


class Writer:
    """Writes a document and notes the line of each key it writes."""

    def __init__(self) -> None:
        self.text = ""
        self.lines: dict[KeyPath, int] = {}

    def note(self, path: KeyPath) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)

    def table(self, tree: dict[str, Node], path: KeyPath, header: tuple[str, ...]) -> None:
        for name, (form, value) in tree.items():
            if form not in ("table", "tables"):
                self.assignment(name, (form, value), path)
        for name, (form, value) in tree.items():
            if form == "table":
                self.text += "# [not.a.table]\n"
                self.note((*path, name))
                self.text += f"[ {' . '.join((*header, key(name)))} ] # x = 1\n"
                self.table(value, (*path, name), (*header, key(name)))
            elif form == "tables":
                for index, element in enumerate(value):
                    self.note((*path, name))
                    self.note((*path, name, index))
                    self.text += f"[[{'.'.join((*header, key(name)))}]]\n"
                    self.table(element, (*path, name, index), (*header, key(name)))

    def assignment(self, name: str, node: Node, path: KeyPath) -> None:
        form, value = node
        if form == "dotted":
            for inner, plain in value.items():
                self.note((*path, name))
                self.note((*path, name, inner))
                self.text += f"{key(name)} . {key(inner)} = {plain[1]} # end\n"
            return
        self.note((*path, name))
        self.text += f"{key(name)} = "
        self.value(node, (*path, name), multiline=True)
        self.text += "\n"

    def value(self, node: Node, path: KeyPath, *, multiline: bool) -> None:
        form, value = node
        if form == "plain":
            self.text += value
        elif form == "array":
            self.text += "["
            for index, element in enumerate(value):
                self.text += "\n  # ], [\n  " if multiline else " "
                self.note((*path, index))
                self.value(element, (*path, index), multiline=multiline)
                self.text += ","
            self.text += "]"
        else:
            self.text += "{"
            for index, (name, inner) in enumerate(value.items()):
                self.text += ", " if index else " "
                self.note((*path, name))
                self.text += f"{key(name)} = "
                self.value(inner, (*path, name), multiline=False)
            self.text += " }"


def key(name: str) -> str:
    bare = name and all(letter in "abAZ09-_" for letter in name)
    return name if bare else json.dumps(name)


@given(DOCUMENTS)
def test_every_key_is_found_on_its_line(tree: dict[str, Node]) -> None:
    writer = Writer()
    writer.table(tree, (), ())
    data = tomllib.loads(writer.text)
    found = key_lines(writer.text)
    assert found == writer.lines
    assert set(found) == set(paths(data, ()))


def paths(value: Any, path: KeyPath) -> list[KeyPath]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for part, below in inner:
        found += paths(below, (*path, part))
    return found


def test_a_table_below_an_element_of_an_array() -> None:
    text = "[[a]]\nx = 1\n[a.b]\ny = 2\n[[a]]\n[a.b]\ny = 3\n"
    assert key_lines(text)["a", 0, "b", "y"] == 4
    assert key_lines(text)["a", 1, "b", "y"] == 7


def test_line_ends_of_windows() -> None:
    assert key_lines('[a]\r\nb = """\r\nx\r\n"""\r\nc = 1\r\n')["a", "c"] == 5


def test_a_quoted_key_is_the_name_without_escapes() -> None:
    assert key_lines('"\\u0061.b" = 1') == {("a.b",): 1}


@pytest.mark.parametrize(
    ("text", "message", "place", "hint"),
    [
        (
            "a = 1\nb 2\n",
            "this is not valid TOML: expected '=' after a key in a key/value pair",
            "x.toml:2",
            "the line reads: b 2",
        ),
        (
            "a = [\n",
            "this is not valid TOML: invalid value at the end of the file",
            "x.toml:1",
            "the line reads: a = [",
        ),
        ("a = 1\n\na = 2\n", "this is not valid TOML: cannot overwrite a value", "x.toml:3", "the line reads: a = 2"),
    ],
)
def test_broken_toml_is_shown_with_its_line(text: str, message: str, place: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_toml(text, "x.toml")
    assert (caught.value.message, caught.value.place, caught.value.hint) == (message, place, hint)
