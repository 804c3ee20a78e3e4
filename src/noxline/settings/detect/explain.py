"""Say in rows what was detected and where it was read, for `noxline plan`."""

from __future__ import annotations

from collections.abc import Iterator

from noxline.model.stage import NotApplicable
from noxline.settings.facts import Install, ProjectFacts, TestSuite, Tool

Row = tuple[str, str, str]


def explain(facts: ProjectFacts) -> tuple[Row, ...]:
    """Return rows of what, value and origin."""
    rows = [*project_rows(facts), *suite_rows(facts.tests)]
    if facts.coverage_fail_under:
        value, origin = facts.coverage_fail_under
        rows.append(("coverage bound", f">= {value:g} %", str(origin)))
    types = (facts.types,) if isinstance(facts.types, NotApplicable) else facts.types
    tools = [("lint", facts.lint), *(("types", tool) for tool in types), ("docs", facts.docs)]
    tools += [("hooks", facts.hooks), ("benchmarks", facts.benchmarks)]
    rows += [row for what, tool in tools for row in tool_rows(what, tool)]
    rows.append(("workflows", ".github/workflows" if facts.workflows else "none", ""))
    rows += [("note", note, "") for note in facts.notes]
    return tuple(rows)


def project_rows(facts: ProjectFacts) -> Iterator[Row]:
    """Yield the rows of the project itself."""
    places = {what: str(origin) for what, origin in facts.origins}
    yield "project", facts.name, places.get("name", "")
    yield "backend", facts.backend if facts.installable else "not installable", places.get("backend", "")
    yield "sources", f"{', '.join(facts.sources) or 'none'} ({facts.layout})", places.get("sources", "")
    yield "test folders", ", ".join(facts.test_dirs) or "none", ""
    yield "pythons", ", ".join(facts.pythons) or "none declared", places.get("pythons", "")


def suite_rows(tests: TestSuite | NotApplicable) -> Iterator[Row]:
    """Yield the rows of the test suite."""
    if isinstance(tests, NotApplicable):
        yield "tests", tests.reason, ""
        return
    for command in tests.commands:
        yield "tests", " ".join(command.argv), str(command.origin)
    if tests.directory:
        yield "tests run in", tests.directory, str(tests.commands[0].origin)
    for name, value in tests.env:
        yield "tests variable", f"{name}={value}", str(tests.commands[0].origin)
    if tests.extras:
        yield "tests extras", ", ".join(tests.extras), ""
    for number, source in enumerate(tests.sources, 1):
        yield from source_rows("tests need" if number == 1 else f"or else ({number})", source)
    yield "test files", f"{len(tests.files)} on disk", ""


def source_rows(what: str, source: tuple[Install, ...]) -> Iterator[Row]:
    """Yield the rows of one way to install what the tests need."""
    for step in source:
        yield what, describe(step), str(step.origin)
    if not source:
        yield what, "nothing", ""


def describe(step: Install) -> str:
    """Return an install step in a few words."""
    match step.kind:
        case "uv-lock":
            return f"locked by uv: {' '.join(step.args)}"
        case "pins":
            return f"{len(step.args)} locked packages"
        case "args":
            shown = " ".join(step.args[:8])
            return shown if len(step.args) <= 8 else f"{shown} and {len(step.args) - 8} more"


def tool_rows(what: str, tool: Tool | NotApplicable) -> Iterator[Row]:
    """Yield the rows of one tool."""
    if isinstance(tool, NotApplicable):
        yield what, tool.reason, ""
        return
    yield what, " ".join(tool.command), str(tool.origin)
    for step in tool.installs:
        yield f"{what} need", describe(step), str(step.origin)
    if tool.extras:
        yield f"{what} extras", ", ".join(tool.extras), ""
