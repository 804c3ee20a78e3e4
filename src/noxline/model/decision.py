"""What is decided for one task before it would start: closed variants, each with reasons."""

from __future__ import annotations

from dataclasses import dataclass

from noxline.model.task import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Run the task."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reuse:
    """Take an earlier outcome; `source` is "local" or "remote"."""

    reasons: tuple[str, ...]
    outcome: Outcome
    source: str
    saved_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Skip:
    """Leave the task out."""

    reasons: tuple[str, ...]


Decision = Run | Reuse | Skip
