"""The standard stage `complexity`: radon's figures of the package's own source."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noxline.sessions.command import capture
from noxline.sessions.files import source_files
from noxline.sessions.requirements import RADON
from noxline.sessions.tools import give_up, prepared, worked

if TYPE_CHECKING:
    import nox

    from noxline.settings.facts import ProjectFacts

SHOWN = 10
ENCODING = {"RADONFILESENCODING": "utf-8"}
# radon's time for the maintainability of a file grows with the square of its longest statement: data in brackets.
LONGEST_STATEMENT = 500


def run_complexity(session: nox.Session, facts: ProjectFacts) -> None:
    """Write `radon.json`: `{"cc": radon cc -j, "mi": radon mi -j}`."""
    session.install(RADON)
    output = prepared(session)
    if output is None:
        return
    files = source_files(facts)
    if not files:
        session.skip("no Python source of the project's own was found")
    tables = [name for name in files if holds_long_statement(facts.root / name)]
    report = {
        "cc": _measured(session, "cc", files, facts.root, output),
        "mi": _measured(session, "mi", [name for name in files if name not in tables], facts.root, output),
    }
    (output / "radon.json").write_text(json.dumps(report), encoding="utf-8")
    worked(output, "radon")
    for line in summary(report["cc"]):
        session.log(line)
    for name in tables:
        session.log(f"maintainability not measured: {name}: a statement of more than {LONGEST_STATEMENT} lines")


def _measured(session: nox.Session, kind: str, files: Sequence[str], root: Path, output: Path) -> dict[str, Any]:
    if not files:
        return {}
    names = [str(root / name) for name in files]
    # In the project's folder radon reads all of pyproject.toml as settings, and breaks at a percent sign in it;
    # settings meant for it would hide functions from the figures.
    done = capture(session, "radon", kind, "-j", *names, env=ENCODING, directory=output)
    try:
        return by_relative_name(json.loads(done.out), root)
    except ValueError:
        give_up(session, output, "radon", done.last_line)


def by_relative_name(report: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return a report of radon with its files named as seen from the project's root."""
    paths = {name: Path(name) for name in report}
    return {
        path.relative_to(root).as_posix() if path.is_relative_to(root) else name: report[name]
        for name, path in paths.items()
    }


def holds_long_statement(path: Path) -> bool:
    """Tell whether a file holds a simple statement so long that it can only be data."""
    try:
        statements = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.stmt)]
    except (OSError, SyntaxError, ValueError):
        return False  # radon itself says what it cannot read
    simple = (node for node in statements if not hasattr(node, "body") and not hasattr(node, "cases"))
    return any((node.end_lineno or node.lineno) - node.lineno >= LONGEST_STATEMENT for node in simple)


def summary(cc: dict[str, Any]) -> list[str]:
    """Return the most complex functions, the worst first, and the files radon could not read."""
    errors = [f"not measured: {file}: {entry['error']}" for file, entry in cc.items() if isinstance(entry, dict)]
    blocks = [
        (block["complexity"], file, block)
        for file, entry in cc.items()
        if isinstance(entry, list)
        for block in entry
        if block["type"] in {"function", "method"}
    ]
    worst = sorted(blocks, key=lambda row: (-row[0], row[1], row[2]["lineno"]))[:SHOWN]
    return [*(f"{value:>4}  {file}:{block['lineno']} {_name(block)}" for value, file, block in worst), *errors]


def _name(block: dict[str, Any]) -> str:
    return f"{block['classname']}.{block['name']}" if block.get("classname") else str(block["name"])
