"""Which names hold something else after tests than before: found without running code of the project."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from noxline.sessions.measure import INJECTED

CODE = """
import collections, functools, itertools
KEPT = {}
DEFAULTS = collections.defaultdict(list)
NUMBER = 0
COUNTER = itertools.count()
class A:
    shared = 1
    def __init__(self): self.own = []
    @property
    def __class__(self): raise RuntimeError("asked for its class")
    def __getattr__(self, name): raise RuntimeError("asked for " + name)
    def __eq__(self, other): raise RuntimeError("compared")
    __hash__ = None
class Slotted:
    __slots__ = ("slot",)
ITEM = A()
NESTED = {"a": [[]]}
SLOTTED = Slotted()
SLOTTED.slot = 1
@functools.lru_cache
def cached(x): return x
def default(cache={}): cache[1] = 2
def closing():
    hidden = []
    def inner(): hidden.append(1)
    return inner
INNER = closing()
"""


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ModuleType]:
    file = tmp_path / "looked_at.py"
    file.write_text(CODE)
    made = ModuleType("looked_at")
    made.__file__ = str(file)
    sys.modules["looked_at"] = made
    exec(compile(CODE, str(file), "exec"), made.__dict__)
    yield made
    del sys.modules["looked_at"]


@pytest.fixture
def refused() -> list[str]:
    return []


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: list[str]) -> Callable[..., Any]:
    monkeypatch.syspath_prepend(str(INJECTED))
    from _noxline_state import State

    def is_inside(path: Any) -> str:
        return str(path) if str(path).startswith(str(tmp_path)) else ""

    return lambda **limits: State(is_inside, refused.append, **limits)


@pytest.fixture
def state(make: Callable[..., Any]) -> Any:
    return make()


CHANGES = {
    "KEPT": "KEPT[1] = 2",
    "NUMBER": "NUMBER = 1",
    "COUNTER": "next(COUNTER)",
    "shared": "A.shared = 2",
    "DEFAULTS": "DEFAULTS[1].append(2)",
    "own": "ITEM.own.append(1)",
    "new": "A.new = 3",
    "NESTED": "NESTED['a'][0].append(1)",
    "slot": "SLOTTED.slot = 2",
    "cached": "cached(1)",
    "default": "default()",
    "hidden": "INNER()",
}


@pytest.mark.parametrize(("name", "code"), CHANGES.items(), ids=CHANGES)
def test_a_change_is_known_by_its_name(module: ModuleType, state: Any, name: str, code: str) -> None:
    state.begin()
    exec(code, module.__dict__)
    state.compare()
    assert name in state.changed


def test_what_a_container_of_the_library_holds_is_known_by_its_own_name(module: ModuleType, state: Any) -> None:
    exec("import weakref\nWEAK = weakref.WeakKeyDictionary()", module.__dict__)
    state.begin()
    exec("WEAK[A_KEY] = 1", {**module.__dict__, "A_KEY": module.Slotted})
    state.compare()
    assert list(state.changed) == ["WEAK"]


def test_a_closed_over_variable_is_known_by_its_name_alone(module: ModuleType, state: Any) -> None:
    state.begin()
    module.INNER()
    state.compare()
    assert list(state.changed) == ["hidden"]


@pytest.fixture
def tests_module(module: ModuleType, tmp_path: Path) -> Iterator[ModuleType]:
    made = ModuleType("test_looked_at")
    made.__file__ = str(tmp_path / "test_looked_at.py")
    sys.modules["test_looked_at"] = made
    exec("from looked_at import A, ITEM\nMINE = A()\nNUMBERS = [1]\n", made.__dict__)
    yield made
    del sys.modules["test_looked_at"]


def test_what_only_a_test_file_leads_to_is_said_to_be_its_own(tests_module: ModuleType, state: Any) -> None:
    file = str(tests_module.__file__)
    state.begin([file])
    exec("MINE.extra = 1; NUMBERS.append(2)", tests_module.__dict__)
    state.compare()
    assert state.changed == {"extra": {file}, "NUMBERS": {file}}
    exec("ITEM.other = 1", tests_module.__dict__)
    state.compare()
    assert state.changed["other"] == {""}


def test_what_two_test_files_lead_to_belongs_to_both(tests_module: ModuleType, state: Any, tmp_path: Path) -> None:
    other = ModuleType("test_too")
    other.__file__ = str(tmp_path / "test_too.py")
    other.__dict__["BORROWED"] = tests_module.MINE
    sys.modules["test_too"] = other
    files = {str(tests_module.__file__), other.__file__}
    state.begin(files)
    tests_module.MINE.extra = 1
    state.compare()
    assert state.changed == {"extra": files}
    other.BORROWED = None
    tests_module.MINE.own.append(1)
    state.compare()
    assert state.changed["own"] >= {str(tests_module.__file__)}
    del sys.modules["test_too"]


def test_more_than_is_looked_at_is_refused_and_said(
    module: ModuleType, make: Callable[..., Any], refused: list[str]
) -> None:
    state = make(most=500)
    state.begin()
    assert refused == []
    module.KEPT.update({number: [number] for number in range(1000)})
    state.compare()
    assert refused == ["the project's modules hold more than 500 objects, too many to look at"]


def test_what_is_only_used_did_not_change(module: ModuleType, state: Any) -> None:
    module.cached(1)
    state.begin()
    exec(
        "DEFAULTS[1]; cached(1); made = None; del made; len(KEPT); B = [A() for _ in range(9)]; del B, _",
        {**module.__dict__, "_": 0},
    )
    state.compare()
    assert list(state.changed) == []


def test_what_is_put_back_did_not_change(module: ModuleType, state: Any) -> None:
    state.begin()
    before = module.KEPT
    module.KEPT = {1: 2}
    module.KEPT = before
    state.compare()
    assert list(state.changed) == []


def test_modules_outside_are_not_looked_at(module: ModuleType, state: Any, tmp_path: Path) -> None:
    module.__file__ = str(tmp_path.parent / "elsewhere.py")
    state.begin()
    module.KEPT[1] = 2
    state.compare()
    assert list(state.changed) == []


def test_nothing_is_kept_alive(module: ModuleType, state: Any) -> None:
    class Here:
        """Something to be let go."""

    module.KEPT["here"] = Here()
    known = weakref.ref(module.KEPT["here"])
    state.begin()
    del module.KEPT["here"]
    assert known() is None
