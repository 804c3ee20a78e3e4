"""Run one tool in a session's environment and look at its exit code, which nox by itself only judges."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import nox

SHOWN_ARGUMENTS = 14
NOT_STARTED = 127  # what a shell says of a program that it cannot start
# Some tools colour what they print, or move the cursor, whatever the environment says.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        """Return the last line that says something, from the errors if there are any."""
        for text in (self.err, self.out):
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            if lines:
                return lines[-1]
        return f"exit code {self.code}"


class _AnyCode:
    """Stands for the accepted exit codes of a nox command: accepts all, and remembers which one came."""

    def __init__(self) -> None:
        self.code = 0

    def __contains__(self, code: int) -> bool:
        self.code = code
        return True

    def __iter__(self) -> Iterator[int]:
        return iter(range(256))


def installing_only(session: nox.Session) -> bool:
    """Tell whether nox only brings the environment up to date (`--install-only`)."""
    # nox has no public name for it; `session.run` alone cannot tell, it just returns None.
    return bool(session._runner.global_config.install_only)


def scratch(session: nox.Session, name: str) -> Path:
    """Return a place below the session's environment for files that nobody reads later; it may hold old ones."""
    # Not `session.create_tmp()`: that depends on the current folder and changes TMPDIR for every command.
    place = Path(session.bin).resolve().parent / "tmp" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def capture(
    session: nox.Session,
    *argv: str,
    env: Mapping[str, str | None] | None = None,
    directory: Path | None = None,
    echo: bool = True,
) -> Completed:
    """Run a command quietly and return how it ended and what it said; one that cannot be started ends with 127.

    Without `echo` the log does not show the command: one of many, which would hide what came before.
    """
    from nox.command import CommandFailed

    with _text_file() as out, _text_file() as err:
        try:
            code = _run(session, argv, env, directory, streams=(out, err), echo=echo)
        except (OSError, CommandFailed) as error:
            # Every exit code is accepted, so nox raises only where there is no such program.
            return Completed(code=NOT_STARTED, out="", err=f"{argv[0]} cannot be started: {error}")
        return Completed(code=code, out=_read(out), err=_read(err))


def stream(
    session: nox.Session, *argv: str, env: Mapping[str, str | None] | None = None, directory: Path | None = None
) -> int:
    """Run a command that prints for the user, and return its exit code."""
    return _run(session, argv, env, directory)


def show(*texts: str) -> None:
    """Print what a captured command said, in order with what later commands print by themselves."""
    for text in filter(None, texts):
        print(*(line.rstrip() for line in text.splitlines()), sep="\n", flush=True)


def plain(text: str) -> str:
    """Return a text without colours and movements of the cursor."""
    return _ESCAPES.sub("", text)


def _run(
    session: nox.Session,
    argv: tuple[str, ...],
    env: Mapping[str, str | None] | None,
    directory: Path | None,
    *,
    streams: tuple[IO[str] | None, IO[str] | int] = (None, subprocess.STDOUT),
    echo: bool = True,
) -> int:
    codes = _AnyCode()
    short = len(argv) <= SHOWN_ARGUMENTS
    if echo and not short:
        session.log(f"{' '.join(argv[:SHOWN_ARGUMENTS])} … ({len(argv) - SHOWN_ARGUMENTS} more arguments)")
    elsewhere = directory is not None and directory.resolve() != Path.cwd()
    with session.chdir(directory) if directory and elsewhere else nullcontext():
        session.run(
            *argv,
            env=dict(env or {}),
            success_codes=codes,
            external=True,
            log=echo and short,
            stdout=streams[0],
            stderr=streams[1],
        )
    return codes.code


def _text_file() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _read(file: IO[str]) -> str:
    file.seek(0)
    return plain(file.read())
