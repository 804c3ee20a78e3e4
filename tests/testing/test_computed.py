"""Attributes that are named by texts, and names that nobody has written down."""

from __future__ import annotations

import ast

import pytest

from noxline.testing.computed import computing_in, meant_attribute


def meant(text: str) -> str | None:
    attribute = meant_attribute(ast.parse(text, mode="eval").body)
    return None if attribute is None else ast.unparse(attribute)


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        ("getattr(it, 'name')", "it.name"),
        ("getattr(it, 'name', None)", "it.name"),
        ("setattr(it.part, 'name', 1)", "it.part.name"),
        ("it.__dict__['name']", "it.name"),
        ("it.__dict__.setdefault('name', [])", "it.name"),
        ("it.__dict__.pop('name')", "it.name"),
        ("getattr(it, name)", None),
        ("it.__dict__[name]", None),
        ("it.__dict__.update(name=1)", None),
        ("it.__dict__", None),
        ("it['name']", None),
        ("it.get('name')", None),
        ("getattr(it)", None),
    ],
)
def test_a_text_names_an_attribute(text: str, attribute: str | None) -> None:
    assert meant(text) == attribute


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("getattr(it, name)", 1),
        ("getattr(it, 'name')", 0),
        ("it.__dict__", 1),
        ("it.__dict__[name]", 1),
        ("it.__dict__['name']", 0),
        ("it.__dict__.get('name').append(it)", 0),
        ("it.__dict__.update(it)", 1),
        ("it.__dict__['name'] + it.__dict__[name]", 1),
        ("vars(it)['name']", 1),
    ],
)
def test_what_asks_for_names_that_are_not_written_down_is_found(text: str, count: int) -> None:
    assert len(computing_in(list(ast.walk(ast.parse(text))))) == count
