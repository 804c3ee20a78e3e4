"""The facts of a project as a run hands them to its sessions, which need not detect them again one by one."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

from noxline.settings.facts import ProjectFacts

# Python 3.13 keeps the classes of paths in a module inside of pathlib.
_KNOWN = ("noxline.settings.facts", "noxline.model.stage", "pathlib", type(Path()).__module__)


class _Facts(pickle.Unpickler):
    """Makes nothing but the types that facts consist of, whatever the file asks for."""

    def find_class(self, module: str, name: str) -> object:
        if module not in _KNOWN or "." in name:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a project's facts")
        return super().find_class(module, name)


def dumped(facts: ProjectFacts) -> bytes:
    """Return the facts as a run writes them for its sessions."""
    return pickle.dumps(facts, protocol=pickle.HIGHEST_PROTOCOL)


def loaded(path: Path, root: Path) -> ProjectFacts | None:
    """Return the facts in a file; None when it is not there, is not whole, or speaks of another project."""
    try:
        facts = _Facts(io.BytesIO(path.read_bytes())).load()
    except Exception:  # noqa: BLE001 - a torn file can raise anything; facts are then detected as ever
        return None
    return facts if isinstance(facts, ProjectFacts) and facts.root == root else None
