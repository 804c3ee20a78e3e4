"""Where a session leaves its reports, and where those of the sessions before it lie."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.model.metric import ToolReport

if TYPE_CHECKING:
    import nox

# The environment variables that a task gets from noxline; with plain nox none of them is set.
OUTPUT = "NOXLINE_OUTPUT"
NEEDS = "NOXLINE_NEEDS"
TOOLS_FILE = "tools.json"


def project_root() -> Path:
    """Return the root of the project that the sessions work on."""
    return Path(os.environ.get("NOXLINE_ROOT") or Path.cwd()).resolve()


def output_directory(session: nox.Session) -> Path:
    """Return the session's output directory, made when missing: `.noxline/out/<session>/` with plain nox."""
    given = os.environ.get(OUTPUT)
    path = Path(given) if given else project_root() / ".noxline" / "out" / session.name.replace("/", "_")
    path.mkdir(parents=True, exist_ok=True)
    ignore_state_directory(project_root())
    return path


def ignore_state_directory(root: Path) -> None:
    """Make `.noxline/` ignore itself, so that git never sees it."""
    marker = root / ".noxline" / ".gitignore"
    if not marker.exists():
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text("*\n", encoding="utf-8")


def needed_outputs(*families: str) -> tuple[Path, ...]:
    """Return the output directories of the tasks before this one; with plain nox, those of the named families."""
    given = os.environ.get(NEEDS)
    if given is not None:
        return tuple(Path(part) for part in given.split(os.pathsep) if part)
    out = project_root() / ".noxline" / "out"
    folders = sorted(path for path in out.glob("*") if path.is_dir())
    return tuple(path for path in folders if path.name.split("-")[0] in families)


def write_tools(output: Path, reports: list[ToolReport]) -> None:
    """Say in `tools.json` which tools of the session worked, and why the others did not."""
    rows = [{"tool": r.tool, "status": r.status, "reason": r.reason} for r in reports]
    (output / TOOLS_FILE).write_text(json.dumps(rows, indent=1), encoding="utf-8")
