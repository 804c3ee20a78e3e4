"""The identity of the environments that a run's tasks work in, as far as it is known before they are made."""

from __future__ import annotations

import math
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from noxline.model.task import Task
from noxline.nox_bridge.environments import is_usable, site_packages
from noxline.project import Project


@dataclass
class ProjectEnvironments:
    """Looks into the environments below `.noxline/envs`."""

    project: Project

    def before(self, task: Task) -> tuple[Mapping[str, Any] | None, str]:
        """Return the identity of a task's environment without building it, or None and why it is not known."""
        if task.environment and not is_usable(self._place(task)):
            return None, "its environment is made anew"
        return self.after(task), ""

    def after(self, task: Task) -> Mapping[str, Any]:
        """Return the identity of a task's environment as it is."""
        python = next((i for i in self.project.interpreters if i.version == task.python), None)
        full = f"{python.implementation} {python.full}" if python else sys.version.split()[0]
        where = f"{sys.platform} {platform.machine()}"
        return {"python": full, "platform": where, "packages": self._packages(task) if task.environment else {}}

    def expires(self) -> float:
        """Return until when what is known of environments counts: they are looked at each time."""
        return math.inf

    def _place(self, task: Task) -> Path:
        return self.project.root / ".noxline" / "envs" / task.environment

    def _packages(self, task: Task) -> dict[str, str]:
        found = {}
        for folder in site_packages(self._place(task)):
            for entry in folder.glob("*.dist-info"):
                name, _, version = entry.name.removesuffix(".dist-info").partition("-")
                normal = re.sub(r"[-_.]+", "-", name).lower()
                if normal != self.project.facts.name.lower().replace("_", "-"):
                    found[normal] = version
        return found
