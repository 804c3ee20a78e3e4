"""The fingerprints of a run's tasks: made of their definitions, the files as they are now, and their environments."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from noxline.definitions import Definition
from noxline.inputs import fingerprint as made_of
from noxline.inputs.file_digests import content_of
from noxline.inputs.index import Index
from noxline.inputs.input_set import InputSet
from noxline.inputs.variables import values
from noxline.model.cache import Fingerprint
from noxline.split_records import SplitRecords
from noxline.splits import Split

INDEX = "index"


def open_index(root: Path, warn: Callable[[str], None]) -> Index:
    """Return the stat cache of a project."""
    return Index(str(root), str(root / ".noxline" / "state" / INDEX), warn)


@dataclass
class Fingerprints:
    """Makes fingerprints; `index` is looked at again by whoever knows that files may have changed."""

    definitions: Mapping[str, Definition]
    index: Index
    environ: Mapping[str, str]
    splits: SplitRecords
    _programs: dict[str, str] = field(default_factory=dict)

    def inputs(self, task: str) -> InputSet:
        """Return the input files of a task as they were when the index was last refreshed."""
        return self.index.select(self.definitions[task].patterns)

    def make(
        self, task: str, environment: Mapping[str, object], needs: Mapping[str, str], *, tests: str | None = None
    ) -> Fingerprint:
        """Return the fingerprint of a task in an environment, after tasks with these output digests.

        `tests` is the digest of the tests that a shard ran, where that is known better than by the known split.
        """
        definition = self.definitions[task]
        if tests is None and definition.suite is not None:
            tests = self.split(task).digest(definition.shard)
        digest, components = made_of.fingerprint(
            definition=definition.content if tests is None else {**definition.content, "tests": tests},
            inputs=self.index.digest(definition.patterns),
            variables=values(self.environ, definition.variables),
            environment=environment,
            programs={name: self._program(name) for name in definition.programs},
            needs=needs,
            machine=self.machine if definition.exclusive else "",
        )
        return Fingerprint(digest=digest, components=components)

    def split(self, task: str) -> Split:
        """Return the split that results of a shard rest on for the files as they are; raise ValueError for no shard."""
        definition = self.definitions[task]
        if definition.suite is None:
            raise ValueError(task)
        return self.splits.find(definition.suite, self.index.digest(definition.patterns))

    @property
    def programs(self) -> tuple[str, ...]:
        """Return the paths of the programs that were looked at."""
        return tuple(text.rpartition(" ")[0] for text in self._programs.values() if text)

    def _program(self, name: str) -> str:
        """Return path and content of a program on PATH; a program that is not there counts as well."""
        if name not in self._programs:
            path = shutil.which(name, path=self.environ.get("PATH"))
            self._programs[name] = (
                f"{path} {content_of('', path.lstrip('/'), Path(path).stat().st_mode)[0]}" if path else ""
            )
        return self._programs[name]

    @cached_property
    def machine(self) -> str:
        """Return what tells this machine from others."""
        return machine_name()


def machine_name() -> str:
    """Return what tells this machine from others: its own identifier where the system has one, or its network card."""
    for file in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            known = Path(file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if known:
            return f"{known[:16]} {os.cpu_count()}"
    return f"{uuid.getnode():x} {os.cpu_count()}"
