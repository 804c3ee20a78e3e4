"""Dictionaries with weak keys in which things are looked up, and nothing else."""

from __future__ import annotations

import pytest

from noxline.testing.lookups import looked_up

MADE = """
from weakref import WeakKeyDictionary
def make():
    cache = WeakKeyDictionary()
    def get(key):
        try:
            return cache[key]
        except KeyError:
            cache[key] = key.copy()
        if key in cache or cache.get(key) or cache.setdefault(key, 1):
            cache.pop(key)
        del cache[key]
"""


def test_one_in_which_things_are_looked_up() -> None:
    assert looked_up({"a.py": MADE.encode()}) == ["cache"]


@pytest.mark.parametrize(
    "more",
    [
        "    for key in cache: pass",
        "    list(cache.values())",
        "    len(cache)",
        "    other = cache",
        "    return cache",
        "    use(cache)",
        "    use(*cache)",
        "    cache.items()",
        "    cache.popitem()",
        "    cache.data",
        "    [value for value in cache]",
        "    keep.cache = 1\n    print(keep.cache)",
        "    cache.get()",
        "    if cache: pass",
        "    x = cache or {}",
        "from other import cache as mine",
    ],
)
def test_any_other_use_anywhere_under_its_name_ends_that(more: str) -> None:
    assert looked_up({"a.py": MADE.encode(), "b.py": b"def f():\n    pass\n" + more.strip().encode()}) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import weakref\nKEPT = weakref.WeakKeyDictionary()\nKEPT[1]", ["KEPT"]),
        ("import weakref\nKEPT: object = weakref.WeakKeyDictionary()", ["KEPT"]),
        ("class A:\n    def __init__(self): self.kept = WeakKeyDictionary()", ["kept"]),
        ("KEPT = WeakKeyDictionary()\ngetattr(module, 'KEPT')", []),
        ("class A:\n    def __init__(self): self.kept = WeakKeyDictionary()\n'kept'", []),
        ("def f():\n    kept = WeakKeyDictionary()\n    'kept'", ["kept"]),
        ("def f():\n    global kept\n    kept = WeakKeyDictionary()\n'kept'", []),
        ("KEPT = WeakKeyDictionary()\nlist(globals().values())", []),
        ("class A:\n    def __init__(self): self.kept = WeakKeyDictionary()\nvars(A())", []),
        ("class A:\n    def __init__(self): self.kept = WeakKeyDictionary()\nA().__dict__", []),
        ("class A:\n    kept = WeakKeyDictionary()\nmatch A():\n    case A(kept=d): pass", []),
        ("TABLE['a'] = WeakKeyDictionary()", []),
        ("KEPT = {}", []),
        ("KEPT = WeakValueDictionary()", []),
    ],
)
def test_where_it_is_kept(text: str, names: list[str]) -> None:
    assert looked_up({"a.py": text.encode()}) == names


def test_a_file_that_cannot_be_read_may_say_anything() -> None:
    assert looked_up({"a.py": MADE.encode(), "b.py": b"cache ="}) == []
    assert looked_up({"a.py": MADE.encode(), "b.py": b"other ="}) == ["cache"]
