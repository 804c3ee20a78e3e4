"""Put the test suite together: command, sources in order, environment and files."""

from __future__ import annotations

from dataclasses import replace

from noxline.model.stage import NotApplicable
from noxline.settings.detect.command_line import positional
from noxline.settings.detect.groups import hatch_groups
from noxline.settings.detect.guessed_run import guessed_run
from noxline.settings.detect.imported import imported_requirements, optional_requirements, suite_modules
from noxline.settings.detect.layout import Layout
from noxline.settings.detect.lock_sources import lock_sources
from noxline.settings.detect.metadata import Metadata
from noxline.settings.detect.pytest_settings import PytestSettings, needed_plugins
from noxline.settings.detect.requirements import canonical, distributions, loosen
from noxline.settings.detect.sources import Source, args_step, declared_sources, group_source, tox_source
from noxline.settings.detect.suite_run import TestRun, declared_run
from noxline.settings.detect.survey import Survey
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Install, Origin, Runner, TestSuite

# The runner of noxline measures coverage by itself; these would start a second measurement or move its data.
OWN_VARIABLES = ("COVERAGE_", "COV_CORE_")
NO_BACKEND_HOOK = ("mesonpy",)


def find_suite(known: Survey) -> tuple[TestSuite | NotApplicable, TestRun | None]:
    """Return the test suite, and the run it was made from."""
    tree = known.tree
    declared = declared_sources(tree, known.metadata)
    has_pytest = any("pytest" in distributions(source.requirements) for source in declared)
    run = declared_run(tree, known.tox) or guessed_run(tree, known.pytest, known.test_files, has_pytest=has_pytest)
    if run is None or not has_something_to_run(known, run):
        return NotApplicable(reason="no tests found"), None
    return make_suite(known, run, order_sources(known, run, declared)), run


def make_suite(known: Survey, run: TestRun, ordered: list[Source]) -> TestSuite:
    """Return the suite of a run, with the sources of what it needs in order."""
    tree, metadata, pytest = known.tree, known.metadata, known.pytest
    return TestSuite(
        commands=run.commands,
        sources=alternatives(known, run, ordered),
        extras=ordered[0].extras,
        env=tuple((k, v) for k, v in run.env.items() if not k.startswith(OWN_VARIABLES) and k != "PATH"),
        directory=run.directory,
        paths=suite_paths(tree, run, pytest),
        files=known.test_files,
        no_cov=pytest.uses_cov and needs_pytest(run),
        install_project=metadata.installable,
        editable=is_editable(tree, metadata),
        parallel="pytest-xdist" in needed_plugins(pytest_options(known, run)),
    )


def pytest_options(known: Survey, run: TestRun) -> tuple[str, ...]:
    """Return the options that pytest gets, from its settings, the environment and the commands."""
    given = tuple(word for command in run.commands for word in command.argv)
    return (*known.pytest.addopts, *run.env.get("PYTEST_ADDOPTS", "").split(), *given)


def has_something_to_run(known: Survey, run: TestRun) -> bool:
    """Tell whether there is any test: a source archive may come without the tests that its tox.ini speaks of."""
    if known.test_files or any(command.runner is Runner.SCRIPT for command in run.commands):
        return True
    options = (*known.pytest.addopts, *(word for command in run.commands for word in command.argv))
    return any(word.startswith("--doctest") for word in options)


def order_sources(known: Survey, run: TestRun, declared: list[Source]) -> list[Source]:
    """Return the sources, that of the tool which declares the command first; never none."""
    own = own_source(known, run)
    found = [own, *(source for source in declared if source != own)] if own else declared
    return found or imported_sources(known, run)


def own_source(known: Survey, run: TestRun) -> Source | None:
    """Return what the tool declares that also declares the command."""
    env = run.tox_env
    if env and (env.declares or (env.needs_nothing and not needs_pytest(run))):
        return tox_source(known.tree, known.metadata, env)
    if run.tool == "hatch":
        wanted = canonical("test" if run.group == "hatch-test" else run.group)
        return group_source(hatch_groups(known.tree).get(wanted), "hatch")
    return None


def imported_sources(known: Survey, run: TestRun) -> list[Source]:
    """Return what the tests import, for a project that declares nothing; first with the extras that are imported."""
    modules = suite_modules(known)
    origin, plain = run.commands[0].origin, imported_requirements(known, modules)
    lists = dict.fromkeys([tuple(dict.fromkeys((*plain, *optional_requirements(known, modules)))), plain])
    return [Source(kind="imports", steps=args_step(r, origin), requirements=r, origin=origin) for r in lists]


def needs_pytest(run: TestRun) -> bool:
    """Tell whether a command of the run is pytest's."""
    return any(command.runner is Runner.PYTEST for command in run.commands)


def alternatives(known: Survey, run: TestRun, ordered: list[Source]) -> tuple[tuple[Install, ...], ...]:
    """Return the lists of steps, best first: locks, what is declared, and last the loosest."""
    best = ordered[0]
    if best.kind == "tox" and best.is_empty:
        return (project_steps(known.tree, known.metadata, known.layout) + completed(best, best, run, known.pytest),)
    # An alternative stands by itself: the extras of the best source are installed with each of them.
    others = [replace(s, steps=s.steps + extra_steps(s, known.metadata)) for s in ordered[1:3]]
    loosest = loosen(best.requirements) if best.kind != "imports" else ()
    last = Source(kind="loose", steps=args_step(loosest, best.origin), requirements=loosest, origin=best.origin)
    wanted = [*lock_sources(known, ordered), best, *others, last]
    before = project_steps(known.tree, known.metadata, known.layout)
    complete = [before_if_needed(before, source) + completed(source, best, run, known.pytest) for source in wanted]
    return tuple({tuple((step.kind, step.args) for step in steps): steps for steps in reversed(complete)}.values())[
        ::-1
    ]


def extra_steps(source: Source, metadata: Metadata) -> tuple[Install, ...]:
    """Return extras spelled out as requirements."""
    return tuple(step for name in source.extras for step in args_step(metadata.extra_requirements(name), source.origin))


def before_if_needed(before: tuple[Install, ...], source: Source) -> tuple[Install, ...]:
    """Return the project's own steps, unless a lock brings them."""
    return () if source.kind == "lock" else before


def project_steps(tree: Tree, metadata: Metadata, layout: Layout) -> tuple[Install, ...]:
    """Return the steps that installing the project does not do: workspace members, or all of its dependencies."""
    members = tuple(word for member in layout.members for word in ("-e", member))
    steps = args_step(members, tree.pyproject.origin("tool", "uv", "workspace", "members"))
    if metadata.installable:
        return steps
    if metadata.dependencies:
        return steps + args_step(metadata.dependencies, tree.pyproject.origin("project", "dependencies"))
    file = "requirements.txt"
    return steps + (args_step(("-r", file), Origin(file=file, line=1)) if tree.has(file) else ())


def completed(source: Source, best: Source, run: TestRun, pytest: PytestSettings) -> tuple[Install, ...]:
    """Add the runner and the plug-ins that options name, where the source brings none of them."""
    steps = source.steps
    known = distributions(source.requirements + best.requirements if best.extras else source.requirements)
    if needs_pytest(run):
        options = tuple(word for command in run.commands for word in command.argv)
        options += tuple(run.env.get("PYTEST_ADDOPTS", "").split())
        needed = {"pytest": run.commands[0].origin}
        needed |= dict.fromkeys(needed_plugins(options), run.commands[0].origin)
        place = pytest.addopts_origin or pytest.origin or run.commands[0].origin
        needed |= dict.fromkeys(needed_plugins(pytest.addopts) + pytest.required_plugins, place)
        for name, origin in needed.items():
            steps += args_step((name,), origin) if canonical(name) not in known else ()
    return steps


def suite_paths(tree: Tree, run: TestRun, pytest: PytestSettings) -> tuple[str, ...]:
    """Return the paths that the command names, else those that pytest is configured with."""
    prefix = f"{run.directory}/" if run.directory else ""
    paths = [prefix + word for word in named_paths(run) if word not in (".", "")]
    named = [path.rstrip("/") for path in paths if (tree.root / path).exists()]
    return tuple(dict.fromkeys(named)) or pytest.testpaths


def named_paths(run: TestRun) -> list[str]:
    """Return the words of the commands of pytest and unittest that may be paths, without the names of single tests."""
    commands = [command for command in run.commands if command.runner is not Runner.SCRIPT]
    return [word.partition("::")[0] for command in commands for word in positional(command.argv)]


def is_editable(tree: Tree, metadata: Metadata) -> bool:
    """Tell whether the backend can install the project in place."""
    if metadata.backend in NO_BACKEND_HOOK:
        return False
    module = metadata.backend.split(":")[0].replace(".", "/")
    own = [f"{folder.rstrip('/')}/{module}.py".removeprefix("./") for folder in metadata.backend_path]
    text = "".join(tree.text(name) for name in own)
    return not text or "build_editable" in text or "import *" in text
