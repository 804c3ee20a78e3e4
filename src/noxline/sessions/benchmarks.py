"""The standard stage `benchmarks`: the project's own benchmarks, with pytest-benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noxline.sessions.command import stream
from noxline.sessions.requirements import PYTEST_BENCHMARK
from noxline.sessions.tools import give_up, prepared, worked
from noxline.settings.facts import ProjectFacts, TestSuite, Tool

if TYPE_CHECKING:
    import nox


def run_benchmarks(session: nox.Session, facts: ProjectFacts) -> None:
    """Write `benchmark.json`, pytest-benchmark's own report."""
    tool = facts.benchmarks
    if not isinstance(tool, Tool):
        session.skip(tool.reason)
    _install(session, facts, tool)
    output = prepared(session)
    if output is None:
        return
    report = output / "benchmark.json"
    options = ("--benchmark-only", f"--benchmark-json={report}", "-p", "no:cacheprovider")
    code = stream(session, *tool.command, *options, env=dict(tool.env), directory=facts.root / tool.directory)
    if not report.exists() or not report.stat().st_size:
        give_up(session, output, "pytest-benchmark", f"it measured nothing (exit code {code})")
    worked(output, "pytest-benchmark")
    if code:
        session.error(f"the benchmarks ended with exit code {code}")


def _install(session: nox.Session, facts: ProjectFacts, tool: Tool) -> None:
    from noxline.sessions.install import Wanted, install_first, project_forms

    suite = facts.tests if isinstance(facts.tests, TestSuite) else None
    extras = tool.extras or (suite.extras if suite else ())
    # Benchmarks import what the tests import; the tool's own requirements come on top.
    sources = [(*source, *tool.installs) for source in (suite.sources if suite else ())]
    wanted = Wanted(project=project_forms(extras) if facts.installable else (), also=(PYTEST_BENCHMARK,))
    install_first(session, [*sources, tool.installs], wanted=wanted, root=facts.root)
