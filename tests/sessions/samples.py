"""Facts of made-up projects, and a nox session that starts nothing."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

from noxline.model.stage import NotApplicable
from noxline.settings.facts import Origin, ProjectFacts, Runner, TestCommand, TestSuite, Tool

NOTHING = NotApplicable(reason="nothing here")


def tool(name: str, *command: str, **changes: Any) -> Tool:
    given = {
        "name": name,
        "command": command or (name,),
        "installs": (),
        "origin": Origin(file="pyproject.toml", line=1),
    }
    return Tool(**{**given, **changes})


def suite() -> TestSuite:
    command = TestCommand(argv=("pytest",), runner=Runner.PYTEST, origin=Origin(file="pyproject.toml"))
    return TestSuite(commands=(command,), sources=())


def facts(root: Path, **changes: Any) -> ProjectFacts:
    given: dict[str, Any] = {
        "root": root,
        "name": "demo",
        "installable": True,
        "backend": "hatchling.build",
        "layout": "src",
        "sources": ("src/demo",),
        "modules": ("demo",),
        "test_dirs": (),
        "requires_python": "",
        "pythons": (),
        "tests": suite(),
        "lint": NOTHING,
        "types": NOTHING,
        "docs": NOTHING,
        "hooks": NOTHING,
        "benchmarks": NOTHING,
        "workflows": False,
    }
    return ProjectFacts(**{**given, **changes})


class EndedError(Exception):
    """The session said no."""


class SkippedError(Exception):
    """The session has nothing to do."""


@dataclass
class Answer:
    """What a command of the fake answers; `files` are written before."""

    code: int = 0
    out: str = ""
    err: str = ""
    files: dict[Path, str] = field(default_factory=dict)


@dataclass
class FakeSession:
    """Answers each command by the first of its answers whose name is in the command line."""

    answers: dict[str, Answer] = field(default_factory=dict)
    bin: str = "/nowhere/bin"
    posargs: tuple[str, ...] = ()
    install_only: bool = False
    ran: list[tuple[str, ...]] = field(default_factory=list)
    installed: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    name: str = "session"

    @property
    def _runner(self) -> Any:
        return SimpleNamespace(global_config=SimpleNamespace(install_only=self.install_only))

    def install(self, *args: str, **_: Any) -> None:
        self.installed += args

    def log(self, line: str) -> None:
        self.lines.append(line)

    def error(self, reason: str) -> None:
        raise EndedError(reason)

    def skip(self, reason: str) -> None:
        raise SkippedError(reason)

    @contextmanager
    def chdir(self, _: object) -> Iterator[None]:
        yield

    def run(
        self,
        *argv: str,
        success_codes: Container[int],
        stdout: IO[str] | None = None,
        stderr: IO[str] | int | None = None,
        **_: Any,
    ) -> bool:
        self.ran.append(argv)
        answer = next((a for name, a in self.answers.items() if name in " ".join(argv)), Answer())
        for path, text in answer.files.items():
            path.write_text(text, encoding="utf-8")
        if stdout is not None:
            stdout.write(answer.out)
        if stderr is not None and not isinstance(stderr, int):
            stderr.write(answer.err)
        assert answer.code in success_codes
        return True
