"""Variables that hold the same after each test carry nothing: down to the last object, or it is not known."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from noxline.sessions.measure import INJECTED

CODE = """
import enum, threading, weakref
class Level(enum.Enum): HIGH = 1
STACK = threading.local()
NESTED = {"a": [[]]}
NUMBER = 0
WEAK = weakref.WeakKeyDictionary()
LARGE = {number: [number] for number in range(1000)}
class Thing:
    def __init__(self): self.own = []
THING = Thing()
OPAQUE = [threading.Lock()]
"""
FILE = "watched.py"


@pytest.fixture
def module() -> Iterator[ModuleType]:
    made = ModuleType("watched")
    made.__file__ = FILE
    sys.modules["watched"] = made
    exec(CODE, made.__dict__)
    yield made
    del sys.modules["watched"]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.syspath_prepend(str(INJECTED))
    from _noxline_inside import KINDS, address
    from _noxline_watch import Watch

    def begun(*names: str, file: str = FILE, looked_up: tuple[str, ...] = ()) -> Any:
        def is_own(name: str) -> bool:
            return name == "watched"

        old = [] if "watched" not in sys.modules else list(map(address, vars(sys.modules["watched"]).values()))
        KINDS.begin(is_own, old)
        watch = Watch(is_own, lambda path: path if path == FILE else "")
        watch.begin([(file, list(names))], looked_up)
        return watch

    return begun


def steady(watch: Any) -> list[tuple[str, tuple[str, ...]]]:
    """Return the places that are known to have moved in no test."""
    return [(file, names) for file, names, tests in watch.moves() if tests == []]


CHANGES = {
    "STACK": "STACK.items = [1]",
    "NESTED": "NESTED['a'][0].append(1)",
    "NUMBER": "NUMBER = 1",
    "WEAK": "WEAK[Thing] = 1",
    "THING": "THING.own = []",
}


@pytest.mark.parametrize(("name", "code"), CHANGES.items(), ids=CHANGES)
def test_a_change_however_deep_is_seen(module: ModuleType, make: Callable[..., Any], name: str, code: str) -> None:
    watch = make(name)
    watch.after_test("t", time.process_time())
    assert steady(watch) == [(FILE, (name,))]
    exec(code, module.__dict__)
    watch.after_test("t", time.process_time())
    assert steady(watch) == []


def test_once_seen_it_stays_known(module: ModuleType, make: Callable[..., Any]) -> None:
    watch = make("NUMBER")
    module.NUMBER = 1
    watch.after_test("t", time.process_time())
    module.NUMBER = 0
    watch.after_test("t", time.process_time())
    assert steady(watch) == []


def test_what_is_put_back_within_a_test_carries_nothing(module: ModuleType, make: Callable[..., Any]) -> None:
    watch = make("STACK", "NESTED")
    exec("STACK.x = 1; del STACK.x; NESTED['a'][0].append(1); NESTED['a'][0].pop()", module.__dict__)
    watch.after_test("t", time.process_time())
    assert steady(watch) == [(FILE, ("STACK", "NESTED"))]


def test_another_object_of_the_same_content_is_a_change(module: ModuleType, make: Callable[..., Any]) -> None:
    watch = make("THING")
    module.THING = module.Thing()
    watch.after_test("t", time.process_time())
    assert steady(watch) == []


def test_what_died_is_a_change(module: ModuleType, make: Callable[..., Any]) -> None:
    exec("KEY = Thing(); WEAK[KEY] = 1", module.__dict__)
    watch = make("WEAK")
    watch.after_test("t", time.process_time())
    assert steady(watch) == [(FILE, ("WEAK",))]
    del module.KEY
    watch.after_test("t", time.process_time())
    assert steady(watch) == []


@pytest.mark.parametrize(
    ("name", "file"), [("LARGE", FILE), ("OPAQUE", FILE), ("missing", FILE), ("NUMBER", "other.py")]
)
def test_what_is_too_large_closed_or_not_there_is_not_known(
    module: ModuleType, make: Callable[..., Any], name: str, file: str
) -> None:
    assert steady(make(name, file=file)) == []


def test_a_variable_that_goes_is_a_change(module: ModuleType, make: Callable[..., Any]) -> None:
    watch = make("NUMBER")
    del module.NUMBER
    watch.after_test("t", time.process_time())
    assert steady(watch) == []


def test_of_a_file_that_is_imported_twice_nothing_is_known(module: ModuleType, make: Callable[..., Any]) -> None:
    sys.modules["watched_again"] = module_again = ModuleType("watched_again")
    module_again.__file__ = FILE
    try:
        assert steady(make("NUMBER")) == []
    finally:
        del sys.modules["watched_again"]


def test_the_dearest_is_given_up_when_it_costs_too_much(
    module: ModuleType, make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import _noxline_watch as watching

    times = iter(range(100))
    watch = make("NUMBER")
    monkeypatch.setattr(watching.time, "perf_counter", lambda: float(next(times)))
    monkeypatch.setattr(watching, "_GLANCE", 10.0)
    watch.after_test("t", time.process_time())
    assert steady(watch) == []


def moves(watch: Any) -> dict[str, list[str] | None]:
    return {names[0]: tests for _, names, tests in watch.moves()}


def test_it_says_in_which_tests_a_place_moved(module: ModuleType, make: Callable[..., Any]) -> None:
    watch = make("NESTED")
    for test, code in (
        ("a", ""),
        ("b", "NESTED['x'] = Thing()"),
        ("c", ""),
        ("d", "NESTED['a'][0] = Thing()"),
        ("e", ""),
    ):
        exec(code, module.__dict__)
        watch.after_test(test, time.process_time())
    assert moves(watch) == {"NESTED": ["b", "d"]}


def test_a_new_container_moves_something_and_an_emptied_one_nobody_knows_when(
    module: ModuleType, make: Callable[..., Any]
) -> None:
    watch = make("STACK")
    module.STACK.items = []
    watch.after_test("a", time.process_time())
    module.STACK.items.append(module.Thing())
    module.STACK.items.pop()
    watch.after_test("b", time.process_time())
    assert moves(watch) == {"STACK": ["a"]}
    module.STACK.items.append(module.Thing())
    watch.after_test("c", time.process_time())
    assert moves(watch) == {"STACK": ["a", "c"]}
    module.STACK.items.pop()
    watch.after_test("d", time.process_time())
    assert moves(watch) == {}


@pytest.mark.parametrize(
    "value", ["1", "None", "(1,)", "len", "Thing", "lambda: 1", "Level.HIGH", "THING", "threading.Event()"]
)
def test_what_may_be_put_there_again_unnoticed_moved_nobody_knows_when(
    module: ModuleType, make: Callable[..., Any], value: str
) -> None:
    watch = make("STACK")
    exec(f"STACK.item = {value}", module.__dict__)
    watch.after_test("a", time.process_time())
    assert moves(watch) == {}


def test_an_attribute_that_goes_moved_nobody_knows_when(module: ModuleType, make: Callable[..., Any]) -> None:
    watch = make("THING")
    del module.THING.own
    watch.after_test("a", time.process_time())
    assert moves(watch) == {}


def test_what_a_new_object_holds_came_with_it(module: ModuleType, make: Callable[..., Any]) -> None:
    watch = make("STACK")
    exec("STACK.item = Thing(); STACK.item.number = 1", module.__dict__)
    watch.after_test("a", time.process_time())
    assert moves(watch) == {"STACK": ["a"]}


def test_what_moves_in_many_tests_is_given_up(module: ModuleType, make: Callable[..., Any]) -> None:
    watch = make("NESTED")
    for number in range(100):
        module.NESTED[number] = module.Thing()
        watch.after_test(str(number), time.process_time())
    assert moves(watch) == {}


def test_it_knows_of_what_belongs_to_the_things_it_watches(module: ModuleType, make: Callable[..., Any]) -> None:
    from _noxline_inside import address

    watch = make("THING")
    module.THING.own = []
    watch.after_test("a", time.process_time())
    assert list(watch.of((address(module.THING), 0, "own")).tests) == ["a"]
    assert list(watch.of((address(module), 0, "THING")).tests) == ["a"]
    assert watch.of((address(module), 1, "THING")) is None
    assert watch.of((address(module), 0, "NUMBER")) is None
    assert watch.of((address(module.Thing()), 0, "own")) is None


def test_of_what_left_a_place_it_knows_nothing(module: ModuleType, make: Callable[..., Any]) -> None:
    from _noxline_inside import address

    watch = make("NESTED")
    kept = module.NESTED["a"]
    module.NESTED["a"] = [[module.Thing()]]
    watch.after_test("a", time.process_time())
    thing = module.NESTED["a"][0][0]
    module.NESTED["a"][0] = [module.Thing()]
    watch.after_test("b", time.process_time())
    assert watch.of((address(thing), 0, "own")) is None
    assert kept == [[]]


def test_what_was_put_back_to_what_it_was_at_first_is_not_forgotten(
    module: ModuleType, make: Callable[..., Any]
) -> None:
    watch = make("THING")
    module.THING.other = module.Thing()
    watch.after_test("a", time.process_time())
    module.THING.other = None
    watch.after_test("b", time.process_time())
    assert moves(watch) == {}


def test_what_an_object_gets_after_the_test_that_made_it_may_come_again(
    module: ModuleType, make: Callable[..., Any]
) -> None:
    watch = make("STACK")
    module.STACK.item = module.Thing()
    watch.after_test("a", time.process_time())
    assert moves(watch) == {"STACK": ["a"]}
    module.STACK.item.debug = True
    watch.after_test("b", time.process_time())
    assert moves(watch) == {}


def test_a_class_with_ideas_of_its_own_is_not_known(module: ModuleType, make: Callable[..., Any]) -> None:
    exec(
        "class Meta(type):\n    def __eq__(self, other): return True\nclass Odd(metaclass=Meta): pass", module.__dict__
    )
    module.NUMBER = module.Odd()
    watch = make("NUMBER", "STACK")
    watch.after_test("a", time.process_time())
    assert moves(watch) == {}


def test_dictionaries_in_which_one_only_looks_things_up_lose_what_nobody_can_find(
    module: ModuleType, make: Callable[..., Any]
) -> None:
    for looked_up, known in (((), {}), (("WEAK",), {"WEAK": []})):
        watch = make("WEAK", looked_up=looked_up)
        for test in range(70):
            exec("KEY = Thing(); WEAK[KEY] = KEY; del KEY", module.__dict__)
            watch.after_test(str(test), time.process_time())
        assert moves(watch) == known
        module.WEAK.clear()


def test_moves_together(module: ModuleType, make: Callable[..., Any]) -> None:
    make()
    from _noxline_watch import Moves

    one, other = Moves(["a"]), Moves(["b"])
    one.merge(other)
    assert one.told() == ["a", "b"]
    one.merge(Moves(None))
    assert one.told() is None
    one.merge(other)
    assert one.told() is None
