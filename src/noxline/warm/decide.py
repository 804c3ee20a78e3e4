"""Say what a run would do when nothing but the content of input files differs from what the rehearsal saw.

The same rules as in `preview`, over plain data: a task whose fingerprint is stored is reused, one that differs runs,
and one that needs such a task depends on it.
"""

from __future__ import annotations

from noxline.cache.blobs import has_entry
from noxline.inputs import input_lines
from noxline.inputs.canonical import digest
from noxline.inputs.file_digests import ABSENT
from noxline.inputs.fingerprint import difference, in_short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from noxline.inputs.index import Index

# One task of a plan: its name, the patterns of its inputs, its components, the tasks of this plan that it needs.
# Patterns and components are empty for a task that has nothing to do.


def decisions(root: str, snapshot: Mapping[str, Any], index: Index) -> dict[str, str] | None:
    """Return what would become of each task, in words; None where more than the files would have to be asked."""
    told: dict[str, str] = {}
    running: set[str] = set()
    for name, patterns, known, needs in snapshot["plan"]:
        waiting = [need for need in needs if need in running]
        inputs = index.digest(patterns)
        components = {**known, "inputs": inputs}
        if waiting:
            told[name] = f"depends on {', '.join(waiting)}"
            running.add(name)
        elif inputs == known["inputs"]:
            told[name] = "reuse"
        elif has_entry(snapshot["store"], digest(components)):
            return None  # an earlier state came back: what it left has to be looked up
        else:
            told[name] = f"run: {'; '.join(_why(root, known, components, index, patterns))}"
            running.add(name)
    return told


def _why(
    root: str, known: Mapping[str, Any], now: Mapping[str, Any], index: Index, patterns: tuple[str, ...]
) -> tuple[str, ...]:
    steps = index.changes(known["inputs"], now["inputs"])

    def files(listed: str) -> Mapping[str, str] | None:
        if steps is not None:
            side = 1 if listed == now["inputs"] else 0
            return {name: pair[side] for name, pair in steps.items() if pair[side] != ABSENT}
        if listed == now["inputs"]:
            return input_lines.parse(index.select(patterns).text)
        try:
            with open(f"{root}/.noxline/state/inputs/{listed}", "rb") as file:
                return input_lines.parse(file.read())
        except (OSError, ValueError):
            return None  # its list is gone: then the reason names no file

    return in_short(difference(known, now, files))
