"""A metric: a named number with a unit and the file it came from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A number that a rule can be judged on; `source` is the report's name, `stage` who produced it.

    `hint` says where the number comes from and so what to mend first ("src/a.py:10 parse: 14"); it may be empty.
    """

    name: str
    value: float
    unit: str = ""
    source: str = ""
    stage: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A metric that a stage should have produced and could not: never a pass.

    A Metric of the same name beside it holds what could be counted all the same.
    """

    name: str
    reason: str
    stage: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolReport:
    """What one tool of a stage did: `status` is "worked", "unavailable" or "not_applicable"."""

    tool: str
    status: str
    reason: str = ""
