"""A rule is a bound on a metric; judging it gives a verdict."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


class Result(str, Enum):
    """How a rule came out."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"  # a default rule whose stage is not in this pipeline
    NOT_JUDGED = "not_judged"  # left out by --only, --skip or --affected


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A bound on a metric: `operator` is one of `< <= == != >= >`; `binding` false means it can only warn.

    `origin` is where it was written ("config/gates.toml:3"), or "default".
    """

    metric: str
    operator: str
    bound: float
    origin: str = "default"
    binding: bool = True

    @property
    def text(self) -> str:
        """Return the bound as it is written, `>= 90`."""
        return f"{self.operator} {self.bound:.15g}"

    def holds(self, value: float) -> bool:
        """Tell whether a value keeps the rule; what is no finite number keeps none."""
        return math.isfinite(value) and _COMPARE[self.operator](value, self.bound)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One judged rule. `hint` says what to do, or why nothing could be judged; only a binding one decides the exit."""

    metric: str
    rule: str
    value: float | None
    result: Result
    hint: str = ""
    unit: str = ""
    origin: str = "default"
    binding: bool = True

    @property
    def shown(self) -> float | None:
        """Return the value with two decimals, or with as many as it takes not to look better or worse than it is.

        >>> Verdict(metric="coverage.line_percent", rule=">= 90", value=89.9961, result=Result.FAIL).shown
        89.996
        """
        if self.value is None or not math.isfinite(self.value):
            return self.value
        sign, _, bound = self.rule.partition(" ")
        compare, limit, value = _COMPARE[sign], float(bound), self.value
        rounded = (round(value, digits) for digits in range(2, 16))
        return next((short for short in rounded if compare(short, limit) == compare(value, limit)), value)
