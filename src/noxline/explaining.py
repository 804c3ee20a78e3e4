"""Why a task runs or is reused: the difference of its fingerprint now and of an earlier one, every part of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from noxline.errors import UsageError, suggest
from noxline.inputs.fingerprint import PARTS, difference
from noxline.model.cache import Fingerprint
from noxline.preview import Foreseen, foresee
from noxline.project import Project
from noxline.reports.run_directory import latest, runs
from noxline.reuse import Reuser

FINGERPRINTS = "fingerprints.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What would become of a task now, and all that differs between its fingerprint now and an earlier one.

    `against` is the run of the earlier one, or "the last result"; it is empty when there is none.
    """

    task: str
    decision: str
    reasons: tuple[str, ...]
    against: str
    changes: tuple[str, ...]


def explain(project: Project, reuser: Reuser, task: str, run_id: str | None) -> Explanation:
    """Return the explanation of one task; raise UsageError for a run that says nothing about it."""
    seen = foresee(project, reuser)[task]
    against, earlier = _earlier(project.root, reuser, task, run_id)
    now = reuser.made.get(task)
    changes = difference(earlier, now.components, reuser.seen.files) if now and earlier else []
    return _explanation(task, seen, against, tuple(changes))


def _explanation(task: str, seen: Foreseen, against: str, changes: tuple[str, ...]) -> Explanation:
    return Explanation(task=task, decision=seen.decision, reasons=seen.reasons, against=against, changes=changes)


def _earlier(root: Path, reuser: Reuser, task: str, run_id: str | None) -> tuple[str, Mapping[str, Any] | None]:
    """Return where an earlier fingerprint comes from, and its components."""
    if run_id is None:
        row = reuser.seen.rows.get(task)
        return ("the last result", row[1]) if row else ("", None)
    chosen = latest(root) if run_id == "last" else run_id
    rows = _kept(root, chosen or run_id)
    if task not in rows:
        raise UsageError(f"run {chosen} kept no fingerprint of {task}", hint=suggest(task, sorted(rows)))
    return f"run {chosen}", rows[task]


def _kept(root: Path, run_id: str) -> Mapping[str, Any]:
    """Return the components of the fingerprints that a run kept."""
    path = root / ".noxline" / "runs" / run_id / FINGERPRINTS
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))["tasks"].items()
        rows = {str(name): _whole(row["components"]) for name, row in kept}
    except FileNotFoundError:
        names = [one.run_id for one in runs(root)]
        raise UsageError(f"there is no run {run_id!r} with fingerprints", hint=suggest(run_id, names)) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"the fingerprints of run {run_id} cannot be read: {error}", place=str(path)) from error
    return rows


def _whole(components: dict[str, Any]) -> Mapping[str, Any]:
    """Return components in which no part is missing; raise KeyError or TypeError."""
    return {**components, **{name: components[name] for name in PARTS}}


def text_of(fingerprints: Mapping[str, Fingerprint]) -> str:
    """Return the fingerprints of a run's tasks as the text of its `fingerprints.json`."""
    rows = {name: {"digest": made.digest, "components": made.components} for name, made in fingerprints.items()}
    return json.dumps({"schema": 1, "tasks": rows}, indent=1, sort_keys=True) + "\n"
