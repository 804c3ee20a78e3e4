"""Install a project and its dependencies from the best of the places that declare them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.sessions.command import plain, scratch
from noxline.settings.facts import Install, ProjectFacts

if TYPE_CHECKING:
    import nox

_STAMP = ".noxline-source"
_REASON = re.compile(r"╰─▶|cause:")  # of older and of newer releases of uv
_PIN = re.compile(r"\b([A-Za-z0-9][A-Za-z0-9._-]*)\s*==\s*([A-Za-z0-9][A-Za-z0-9.!+_-]*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What goes into an environment together with one of several sources of dependencies.

    `project` are the ways to install the project itself, best first; empty when it is not installed. `also` are
    requirements that noxline adds.
    """

    project: tuple[tuple[str, ...], ...] = ()
    also: tuple[str, ...] = ()


def project_forms(extras: Sequence[str] = (), *, editable: bool = True) -> tuple[tuple[str, ...], ...]:
    """Return the ways to install the project: editable, and as a copy for backends that cannot do that (PEP 660)."""
    target = f".[{','.join(extras)}]" if extras else "."
    return (("-e", target), (target,)) if editable else ((target,),)


def install_project(
    session: nox.Session, facts: ProjectFacts, *, extras: Sequence[str] = (), editable: bool = True
) -> None:
    """Install the project itself, editable where its build backend can."""
    install_first(session, ((),), wanted=Wanted(project=project_forms(extras, editable=editable)), root=facts.root)


def install_first(
    session: nox.Session,
    sources: Sequence[Sequence[Install]],
    *,
    wanted: Wanted | None = None,
    root: Path | None = None,
) -> None:
    """Install the first source that can be satisfied, with the project in one resolution; say which were passed over.

    Each failed source costs one line of output. The session fails when none is left.
    """
    what = wanted or Wanted()
    alternatives = list(sources) or [()]
    for number, steps in enumerate(alternatives):
        problem = _install_one(session, steps, what, root or Path.cwd())
        if not problem:
            return
        name = _describe(steps, problem) or "the project"
        if number + 1 == len(alternatives):
            print(problem.rstrip(), flush=True)
            session.error(f"{name} cannot be installed: {_first_error(problem)}")
        following = _following(steps, alternatives[number + 1])
        print(f"noxline: {name} cannot be satisfied: {_first_error(problem)}; taking {following}", flush=True)


def _following(steps: Sequence[Install], others: Sequence[Install]) -> str:
    """Return in words what is taken instead of these steps."""
    following = _describe(others, "") or "the project's own requirements alone"
    return "the same names without their versions" if following == _describe(steps, "") else following


def _install_one(session: nox.Session, steps: Sequence[Install], wanted: Wanted, root: Path) -> str:
    """Install one source in each form of the project until one works; return the last form's error, or nothing."""
    arguments: list[str] = []
    for number, step in enumerate(steps):
        added, problem = _arguments(session, step, number)
        if problem:
            return problem
        arguments += added
    problem = ""
    for form in wanted.project or ((),):
        everything = [*form, *arguments, *wanted.also]
        if not everything:
            return ""
        if form and form[0] != "-e":
            _notice_changes(session, root)
        problem = _attempt(session, everything)
        if not problem:
            return ""
    return problem


def _arguments(session: nox.Session, step: Install, number: int) -> tuple[list[str], str]:
    """Return what to give to the installer for one step, or why that cannot be had."""
    if step.kind == "args":
        return list(step.args), ""
    place = scratch(session, f"requirements-{number}.txt")
    if step.kind == "pins":
        place.write_text("\n".join(step.args) + "\n", encoding="utf-8")
        return ["-r", str(place)], ""
    python = str(Path(session.bin) / "python")
    options = ("--frozen", "--no-emit-project", "--no-hashes", "--no-header", "--quiet", "--python", python)
    return ["-r", str(place)], _attempt(session, ["uv", "export", *options, "-o", str(place), *step.args], run=True)


def _attempt(session: nox.Session, arguments: Sequence[str], *, run: bool = False) -> str:
    """Install, or run a command of the installation; return what it said when it failed, and nothing when not."""
    from nox.command import CommandFailed

    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        try:
            if run:
                session.run_install(*arguments, external=True, stdout=said)
            else:
                session.install(*arguments, silent=False, stdout=said)
        except CommandFailed as error:
            return _text(said) or str(error.reason)
        print(_text(said), end="", flush=True)
    return ""


def _text(file: object) -> str:
    file.seek(0)  # type: ignore[attr-defined]
    return plain(file.read())  # type: ignore[attr-defined]


def _notice_changes(session: nox.Session, root: Path) -> None:
    """Have a copy of the project built anew when its files changed: the installer goes by build files alone."""
    from noxline.nox_bridge.environments import make_rebuildable, source_stamp

    stamp = Path(session.bin).parent / _STAMP
    now = source_stamp(root)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != now:
        make_rebuildable({root}, root)
        stamp.write_text(now, encoding="utf-8")


def _first_error(problem: str) -> str:
    """Return the line of an installer's output that says what is wrong; of a chain of causes the first and the last."""
    lines = list(filter(None, map(str.strip, problem.splitlines())))
    errors = [line.removeprefix("error:").strip() for line in lines if line.lower().startswith(("error", "\u00d7"))]
    return _causes(lines) or (errors or lines or ["unknown reason"])[0]


def _causes(lines: Sequence[str]) -> str:
    """Return the first and the last link of the first chain of causes; empty when there is none."""
    chain = takewhile(_REASON.match, dropwhile(lambda line: not _REASON.match(line), lines))
    causes = [_REASON.sub("", line, count=1).strip() for line in chain]
    return ": ".join(dict.fromkeys((*causes[:1], *causes[-1:])))


def _describe(steps: Sequence[Install], problem: str) -> str:
    """Return where the steps were read from, and the pin that the problem names."""
    origins = list(dict.fromkeys(str(step.origin) for step in steps))
    pin = next(_named_pins(steps, problem), "")
    return ", ".join(origins) + (f" ({pin})" if pin else "")


def _named_pins(steps: Sequence[Install], problem: str) -> Iterator[str]:
    """Yield each exact requirement that the problem names, with its file and line."""
    named = {(name.lower().replace("_", "-"), version) for name, version in _PIN.findall(problem)}
    for file in filter(Path.is_file, _requirement_files(steps)):
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            found = _PIN.match(line.strip())
            if found and (found[1].lower().replace("_", "-"), found[2]) in named:
                yield f"{file.name}:{number} {found[0]}"


def _requirement_files(steps: Sequence[Install]) -> Iterator[Path]:
    """Yield the files that steps name with `-r`."""
    for step in steps:
        for flag, after in zip(step.args, step.args[1:], strict=False):
            if flag == "-r":
                yield Path(after)
