"""What each task is, as plain data: the part of its fingerprint that no file of the project decides by its content.

A definition says besides which files, variables and programs count, so that the fingerprint can be made of it without
reading the project again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from noxline.inputs import commit
from noxline.inputs.canonical import digest
from noxline.inputs.defaults import default_patterns
from noxline.model.stage import NotApplicable, SessionInfo, Source, Stage
from noxline.model.task import Task
from noxline.project import Options, Project
from noxline.requests import is_measured
from noxline.sessions.coverage_settings import run_settings
from noxline.settings.facts import ProjectFacts
from noxline.split_records import Suite
from noxline.splits import split_name
from noxline.version import __version__

# Facts that decide what a standard session does, beside the files it reads.
_DETECTED: Mapping[str, tuple[str, ...]] = {
    "tests": ("tests", "installable", "sources", "test_dirs"),
    "benchmarks": ("tests", "benchmarks", "installable"),
    "coverage": ("sources", "test_dirs", "coverage_fail_under"),
    "lint": ("lint",),
    "types": ("types", "installable"),
    "docs": ("docs", "installable"),
    "hooks": ("hooks",),
    "security": ("sources", "test_dirs", "workflows", "tests", "installable"),
    "complexity": ("sources", "test_dirs"),
    "duplication": ("sources", "test_dirs"),
    "build": ("backend", "installable"),
    "sbom": ("name", "installable"),
}
# Variables that the tools of standard sessions take as options; a name that ends with `*` is a beginning.
_COMPILERS = ("CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "CARGO_*", "MATURIN_*", "CYTHON_*")
_BACKENDS = ("SETUPTOOLS_SCM_*", "PBR_*", "HATCH_*", "PDM_BUILD_*", "POETRY_DYNAMIC_*", "SOURCE_DATE_EPOCH")
_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "tests": ("HYPOTHESIS_*", "DJANGO_SETTINGS_MODULE", *_COMPILERS),
    "benchmarks": ("HYPOTHESIS_*", "DJANGO_SETTINGS_MODULE", *_COMPILERS),
    "lint": ("RUFF_*",),
    "types": ("MYPY*", "PYRIGHT_*", "DJANGO_SETTINGS_MODULE"),
    "docs": ("SPHINX*", "MKDOCS_*", "READTHEDOCS*", "SOURCE_DATE_EPOCH", "DJANGO_SETTINGS_MODULE"),
    "hooks": ("SKIP", "PRE_COMMIT_*", "PREK_*"),
    "security": ("TRIVY_*", "PIP_AUDIT_*", "ZIZMOR_*", "NOXLINE_SAFETY_DB"),
    "build": (*_BACKENDS, *_COMPILERS),
    "sbom": (*_BACKENDS, *_COMPILERS),
}
# Programs outside their environments that standard sessions start.
_PROGRAMS: Mapping[str, tuple[str, ...]] = {"hooks": ("git",), "security": ("git", "trivy")}
_FROM_GIT = frozenset({"build", "sbom"})
_TEXTS = ("tox.ini", "noxfile.py", "pytest.ini", ".pytest.ini", "setup.cfg", "Makefile")


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """One task: `content` enters its fingerprint as it is; the others name what is looked at anew each time.

    `installs` is a digest of what decides what the session installs, beside the files that name dependencies. `needs`
    are the tasks of this run whose output it gets. `max_age` is in seconds. `suite` is what a shard is a part of.
    """

    content: Mapping[str, Any]
    patterns: tuple[str, ...]
    installs: str = ""
    outputs: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    reuse: bool = True
    max_age: float | None = None
    exclusive: bool = False
    shard: int = 0
    suite: Suite | None = None


def definitions_of(project: Project, options: Options) -> dict[str, Definition]:
    """Return the definitions of the selected tasks by name."""
    maker = _Maker(project, options)
    return {name: maker.definition(project.graph.tasks[name]) for name in project.selection.tasks}


@dataclass(frozen=True)
class _Maker:
    project: Project
    options: Options

    @cached_property
    def selected(self) -> frozenset[str]:
        return frozenset(self.project.selection.tasks)

    @cached_property
    def sessions(self) -> Mapping[tuple[Source, str], tuple[Stage, SessionInfo]]:
        return {(s.source, s.name): (stage, s) for stage in self.project.pipeline.stages for s in stage.sessions}

    @cached_property
    def mentioned(self) -> str:
        return mentioned_text(self.project.root, self.project.facts)

    @cached_property
    def rcfile(self) -> str:
        text = run_settings(self.project.facts, data_file="", measured_from_outside=True)
        return sha256(text.replace(str(self.project.root), "").encode()).hexdigest()

    def definition(self, task: Task) -> Definition:
        stage, session = self.sessions[task.source, task.session]
        policy = stage.policy
        patterns = (*self._patterns(stage, session), *(f"!{output}" for output in policy.outputs))
        standard = session.standard
        needs = tuple(need for need in task.needs if need in self.selected)
        content = self._content(task, stage, session, patterns)
        number, count = task.shard or (0, 0)
        # The digest of a shard's tests is set once the split is known, which rests on the files as they are then.
        of_shard = {"shard": f"{number}/{count}" if task.shard else "", "tests": ""}
        session_name = split_name(task.name)
        return Definition(
            content={**content, **of_shard},
            patterns=patterns,
            installs=digest(
                {**self._origin(stage, session), "detected": self._installs(session), "name": session.family}
            ),
            outputs=policy.outputs,
            variables=(*policy.env, *_VARIABLES.get(standard, ())),
            programs=_PROGRAMS.get(standard, ()),
            needs=needs,
            reuse=policy.reuse and not self.options.fix,
            max_age=policy.max_age,
            exclusive=policy.exclusive,
            shard=number,
            suite=Suite(session=session_name, count=count, content=digest(content)) if task.shard else None,
        )

    def _content(self, task: Task, stage: Stage, session: SessionInfo, patterns: Sequence[str]) -> dict[str, Any]:
        """Return what is the same for all shards of a session."""
        return {
            "stage": task.stage,
            "session": task.session,
            "python": session.python or "",
            "inputs": list(patterns),
            "outputs": list(stage.policy.outputs),
            "needs order": [need for need in task.needs if need in self.selected],
            "arguments": list(self._arguments(task)),
            **self._origin(stage, session),
            **self._settings(session),
        }

    def _patterns(self, stage: Stage, session: SessionInfo) -> tuple[str, ...]:
        if stage.policy.inputs is not None:
            return stage.policy.inputs
        facts, suite = self.project.facts, self.project.facts.tests
        kind = session.standard or (stage.standard if stage.standard in ("tests", "benchmarks") else "")
        return default_patterns(
            kind,
            sources=facts.sources,
            test_dirs=facts.test_dirs,
            test_paths=() if isinstance(suite, NotApplicable) else (*suite.paths, *suite.files),
            mentioned=self.mentioned if kind in ("tests", "benchmarks") else "",
        )

    def _arguments(self, task: Task) -> tuple[str, ...]:
        names = self.options.names
        meant = not names or any(name in (task.stage, task.name, task.session) for name in names)
        return self.options.posargs if meant else ()

    def _installs(self, session: SessionInfo) -> str:
        return _detected_installs(self.project.facts, session.standard) if session.standard else session.name

    def _settings(self, session: SessionInfo) -> dict[str, str]:
        """Return what a standard session reads of noxline's settings and of coverage's, wherever they stand."""
        settings = self.project.settings
        if session.standard == "tests":
            quarantined = [(entry.test, str(entry.expires)) for entry in settings.gates.quarantine]
            tests = settings.pipeline.tests
            retry_time = None if tests.retry_time is None else float(tests.retry_time)
            return {"settings": digest([tests.retries, retry_time, quarantined]), "measured": self.rcfile}
        return {"measured": self.rcfile} if session.standard == "coverage" else {}

    def _origin(self, stage: Stage, session: SessionInfo) -> dict[str, Any]:
        """Return where the session comes from: noxline's version and what was detected, or the noxfile's sources."""
        facts = self.project.facts
        known: dict[str, Any] = {}
        if session.source is Source.PROJECT:
            known["source"] = dict(self.project.noxfile_sources)
            known["noxfile variables"] = dict(self.project.noxfile_variables)
            known["measured"] = self.rcfile if is_measured(stage, session) else ""
        if session.standard:
            known["noxline"] = noxline_version()
            known["detected"] = _detected(facts, session.standard)
        if session.standard in _FROM_GIT and facts.version_from_git:
            known["version"] = commit.version_source(str(self.project.root))
        return known


def _detected_installs(facts: ProjectFacts, standard: str) -> str:
    """Return a digest of the facts that decide what a standard session installs: which tests there are is none."""
    known = _without_places({name: getattr(facts, name) for name in _DETECTED.get(standard, ())})
    suite = known.get("tests")
    if isinstance(suite, dict):
        known["tests"] = {name: value for name, value in suite.items() if name not in ("files", "paths")}
    return digest(repr(known).replace(str(facts.root), ""))


def _detected(facts: ProjectFacts, standard: str) -> str:
    """Return a digest of the facts that decide what a session does; their places in files do not matter."""
    known = {name: repr(_without_places(getattr(facts, name))) for name in _DETECTED.get(standard, ())}
    return digest({name: text.replace(str(facts.root), "") for name, text in known.items()})


def _without_places(value: Any) -> Any:
    """Return facts as plain data without the lines that they were read from."""
    if isinstance(value, tuple | list):
        return [_without_places(part) for part in value]
    if isinstance(value, dict):
        return {name: _without_places(part) for name, part in value.items()}
    fields = getattr(type(value), "__dataclass_fields__", None)
    if fields is None:
        return value
    if type(value).__name__ == "Origin":
        return value.file
    return {name: _without_places(getattr(value, name)) for name in fields}


def mentioned_text(root: Path, facts: ProjectFacts) -> str:
    """Return the text of whatever may name further inputs of the tests: settings, tests, and files beside them."""
    suite = facts.tests
    files = [root / name for name in _TEXTS]
    if not isinstance(suite, NotApplicable):
        files += [root / name for name in suite.files]
    files += [path for folder in facts.test_dirs for path in sorted((root / folder).rglob("conftest.py"))]
    commands = "" if isinstance(suite, NotApplicable) else repr([command.argv for command in suite.commands])
    return "\n".join([commands, _pytest_table(root), *map(_text, dict.fromkeys(files))])


def _pytest_table(root: Path) -> str:
    """Return the part of pyproject.toml that speaks of tests; its metadata names the README of every project."""
    from noxline.settings.locate import parse_toml

    text = _text(root / "pyproject.toml")
    tool = parse_toml(text, "pyproject.toml").get("tool", {}) if text else {}
    return repr({name: tool[name] for name in ("pytest", "tox", "hatch", "pdm", "poe") if name in tool})


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # it is not there: then it names nothing


@cache
def noxline_version() -> str:
    """Return the version of noxline; of a working copy with a digest of its source, which changes without it."""
    package = Path(__file__).parent
    if any(part in ("site-packages", "dist-packages") for part in package.parts):
        return __version__
    whole = sha256()
    for path in sorted(package.rglob("*.py")):
        whole.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    return f"{__version__}+{whole.hexdigest()[:12]}"


def platform_name() -> str:
    """Return the name of the platform that noxline itself runs on."""
    return f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]} {sys.platform}"


def names_of(definitions: Iterable[Definition]) -> frozenset[str]:
    """Return the variables that any of these definitions declares."""
    return frozenset(name for definition in definitions for name in definition.variables)
