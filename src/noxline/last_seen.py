"""What was last known of each task, for saying why it has to run again: losing it costs words, never correctness.

Beside it, under which fingerprints a task failed here and has not passed since: no result stored for them counts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from noxline.inputs import fingerprint, input_lines, sealed

_FILE = "fingerprints"
FAILED = "failed"
_KEPT_LISTS = 60
_KEPT_FAILURES = 500
UNKEPT = "passed unkept"  # how a task ended whose result no store was given
_ENDS = {"failed": "it failed last time", UNKEPT: "its last result was not kept"}
FAILED_SINCE = "it failed with nothing changed since its result was stored"


@dataclass
class LastSeen:
    """The newest fingerprint of each task, how it ended, and the lists of input files behind them."""

    state: Path
    rows: dict[str, tuple[str, dict[str, Any], str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # the task by the digest of its fingerprint, oldest first
    _known_failures: frozenset[str] = frozenset()

    @classmethod
    def load(cls, root: Path, warn: Callable[[str], None]) -> LastSeen:
        """Return what is known of a project's tasks."""
        state = root / ".noxline" / "state"
        rows = _loaded(state / _FILE, "earlier fingerprints", "reasons are less exact this time", warn)
        failed = _loaded(state / FAILED, "earlier failures", "a stored result may stand for a task that failed", warn)
        return cls(state=state, rows=rows, failed=failed, _known_failures=frozenset(failed))

    def note(self, task: str, digest: str, components: Mapping[str, Any], status: str, inputs: bytes) -> None:
        """Note the fingerprint of a task that ended, with the list of its input files."""
        self.rows[task] = digest, dict(components), status
        self.failed.pop(digest, None)
        if status == "failed":
            self.failed[digest] = task
        self.keep_list(str(components["inputs"]), inputs)

    def keep_list(self, digest: str, inputs: bytes) -> None:
        """Keep a list of input files, so that later it can be told in which of them two fingerprints differ."""
        path = self._list(digest)
        if path.exists():
            return
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(inputs)
            temporary.replace(path)
        except OSError:
            self._drop(temporary)  # a full disk costs words, never the run

    def save(self) -> None:
        """Keep what is known; may raise OSError."""
        sealed.save(str(self.state / _FILE), self.rows)
        if self.failed.keys() != self._known_failures:
            sealed.save(str(self.state / FAILED), dict(list(self.failed.items())[-_KEPT_FAILURES:]))
            self._known_failures = frozenset(self.failed)
        self._prune()

    def _prune(self) -> None:
        lists = sorted((self.state / "inputs").glob("*"), key=_age, reverse=True)
        used = {str(components["inputs"]) for _, components, _ in self.rows.values()}
        for path in lists[_KEPT_LISTS:]:
            if path.name not in used:
                self._drop(path)

    @staticmethod
    def _drop(path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            return  # it lies there a little longer

    def _list(self, digest: str) -> Path:
        return self.state / "inputs" / digest

    def files(self, digest: str) -> Mapping[str, str] | None:
        """Return the input files behind a digest; None when their list is not kept."""
        try:
            return input_lines.parse(self._list(digest).read_bytes())
        except (OSError, ValueError):
            return None

    def why(self, task: str, digest: str, components: Mapping[str, Any]) -> tuple[str, ...]:
        """Return why there is no result for a task's fingerprint: what differs from the last one.

        The list of its input files is kept already.
        """
        if task not in self.rows:
            return ("it never ran here",)
        old_digest, old, status = self.rows[task]
        if old_digest != digest:
            reasons = fingerprint.difference(old, components, self.files)
            return fingerprint.in_short(reasons) or ("its fingerprint changed",)
        return (_ENDS.get(status, "its stored result is gone"),)


def _loaded(path: Path, what: str, consequence: str, warn: Callable[[str], None]) -> dict[str, Any]:
    try:
        content = sealed.load(str(path))
    except sealed.DamagedError as error:
        warn(f"what was known of {what} is damaged ({error}): {consequence}")
        return {}
    return dict(content) if isinstance(content, dict) else {}


def _age(path: Path) -> int:
    """Return when a file was written; 0 when another run has removed it meanwhile."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
