"""Let what is known of single tests travel through the cache: a record names the stored result that holds it.

The record itself decides nothing. The result that it names is found, verified and restored as any result is; and what
it holds counts only as far as the digests in it are those of the files that are there.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from noxline.model.cache import Found
from noxline.model.stage import Source
from noxline.model.task import Task
from noxline.ports import CacheStore

KIND = "impact"
LEFT = "impact.bin"  # as sessions/impact.py leaves it in the output of a task
STATE = ".noxline/state/impact"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImpactTravel:
    """Brings records to this clone and away from it; `project` tells projects that share a cache apart."""

    root: Path
    project: str
    store: CacheStore

    def _key(self, task: Task) -> str:
        return sha256(f"{self.project}\0{task.name}".encode()).hexdigest()

    def _place(self, task: Task) -> Path:
        return self.root / STATE / f"{task.name.replace('/', '-')}.bin"

    def kept(self, task: Task, digest: str, output: Path) -> None:
        """Say in which stored result others find what is known of the tests of a task."""
        if (output / LEFT).is_file():
            self.store.write_record(KIND, self._key(task), {"entry": digest})

    def taken(self, task: Task, output: Path) -> None:
        """Take over what a reused result knows of the tests."""
        if (output / LEFT).is_file():
            self._place(task).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(output / LEFT, self._place(task))

    def fetch(self, task: Task) -> None:
        """Get what others know of the tests of a task that never ran in this clone."""
        if task.source is not Source.STANDARD or task.stage != "tests" or self._place(task).exists():
            return
        found = self._named(task)
        if found is None:
            return
        with tempfile.TemporaryDirectory(prefix="noxline-impact-") as folder:
            if self.store.restore(found, Path(folder, "output"), Path(folder, "log")):
                self.taken(task, Path(folder, "output"))

    def _named(self, task: Task) -> Found | None:
        """Return the stored result of this task that the record names, as far as it knows of tests."""
        named = self.store.read_record(KIND, self._key(task)) or {}
        found = self.store.find(str(named["entry"])) if named.get("entry") else None
        if found is None or found.entry.task != task.name:
            return None
        return found if any(file.path == LEFT for file in found.entry.files) else None
