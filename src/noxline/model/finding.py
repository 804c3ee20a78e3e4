"""A finding: one problem at one place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(str, Enum):
    """How bad a finding is, as its tool says."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One problem at one place; `file` is relative to the project's root with forward slashes, lines count from 1."""

    tool: str
    rule: str
    severity: Severity
    message: str
    file: str = ""
    line: int | None = None
