"""The standard stage `lint`: ruff, with the project's own settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.model.finding import Finding, Severity
from noxline.sessions.command import capture, show, stream
from noxline.sessions.sarif import add_findings, relative_uris
from noxline.sessions.tools import give_up, install_tool, prepared, worked
from noxline.settings.facts import ProjectFacts, Tool

if TYPE_CHECKING:
    import nox

_EVIDENCE = {
    "pyproject.toml": r"^\[tool\.ruff\.format\]|^\s*format\.|ruff format",
    "ruff.toml": r"^\[format\]",
    ".ruff.toml": r"^\[format\]",
    ".pre-commit-config.yaml": r"id:\s*['\"]?ruff-format",
    "prek.toml": r"ruff-format",
    "tox.ini": r"ruff format",
    "tox.toml": r"ruff format",
    "noxfile.py": r"ruff[\"', ]+format",
    "Makefile": r"ruff format",
    "justfile": r"ruff format",
}
# Options that change files, the cache or the output; noxline gives its own.
_OWN_OPTIONS = re.compile(r"--(fix|no-fix|unsafe-fixes|fix-only|no-cache|exit-non-zero-on-fix|output-format.*|watch)$")


def run_lint(session: nox.Session, facts: ProjectFacts) -> None:
    """Write `lint.sarif`: what `ruff check` finds, and what `ruff format` would change where the project uses it."""
    tool = facts.lint
    if not isinstance(tool, Tool):
        session.skip(tool.reason)
    install_tool(session, facts, tool)
    output = prepared(session)
    if output is None:
        return
    if tool.name == "ruff":
        _run_ruff(session, tool, facts.root, output)
    else:
        _run_other(session, tool, output)


def _run_ruff(session: nox.Session, tool: Tool, root: Path, output: Path) -> None:
    paths = [part for part in tool.command[2:] if not _OWN_OPTIONS.match(part)]
    code = _check(session, paths, output)
    format_code = _format(session, root, [part for part in paths if not part.startswith("-")], output)
    worked(output, "ruff")
    if code or format_code:
        session.error("ruff found problems")


def _check(session: nox.Session, paths: list[str], output: Path) -> int:
    report = output / "lint.sarif"
    command = ("ruff", "check", "--no-fix", "--no-cache", "--extend-exclude", ".noxline", *paths)
    done = capture(session, *command, "--output-format", "sarif", "--output-file", str(report))
    if done.code not in {0, 1} or not report.exists():
        give_up(session, output, "ruff", done.last_line)
    relative_uris(report, Path.cwd())
    if done.code:
        stream(session, *command, "--output-format", "concise")
    return done.code


def _format(session: nox.Session, root: Path, paths: list[str], output: Path) -> int:
    if not formats_with_ruff(root):
        session.log("format not checked: project does not use ruff format")
        return 0
    done = capture(session, "ruff", "format", "--diff", "--no-cache", "--exclude", ".noxline", *paths)
    if done.code not in {0, 1}:
        give_up(session, output, "ruff", done.last_line)
    show(done.out)
    add_findings(output / "lint.sarif", "ruff", format_findings(done.out))
    return done.code


def _run_other(session: nox.Session, tool: Tool, output: Path) -> None:
    code = stream(session, *tool.command, env=dict(tool.env), directory=Path(tool.directory or "."))
    worked(output, tool.name)
    if code:
        session.error(f"{tool.name} ended with exit code {code}")


def formats_with_ruff(root: Path) -> bool:
    """Tell whether the project evidently formats its code with ruff."""
    for name, pattern in _EVIDENCE.items():
        path = root / name
        if path.is_file() and re.search(pattern, path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE):
            return True
    return False


def format_findings(diff: str) -> list[Finding]:
    """Return one finding for each file in a unified diff, at its first changed place.

    >>> [(f.file, f.line) for f in format_findings("--- a.py\\n+++ a.py\\n@@ -3,2 +3 @@\\n")]
    [('a.py', 3)]
    """
    found: dict[str, int] = {}
    file = ""
    for line in diff.splitlines():
        if line.startswith("+++ "):
            file = line[4:].split("\t")[0]
        elif (hunk := re.match(r"@@ -(\d+)", line)) and file and file not in found:
            found[file] = int(hunk[1])
    return [
        Finding(
            tool="ruff",
            rule="format",
            severity=Severity.LOW,
            message="ruff format would change this file",
            file=Path(file).as_posix(),
            line=line or 1,
        )
        for file, line in found.items()
    ]
