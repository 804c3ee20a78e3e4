"""A rule is a bound on a metric; judging it gives a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Result(str, Enum):
    """How a rule came out."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"  # a default rule whose stage is not in this pipeline
    NOT_JUDGED = "not_judged"  # deselected by --only or --skip


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
