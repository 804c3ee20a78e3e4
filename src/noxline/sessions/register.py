"""Define the standard stages as ordinary nox sessions: what a noxfile calls."""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.errors import NoxlineError, UsageError, suggest
from noxline.sessions.catalog import (
    NEWEST,
    STANDARD,
    StandardStage,
    required_sessions,
    session_python,
    skip_reason,
)

if TYPE_CHECKING:
    import nox

    from noxline.settings.facts import ProjectFacts

STATE_DIRECTORY = ".noxline"
PYTHONS = "NOXLINE_PYTHONS"
ROOT = "NOXLINE_ROOT"
FACTS = "NOXLINE_FACTS"  # where a run has put what it detected; without it each session detects
BACKEND = "uv|virtualenv"


def register(*, only: Iterable[str] | None = None) -> None:
    """Define the standard sessions in the calling noxfile: all of them, or those named in `only`."""
    wanted = _wanted(only)
    root = _root(_calling_file())
    facts = functools.cache(functools.partial(_detect, root))
    pythons = _pythons(facts)
    for stage in STANDARD:
        if stage.name in wanted:
            _define(stage, facts, pythons, wanted)


def _wanted(only: Iterable[str] | None) -> frozenset[str]:
    known = [stage.name for stage in STANDARD]
    wanted = frozenset(known if only is None else only)
    for name in sorted(wanted.difference(known)):
        raise UsageError(f"no standard stage is called {name!r}", hint=suggest(name, known), place="register(only=…)")
    return wanted


def _calling_file() -> Path:
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    return Path(frame.f_code.co_filename).resolve()


def _root(noxfile: Path) -> Path:
    given = os.environ.get(ROOT)
    if given:
        return Path(given).resolve()
    if noxfile.parent.name != STATE_DIRECTORY:
        return noxfile.parent
    import nox

    # nox would put the environments beside the noxfile, away from those that noxline itself uses.
    nox.options.envdir = str(noxfile.parent / "envs")
    return noxfile.parent.parent


def _detect(root: Path) -> ProjectFacts:
    if given := os.environ.get(FACTS):
        from noxline.settings.handed_facts import loaded

        facts = loaded(Path(given), root)
        if facts is not None:
            return facts
    from noxline.settings.detect.project import detect

    return detect(root)


def _pythons(facts: Callable[[], ProjectFacts]) -> tuple[str, ...]:
    given = os.environ.get(PYTHONS, "")
    if given:
        return tuple(filter(None, map(str.strip, given.split(","))))
    from noxline.nox_bridge.interpreters import find_interpreters

    there = {interpreter.version: interpreter.path for interpreter in find_interpreters(os.environ, None)}
    declared = facts().pythons
    chosen = tuple(v for v in declared if v in there) if declared else tuple(there)[-1:]
    _show_to_nox(there[version] for version in chosen)
    return chosen or declared


def _show_to_nox(interpreters: Iterable[Path]) -> None:
    """Put interpreters on PATH: nox looks nowhere else, and takes a version manager's shim for the real thing."""
    folders = [str(Path(path).parent) for path in interpreters]
    os.environ["PATH"] = os.pathsep.join([*folders, os.environ.get("PATH", "")])


def _define(
    stage: StandardStage, facts: Callable[[], ProjectFacts], pythons: tuple[str, ...], only: frozenset[str]
) -> None:
    import nox

    def run(session: nox.Session) -> None:
        known = facts()
        session.chdir(known.root)
        reason = skip_reason(stage, known)
        if reason:
            session.skip(reason)
        try:
            _runner(stage.name)(session, known)
        except NoxlineError as error:
            session.error(f"{error.message}; {error.hint}" if error.hint else error.message)

    run.__name__ = run.__qualname__ = stage.name
    run.__doc__ = stage.doc
    run.__dict__["noxline_standard"] = stage.name
    single = session_python(stage, pythons, os.environ.get(NEWEST))
    nox.session(
        python=list(pythons) if stage.matrix and pythons else single,
        name=stage.name,
        tags=list(stage.tags),
        requires=list(required_sessions(stage, pythons, only)),
        venv_backend=BACKEND,
        reuse_venv=True,
        download_python="never",
        allow_parallel=not stage.exclusive,
    )(run)


def _runner(name: str) -> Callable[[nox.Session, ProjectFacts], None]:
    runner: Callable[[nox.Session, ProjectFacts], None] = getattr(
        importlib.import_module(f"noxline.sessions.{name}"), f"run_{name}"
    )
    return runner
