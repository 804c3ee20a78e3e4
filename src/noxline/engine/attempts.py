"""What the attempts at one task add up to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from noxline.model.task import Outcome


@dataclass(slots=True)
class Attempts:
    """The attempts at one task: why and when the first began, how many there were and what they took together."""

    started: float
    reasons: tuple[str, ...]
    count: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    setup_seconds: float = 0.0
    waited_seconds: float = 0.0

    def add(self, outcome: Outcome) -> Outcome:
        """Add the outcome of one attempt; return it with the figures of all attempts so far."""
        self.seconds += outcome.seconds
        self.cpu_seconds += outcome.cpu_seconds
        self.setup_seconds += outcome.setup_seconds
        self.waited_seconds += outcome.waited_seconds
        return replace(
            outcome,
            started=self.started,
            seconds=self.seconds,
            cpu_seconds=self.cpu_seconds,
            setup_seconds=self.setup_seconds,
            waited_seconds=self.waited_seconds,
            attempts=self.count,
        )
