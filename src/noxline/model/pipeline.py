"""The pipeline: the immutable description of all stages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from noxline.model.stage import Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class Pipeline:
    """All stages of one project, read once. `notes` are remarks for the user (no git repository, ...)."""

    root: Path
    stages: tuple[Stage, ...]
    pythons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def stage(self, name: str) -> Stage:
        """Return the stage called `name`; raise KeyError when there is none."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)
