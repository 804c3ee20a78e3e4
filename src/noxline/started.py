"""What was known of a task when it was decided that it runs, and which of its inputs changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from noxline.nox_bridge.environments import touches
from noxline.results import moved


@dataclass
class Started:
    """The digest of a task's inputs, the digests of what it needs, and when each input was last written."""

    inputs: str
    needs: Mapping[str, str]
    moments: Mapping[str, tuple[int, ...]]
    attempts: int = 0

    def changed(self, root: Path, moments: Mapping[str, tuple[int, ...]], inputs: str) -> str:
        """Return in words which input changed since; `moments` and `inputs` are those of now."""
        if moments == self.moments and inputs == self.inputs:
            return ""
        names = moved(self.moments, moments, touches(root))
        if not names and inputs == self.inputs:
            return ""
        if not names:
            return "an input changed"
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return f"{names[0]}{more} changed"
