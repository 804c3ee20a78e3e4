"""Install the tools that a project configures, and ready the sessions that run them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.model.metric import ToolReport
from noxline.sessions.command import installing_only
from noxline.sessions.gate import pass_gate
from noxline.sessions.output import OUTPUT, output_directory, write_tools
from noxline.sessions.requirements import BY_TOOL
from noxline.settings.facts import Install, Origin, ProjectFacts, Tool

if TYPE_CHECKING:
    from typing import NoReturn

    import nox


def install_tool(session: nox.Session, facts: ProjectFacts, tool: Tool) -> None:
    """Install a tool in the version that the project pins; where it pins none that can be had, the current one."""
    from noxline.sessions.install import Wanted, install_first, project_forms

    requirement = BY_TOOL.get(tool.name, tool.name)
    current = (Install(kind="args", args=(requirement,), origin=Origin(file="noxline", key="sessions.requirements")),)
    forms = project_forms(tool.extras) if tool.needs_project and facts.installable else ()
    sources = [steps for steps in (tool.installs, *tool.others, current) if steps]
    install_first(session, sources, wanted=Wanted(project=forms), root=facts.root)
    if not shutil.which(tool.command[0], path=session.bin):
        session.install(requirement)


def prepared(session: nox.Session) -> Path | None:
    """Return the output directory, empty, once everything is installed; None while nox only installs.

    Under noxline this is also where the session waits until there are CPUs for its own work.
    """
    if installing_only(session):
        return None
    pass_gate(session)
    output = output_directory(session)
    if OUTPUT not in os.environ:
        # With plain nox the reports of the last time are still there; one that fails now must not look like a success.
        shutil.rmtree(output)
        output.mkdir()
    return output


def give_up(session: nox.Session, output: Path, tool: str, reason: str) -> NoReturn:
    """End the session as failed because its only tool could not work."""
    write_tools(output, [ToolReport(tool=tool, status="unavailable", reason=reason)])
    session.error(f"{tool} could not run: {reason}")


def worked(output: Path, *tools: str) -> None:
    """Say that these tools did their work."""
    write_tools(output, [ToolReport(tool=tool, status="worked") for tool in tools])
