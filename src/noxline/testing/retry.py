"""Tell a flaky test from a broken one by running it again: alone, in the order it ran, behind parts of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Kind = Literal["broken", "flaky", "timing-dependent", "resource-dependent", "order-dependent"]
_CONFIRMATIONS = 2  # how often, with the polluter and without it, the outcome must be as the finding says
# The same for a process that gets little CPU: a test that fails by chance half of the time shows it once in 256 times.
_STARVED = 4
SLOWER = 10  # how many times slower a test runs in such a process


@dataclass(frozen=True, kw_only=True, slots=True)
class Failing:
    """A test that failed, and the tests that ran before it in its process, in their order.

    `suspects` are the tests behind which it failed in an earlier run, `shown` is what its own error says of its kind.
    """

    id: str
    before: tuple[str, ...] = ()
    message: str = ""
    suspects: tuple[str, ...] = ()
    shown: Kind = "flaky"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What running a test again showed; `attempts` says in words what each attempt was and how it ended.

    An order-dependent test fails behind `polluters`, in this order, and passes alone; where they are empty, it fails
    behind the tests that ran before it, and which of them it is was not found in the time allowed.
    """

    id: str
    kind: Kind
    attempts: tuple[str, ...] = ()
    polluters: tuple[str, ...] = ()
    message: str = ""


class Trials(Protocol):
    """Runs tests in a fresh process and keeps an eye on the time that is left for it."""

    def run(self, tests: Sequence[str], *, measured: bool = False, starved: bool = False) -> Mapping[str, str]:
        """Run these tests in this order; return the outcomes of those that came to an end.

        `starved`: in a process that gets a tenth of the CPU time that it would have.
        """

    def affords(self, tests: Sequence[str]) -> bool:
        """Tell whether there is time to run these tests."""


@dataclass(slots=True)
class Retrying:
    """Runs failed tests again and finds out what they are; `retries` is how often each is run alone."""

    trials: Trials
    retries: int
    attempts: dict[str, list[str]] = field(default_factory=dict)

    def find_out(self, failing: Sequence[Failing]) -> tuple[Finding, ...]:
        """Return a finding for each test, in their order."""
        passing = [test for test in failing if self._alone(test)]
        found = {test.id: self._finding(test, "broken") for test in failing if test not in passing}
        found |= self._passing_alone(passing)
        return tuple(found[test.id] for test in failing)

    def _passing_alone(self, passing: Sequence[Failing]) -> dict[str, Finding]:
        """Return a finding for each test that passes alone: it depends on the order, or on nothing that is known."""
        # What an earlier run found out is quickly seen again.
        found = {
            test.id: self._finding(test, "order-dependent", test.suspects) for test in passing if self._again(test)
        }
        left = [test for test in passing if test.id not in found]
        again = self._in_order(left)
        found |= {test.id: self._ordered(test, again[test.id]) for test in left if test.id in again}
        # Last, for it says only more of tests that are known to be flaky.
        return found | {test.id: self._of_itself(test) for test in left if test.id not in found}

    def _again(self, test: Failing) -> bool:
        """Tell whether the test still fails behind those behind which it failed in an earlier run."""
        known = test.suspects
        return bool(known) and self._fails_behind(test, known) and self._confirmed(test, known)

    def _finding(self, test: Failing, kind: Kind, polluters: Sequence[str] = ()) -> Finding:
        attempts = tuple(self.attempts.get(test.id, ()))
        return Finding(id=test.id, kind=kind, attempts=attempts, polluters=tuple(polluters), message=test.message)

    def _alone(self, test: Failing) -> bool:
        """Tell whether one of the attempts at the test alone passed."""
        return any(self._try(test, (), "alone") for _ in range(self.retries) if self.trials.affords([test.id]))

    def _of_itself(self, test: Failing) -> Finding:
        """Return what is shown of a test that failed and passed, whatever ran before it."""
        kind = "timing-dependent" if test.shown == "flaky" and self._fails_starved(test) else test.shown
        return self._finding(test, kind)

    def _fails_starved(self, test: Failing) -> bool:
        """Tell whether the outcome follows the CPU time that the process gets, again and again."""
        for _ in range(_STARVED):
            if not self.trials.affords([test.id] * SLOWER):
                return False
            starved = self.trials.run([test.id], starved=True)
            if self._say(test, starved, "with little CPU time") is not False or not self._try(test, (), "alone again"):
                return False
        return True

    def _try(self, test: Failing, before: Sequence[str], how: str) -> bool | None:
        """Tell whether the test passes behind these others; None when it did not come to its end."""
        return self._say(test, self.trials.run([*before, test.id], measured=not before), how)

    def _in_order(self, failing: Sequence[Failing]) -> dict[str, tuple[str, ...]]:
        """Run the tests in the order in which they failed; return what ran before those that failed again.

        One run serves all that failed in one process: what ran before the last holds what ran before the others.
        """
        again: dict[str, tuple[str, ...]] = {}
        tried: dict[tuple[str, ...], Mapping[str, str]] = {}
        for test in sorted(failing, key=lambda test: -len(test.before)):
            shared = _beginning_with((*test.before, test.id), tried)
            before = test.before if shared else self._affordable(test)
            if not before:
                continue
            order = shared or (*before, test.id)
            if order not in tried:
                tried[order] = self.trials.run(order)
            if self._say(test, tried[order], f"behind {_count(before)} as before") is False:
                again[test.id] = before
        return again

    def _affordable(self, test: Failing) -> tuple[str, ...]:
        """Return the best of what to run before the test that there is time for; nothing when there is none."""
        return next((part for part in _parts(test) if part and self.trials.affords([*part, test.id])), ())

    def _say(self, test: Failing, outcomes: Mapping[str, str], how: str) -> bool | None:
        outcome = outcomes.get(test.id)
        said = {None: "did not end", "passed": "passed"}.get(outcome, "failed")
        self.attempts.setdefault(test.id, []).append(f"{said} {how}")
        return None if outcome is None else outcome == "passed"

    def _ordered(self, test: Failing, before: tuple[str, ...]) -> Finding:
        """Return whether a test that passes alone, and failed again behind these, fails because of one of them."""
        polluters = self._bisect(test, before)
        if not self._confirmed(test, polluters):
            return self._finding(test, test.shown)
        narrow = len(polluters) < len(before) or len(before) == 1
        return self._finding(test, "order-dependent", polluters if narrow else ())

    def _bisect(self, test: Failing, before: Sequence[str]) -> Sequence[str]:
        """Return as few of the tests before it as still make the test fail."""
        while len(before) > 1:
            half = len(before) // 2
            # The later half first: a polluter is mostly near.
            found = next((part for part in (before[half:], before[:half]) if self._fails_behind(test, part)), None)
            if found is None:
                break  # it takes several, or the time is up
            before = found
        return before

    def _fails_behind(self, test: Failing, part: Sequence[str]) -> bool:
        if not self.trials.affords([*part, test.id]):
            return False
        return self._try(test, part, f"behind {part[0]}" if len(part) == 1 else f"behind {_count(part)}") is False

    def _confirmed(self, test: Failing, polluters: Sequence[str]) -> bool:
        """Tell whether the outcome follows the order again and again: chance would not."""
        for _ in range(_CONFIRMATIONS):
            if not self.trials.affords([*polluters, test.id]):
                break
            if self._try(test, polluters, f"behind {_count(polluters)} once more") is not False:
                return False
            if not self._try(test, (), "alone once more"):
                return False
        return True


def _beginning_with(start: tuple[str, ...], orders: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return next((order for order in orders if order[: len(start)] == start), ())


def _parts(test: Failing) -> tuple[tuple[str, ...], ...]:
    """Return what to run before the test, the best first: everything, else the tests of its own file."""
    file = test.id.partition("::")[0]
    return test.before, tuple(name for name in test.before if name.partition("::")[0] == file)


def _count(tests: Sequence[str]) -> str:
    return tests[0] if len(tests) == 1 else f"{len(tests)} tests"


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """When failed tests are run again at all, and for how long (seconds)."""

    retries: int = 2
    most: int = 10
    least_seconds: float = 60.0
    set_seconds: float | None = None

    def seconds(self, suite_seconds: float) -> float:
        """Return the time for all retries: what is set, else a quarter of the suite's and a minute for a short one."""
        return max(self.least_seconds, suite_seconds / 4) if self.set_seconds is None else self.set_seconds

    def why_not(self, failed: int) -> str:
        """Return why nothing is run again; nothing when it is."""
        if self.retries and failed > self.most:
            return f"{failed} tests failed: more than {self.most} are not run again"
        return ""


@dataclass(slots=True)
class Budget:
    """The time left for retries."""

    seconds: float
    clock: Callable[[], float]
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def left(self) -> float:
        """Return the seconds that are left."""
        return self.seconds - (self.clock() - self.began)
