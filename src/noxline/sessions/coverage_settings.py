"""The project's own coverage settings, as far as they apply: what is measured is the package's own source."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.errors import ConfigError
from noxline.settings.facts import ProjectFacts

if TYPE_CHECKING:
    from coverage.config import CoverageConfig

# The order in which coverage looks for its settings; in the first two they need no prefix.
_FILES = ((".coveragerc", True), (".coveragerc.toml", True), ("setup.cfg", False), ("tox.ini", False))
_PYPROJECT = ("pyproject.toml", False)
_WARNINGS = ("already-imported", "couldnt-parse", "module-not-imported", "module-not-measured", "no-data-collected")
# Children are measured by the start-up hook already; measuring them twice doubles the work and the files.
_PATCHES_FROM_OUTSIDE = frozenset({"subprocess", "execv", "fork"})
_ENVIRONMENTS = (".noxline", ".nox", ".tox", ".venv", "venv")


def project_settings(root: Path) -> CoverageConfig:
    """Return what the project's own files say to coverage; raise ConfigError for settings it cannot read."""
    from coverage.config import CoverageConfig
    from coverage.exceptions import ConfigError as Unreadable

    for name, own in (*_FILES, _PYPROJECT):
        config = CoverageConfig()
        if not (root / name).is_file():
            continue
        try:
            if config.from_file(str(root / name), lambda _message: None, own):
                return config
        except Unreadable as error:
            raise ConfigError(str(error), place=name, hint="coverage itself cannot read these settings") from error
    return CoverageConfig()


def run_settings(
    facts: ProjectFacts,
    *,
    data_file: str,
    measured_from_outside: bool = False,
    without: Sequence[str] = (),
    traced: bool = False,
) -> str:
    """Return the rcfile for measuring: branches, plugins, concurrency and patches of the project, our own scope.

    `without` are plugins to leave out. `traced`: all of the project's code is seen, its tests as well, by the C tracer;
    what counts as the package's own is told apart when the data is combined.
    """
    config = project_settings(facts.root)
    plugins = _others(config.plugins, without)
    done_outside = _PATCHES_FROM_OUTSIDE if measured_from_outside else ()
    options: dict[str, Sequence[str]] = {
        "data_file": [data_file],
        "parallel": ["true"],
        "branch": ["true" if config.branch else "false"],
        "include": list(measured_patterns(facts)),
        "omit": _absolute(facts.root, [*config.run_omit, *_test_patterns(facts)]),
        "plugins": plugins,
        "concurrency": list(config.concurrency),
        "patch": _others(config.patch, done_outside),
        "core": [config.core] if config.core else [],
        "disable_warnings": [*_WARNINGS, *config.disable_warnings],
    }
    if traced:
        options["include"] = [str(facts.root / "*"), *options["include"]]
        options["omit"] = [str(facts.root / name / "*") for name in _ENVIRONMENTS]
        options["core"] = [config.core or "ctrace"]
    if config.sigterm:
        options["sigterm"] = ["true"]
    return _rcfile({"run": options, **{name: _values(config, name) for name in plugins}})


def _others(names: Sequence[str], left_out: Collection[str]) -> list[str]:
    return [name for name in names if name not in left_out]


def report_options(facts: ProjectFacts) -> dict[str, list[str]]:
    """Return coverage's options for reporting: what the project excludes stays excluded, tests are left out."""
    from coverage.config import DEFAULT_EXCLUDE, DEFAULT_PARTIAL, DEFAULT_PARTIAL_ALWAYS

    config = project_settings(facts.root)
    # coverage adds the "also" lists only while it reads a file, not to what is set by name
    lists = {
        "report:exclude_lines": ([*config.exclude_list, *config.exclude_also], DEFAULT_EXCLUDE),
        "report:partial_branches": ([*config.partial_list, *config.partial_also], DEFAULT_PARTIAL),
        "report:partial_branches_always": (config.partial_always_list, DEFAULT_PARTIAL_ALWAYS),
    }
    options = {name: list(value) for name, (value, default) in lists.items() if value != default}
    omitted = [*config.run_omit, *(config.report_omit or ()), *_test_patterns(facts)]
    return {**options, "report:omit": _absolute(facts.root, omitted)}


def measured_patterns(facts: ProjectFacts) -> tuple[str, ...]:
    """Return patterns of the package's own source, where it lies and where it gets installed to."""
    patterns: list[str] = []
    for source in facts.sources:
        path = facts.root / source
        patterns += [str(path / "*") if path.is_dir() else str(path)]
    for module in facts.modules:
        place = module.replace(".", "/")
        patterns += [f"*/site-packages/{place}/*", f"*/site-packages/{place}.py"]
    return tuple(dict.fromkeys(patterns))


def _test_patterns(facts: ProjectFacts) -> list[str]:
    """Return patterns of tests that lie inside the source; those beside it are not measured in the first place."""
    return [f"{directory.rstrip('/')}/*" for directory in facts.test_dirs if directory not in ("", ".")]


def _absolute(root: Path, patterns: Sequence[str]) -> list[str]:
    """Return patterns that do not depend on the directory that tests run in."""
    return [p if p.startswith(("*", "/", "?", "$", "~")) or ":" in p else str(root / p) for p in patterns]


def _values(config: CoverageConfig, plugin: str) -> Mapping[str, Sequence[str]]:
    return {key: str(value).splitlines() for key, value in config.get_plugin_options(plugin).items()}


def _rcfile(sections: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """Return an INI file; a list is one value a line, and coverage reads a dollar sign as the start of a variable."""
    lines: list[str] = []
    for name, options in sections.items():
        if not options:
            continue
        lines.append(f"[{name}]")
        for key, values in options.items():
            if len(values) == 1 and "\n" not in values[0]:
                lines.append(f"{key} = {_escaped(values[0])}")
            elif values:
                lines += [f"{key} =", *(f"    {_escaped(line)}" for value in values for line in value.splitlines())]
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value if "${NOXLINE_" in value else value.replace("$", "$$")
