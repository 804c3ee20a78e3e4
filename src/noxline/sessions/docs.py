"""The standard stage `docs`: Sphinx or MkDocs, warnings counted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.sessions.command import Completed, capture, plain, scratch, show
from noxline.sessions.tools import give_up, install_tool, prepared, worked
from noxline.settings.facts import ProjectFacts, Tool

if TYPE_CHECKING:
    import nox

_WARNING = re.compile(r"\b(WARNING|ERROR|CRITICAL|SEVERE)\b\s*(:|-|$)")


def run_docs(session: nox.Session, facts: ProjectFacts) -> None:
    """Write `docs.json` (`{"warnings": n, "tool": …, "messages": […]}`) and the HTML."""
    tool = facts.docs
    if not isinstance(tool, Tool):
        session.skip(tool.reason)
    install_tool(session, facts, tool)
    output = prepared(session)
    if output is None:
        return
    warnings = output / "sphinx-warnings.txt"
    command = documentation_command(tool, output, warnings, scratch(session, "docs"))
    done = capture(session, *command, env=dict(tool.env), directory=facts.root / tool.directory)
    show(done.out, done.err)
    messages = [message.replace(f"{facts.root}/", "") for message in warning_messages(_said(done, warnings))]
    strict_no = done.code == 1 and bool(messages)
    if done.code != 0 and not strict_no:
        # It never came to its end, and what it would have warned of is unknown.
        give_up(session, output, tool.name, failure_of(done))
    report = {"warnings": len(messages), "tool": tool.name, "messages": messages}
    (output / "docs.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    worked(output, tool.name)
    session.log(f"{tool.name}: {len(messages)} warning{'' if len(messages) == 1 else 's'}")
    if done.code:
        session.error(f"{tool.name} takes its warnings for errors")


def _said(done: Completed, warnings: Path) -> str:
    """Return the text that holds the warnings: Sphinx's list of them, or else all that was printed."""
    if warnings.exists():
        return plain(warnings.read_text(encoding="utf-8", errors="replace"))
    return done.out + done.err


def failure_of(done: Completed) -> str:
    """Return the line that says why the tool broke off: what it raised, not the advice printed after it."""
    lines = [line.strip() for line in (done.out + "\n" + done.err).splitlines()]
    raised = [line for line in lines if re.match(r"[\w.]+(Error|Exception): ", line)]
    return raised[-1] if raised else done.last_line


def documentation_command(tool: Tool, output: Path, warnings: Path, tmp: Path) -> list[str]:
    """Return the command that builds into `output`; Sphinx also lists its warnings in a file and goes on after them.

    Sphinx warns only while it reads a page, so it has to read all of them again.
    """
    command = [part.replace("{out}", str(output)) for part in tool.command]
    if not any(Path(part).name in {"sphinx-build", "sphinx"} for part in command):
        return command
    doctrees = [] if "-d" in command else ["-d", str(tmp / "doctrees")]
    return [*command, "-E", "--keep-going", "-w", str(warnings), *doctrees]


def warning_messages(text: str) -> list[str]:
    """Return the lines that are warnings or errors of the documentation tool.

    >>> warning_messages("docs/a.rst:3: WARNING: no such label\\nbuild succeeded")
    ['docs/a.rst:3: WARNING: no such label']
    """
    return [line.strip() for line in text.splitlines() if _WARNING.search(line)]
