"""How the thread of an executor's owner reaches a task that runs in another."""

from __future__ import annotations

import threading


class Control:
    """Lets a prepared task proceed, cancels it, leaves it no time for that. Called on any thread."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.hurried = threading.Event()
        self.proceed = threading.Event()
        self.cpus = 1

    def let_proceed(self, cpus: int) -> None:
        """Let it run its own command with so many CPUs."""
        self.cpus = cpus
        self.proceed.set()

    def cancel(self, *, hurry: bool = False) -> None:
        """End it, at once when in a hurry."""
        if hurry:
            self.hurried.set()
        self.cancelled.set()
        self.proceed.set()  # or it would wait at its gate for ever
