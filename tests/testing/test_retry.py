"""Flaky tests told from broken ones, in made-up suites whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from noxline.testing.retry import Allowance, Budget, Failing, Finding, Retrying


@dataclass
class World:
    """Runs tests by rules: each says whether a test passes behind the tests that ran before it."""

    rules: Mapping[str, Callable[[Sequence[str]], bool | None]]
    runs: int = 0
    most: int = 10_000
    ran: list[Sequence[str]] = field(default_factory=list)
    starves: Callable[[], bool] = lambda: True

    def run(self, tests: Sequence[str], *, measured: bool = False, starved: bool = False) -> Mapping[str, str]:
        assert measured == (len(tests) == 1 and not starved)
        self.runs += 1
        if starved:
            return {tests[-1]: "passed" if self.starves() else "failed"}
        self.ran.append(tests)
        outcomes = {}
        for index, name in enumerate(tests):
            passed = self.rules[name](tests[:index]) if name in self.rules else True
            if passed is not None:
                outcomes[name] = "passed" if passed else "failed"
        return outcomes

    def affords(self, tests: Sequence[str]) -> bool:
        return self.runs < self.most


def find(world: World, before: Sequence[str], retries: int = 2) -> Finding:
    return Retrying(world, retries).find_out([Failing(id="victim", before=tuple(before), message="why")])[0]


def test_a_test_that_fails_alone_too_is_broken() -> None:
    world = World({"victim": lambda _before: False})
    assert find(world, ["a", "b"]) == Finding(
        id="victim", kind="broken", attempts=("failed alone", "failed alone"), message="why"
    )


def test_a_test_that_takes_its_process_down_is_broken() -> None:
    assert find(World({"victim": lambda _before: None}), ["a"]).kind == "broken"


def test_a_test_that_passes_in_either_way_is_flaky() -> None:
    found = find(World({}), ["a", "b"])
    said = ("passed alone", "passed behind 2 tests as before", "passed with little CPU time")
    assert (found.kind, found.attempts) == ("flaky", said)


def test_a_test_that_fails_whenever_it_gets_little_cpu_time_depends_on_time() -> None:
    found = find(World({}, starves=lambda: False), ["a"])
    assert found.kind == "timing-dependent"
    assert found.attempts[2:4] == ("failed with little CPU time", "passed alone again")
    assert len(found.attempts) == 2 + 8
    sometimes = iter([False, False, False, True])
    assert find(World({}, starves=lambda: next(sometimes)), ["a"]).kind == "flaky"


def test_what_the_error_itself_shows_needs_no_proof() -> None:
    world = World({}, starves=lambda: False)
    failing = Failing(id="victim", before=("a",), shown="resource-dependent")
    assert Retrying(world, 2).find_out([failing])[0].kind == "resource-dependent"
    assert world.runs == 2
    broken = Retrying(World({"victim": lambda _seen: False}), 2).find_out([failing])[0]
    assert broken.kind == "broken", "an error that comes each time is no sign of chance"


def test_nothing_before_it_leaves_nothing_to_depend_on() -> None:
    assert find(World({}), []).kind == "flaky"


@given(st.integers(1, 200), st.data())
def test_the_one_polluter_is_named(count: int, data: st.DataObject) -> None:
    before = [f"f{n % 5}.py::t{n}" for n in range(count)]
    polluter = data.draw(st.sampled_from(before))
    world = World({"victim": lambda seen: polluter not in seen})
    found = find(world, before)
    assert (found.kind, found.polluters) == ("order-dependent", (polluter,))
    assert world.runs <= 4 + 2 * count.bit_length() + 4


def test_polluters_that_only_work_together_are_narrowed_down() -> None:
    before = [f"t{n}" for n in range(16)]
    world = World({"victim": lambda seen: not {"t1", "t6"} <= set(seen)})
    found = find(world, before)
    assert found.kind == "order-dependent"
    assert {"t1", "t6"} <= set(found.polluters)
    assert len(found.polluters) == 8


def test_two_polluters_are_told_from_none() -> None:
    world = World({"victim": lambda seen: not {"t1", "t6"} & set(seen)})
    assert find(world, [f"t{n}" for n in range(8)]).polluters in (("t1",), ("t6",))


def test_polluters_that_could_not_be_narrowed_down_are_not_named() -> None:
    world = World({"victim": lambda seen: len(seen) < 8})
    found = find(world, [f"t{n}" for n in range(8)])
    assert (found.kind, found.polluters) == ("order-dependent", ())


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_chance_is_not_taken_for_order_for_long(chances: list[bool]) -> None:
    """A test whose outcomes are chance is named order-dependent only when chance imitates order at every step."""
    outcomes = iter([True, *chances, *[True] * 100])
    world = World({"victim": lambda _seen: next(outcomes)})
    found = find(world, [f"t{n}" for n in range(8)])
    assert found.kind != "broken"
    if found.kind == "order-dependent":
        assert [text.split()[0] for text in found.attempts[-4:]] == ["failed", "passed", "failed", "passed"]


def test_without_time_nothing_is_run_and_the_failure_stands() -> None:
    world = World({}, most=0)
    assert find(world, ["a"]) == Finding(id="victim", kind="broken", message="why")
    assert find(World({"victim": lambda seen: not seen}, most=1), ["a"]).kind == "flaky"


def test_when_there_is_no_time_for_all_that_ran_before_its_own_file_does() -> None:
    class Short(World):
        def affords(self, tests: Sequence[str]) -> bool:
            return len(tests) <= 3

    world = Short({"a.py::victim": lambda seen: "a.py::1" not in seen})
    failing = Failing(id="a.py::victim", before=("b.py::1", "b.py::2", "b.py::3", "a.py::1", "a.py::2"))
    found = Retrying(world, 2).find_out([failing])[0]
    assert found.polluters == ("a.py::1",)


def test_no_retries_no_runs() -> None:
    world = World({})
    assert find(world, ["a"], retries=0).kind == "broken"
    assert world.runs == 0


def test_the_allowance() -> None:
    assert Allowance().why_not(10) == ""
    assert Allowance().why_not(11) == "11 tests failed: more than 10 are not run again"
    assert Allowance(retries=0).why_not(11) == ""
    assert (Allowance().seconds(10.0), Allowance().seconds(4000.0)) == (60.0, 1000.0)
    assert Allowance(set_seconds=5.0).seconds(4000.0) == 5.0
    times = iter([5.0, 8.0])
    assert Budget(10.0, lambda: next(times)).left == 7.0


def test_one_run_in_order_serves_all_that_failed_in_one_process() -> None:
    world = World({"b": lambda seen: "a" not in seen, "d": lambda _seen: True})
    failing = [Failing(id="b", before=("a",)), Failing(id="d", before=("a", "b", "c"))]
    b, d = Retrying(world, 2).find_out(failing)
    assert (b.kind, b.polluters, d.kind) == ("order-dependent", ("a",), "flaky")
    assert [tests for tests in world.ran if len(tests) > 2] == [("a", "b", "c", "d")]


def test_what_an_earlier_run_found_is_looked_at_first() -> None:
    world = World({"victim": lambda seen: "t3" not in seen})
    failing = Failing(id="victim", before=tuple(f"t{n}" for n in range(100)), suspects=("t3",))
    assert Retrying(world, 2).find_out([failing])[0].polluters == ("t3",)
    assert max(len(tests) for tests in world.ran) == 2
    moved = World({"victim": lambda seen: "t5" not in seen})
    assert Retrying(moved, 2).find_out([failing])[0].polluters == ("t5",)
