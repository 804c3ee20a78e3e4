"""The entry of the command line, and the only place that turns an error into an exit.

A run that can be replayed pays for every import here, so each stands in the function that needs it.
"""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType
    from typing import NoReturn

    from noxline.errors import ExitCode, MachineError, NoxlineError, UsageError

# What the machine refuses is the user's to mend, wherever it is met: space, rights, a read-only disk.
_REFUSALS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})


def main() -> NoReturn:
    """Run noxline with the arguments of this process, and exit with its documented code."""
    _replace_closed_streams()
    arguments = sys.argv[1:]
    if arguments == ["--version"]:  # answered without click, which alone costs most of the time allowed for it
        from noxline.version import __version__

        sys.exit(_flushed(0, f"noxline {__version__}\n"))
    if arguments[:1] in (["ci"], ["plan"]):
        code = _replayed(arguments)
        if code is not None:
            sys.exit(_flushed(code))
    _take_signals()
    sys.exit(_flushed(_run(arguments)))


def _replayed(arguments: Sequence[str]) -> int | None:
    from noxline.warm.replay import replay

    try:
        return replay(arguments)
    except KeyboardInterrupt:
        return _stopped(arguments)


def _replace_closed_streams() -> None:
    """Open the null device where the caller closed a standard stream: no other file may get its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, number)
            if null != number:
                os.close(null)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))


def _take_signals() -> None:
    """Let every polite signal end the run as Ctrl-C does, but for a hang-up that the caller has us ignore (nohup)."""
    import signal

    signal.signal(signal.SIGTERM, _interrupt)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(arguments: Sequence[str]) -> int:
    try:
        _refuse_lost_folder()
        from noxline.cli.group import cli

        return int(cli.main(args=list(arguments) or ["--help"], prog_name="noxline", standalone_mode=False) or 0)
    except KeyboardInterrupt:
        return _stopped(arguments)
    except Exception as error:  # noqa: BLE001 - the last net: a bug of ours becomes exit code 5 and a saved traceback
        return _failed(error, arguments)


def _refuse_lost_folder() -> None:
    try:
        os.getcwd()  # noqa: PTH109 - pathlib is loaded by whatever needs it
    except FileNotFoundError:
        from noxline.errors import MachineError

        raise MachineError("the folder that noxline was started in is gone", hint="cd to the project") from None


def _failed(error: Exception, arguments: Sequence[str]) -> int:
    """Tell the user of an error, and return its exit code."""
    import click

    from noxline.errors import ExitCode, NoxlineError

    if isinstance(error, NoxlineError):
        return _told(error, arguments)
    if isinstance(error, click.ClickException):
        return _told(_usage(error), arguments)
    if isinstance(error, click.Abort):
        return _stopped(arguments)
    if isinstance(error, BrokenPipeError):
        return ExitCode.PASSED  # whoever read our output has left (`noxline --help | head`)
    if isinstance(error, OSError) and error.errno in _REFUSALS:
        return _told(_refusal(error), arguments)
    return _crashed(error, arguments)


def _flushed(code: int, text: str = "") -> int:
    """Bring out what was printed and the text, and return the exit code; another one when a full disk takes nothing."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        from noxline.reports.outlet import forget

        forget(sys.stdout)
        return code if code or isinstance(error, BrokenPipeError) else _told(_refusal(error), ())
    return code


def _stopped(arguments: Sequence[str]) -> int:
    from noxline.errors import ExitCode, NoxlineError
    from noxline.reports.outlet import tell

    tell("noxline: interrupted")
    _answer(NoxlineError("interrupted"), ExitCode.INTERRUPTED, arguments)
    return ExitCode.INTERRUPTED


def _usage(error: object) -> UsageError:
    """Return click's complaint as one of ours."""
    import click

    from noxline.errors import UsageError

    if not isinstance(error, click.ClickException):
        raise TypeError(error)
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "noxline"
    return UsageError(error.format_message(), hint=f"{command} --help")


def _refusal(error: OSError) -> MachineError:
    from noxline.errors import MachineError

    hint = "free some space on the disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    return MachineError(f"the machine refuses: {error.strerror}", place=str(error.filename or ""), hint=hint)


def _told(error: NoxlineError, arguments: Sequence[str]) -> int:
    """Print an error for people on standard error, and as the one JSON document where JSON was asked for."""
    from noxline.reports.outlet import tell

    lines = [f"noxline: error: {error.message}"]
    lines += [f"  at {error.place}"] if error.place else []
    lines += [f"  hint: {error.hint}"] if error.hint else []
    tell("\n".join(lines))
    _answer(error, error.exit_code, arguments)
    return error.exit_code


def _answer(error: NoxlineError, code: ExitCode, arguments: Sequence[str]) -> None:
    """Print the one JSON document, where JSON was asked for."""
    if not _wants_json(arguments):
        return
    from contextlib import suppress

    from noxline.cli.console import print_json

    told = {"message": error.message, "place": error.place, "hint": error.hint}
    with suppress(OSError):  # nobody is left who could be told; the exit code still says it
        print_json({"schema": 1, "exit_code": int(code), "error": told})


def _wants_json(arguments: Sequence[str]) -> bool:
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in own


def _crashed(error: Exception, arguments: Sequence[str]) -> int:
    from noxline.errors import NoxlineError

    place = _save_traceback(error)
    message = f"{type(error).__name__}: {error}".strip()
    return _told(NoxlineError(f"a bug in noxline: {message}", place=place, hint="please report it"), arguments)


def _save_traceback(error: Exception) -> str:
    """Write the traceback below the nearest `.noxline`, or among the temporary files, and return where."""
    import tempfile
    import time
    import traceback
    from pathlib import Path

    name = f"crash-{time.strftime('%Y%m%d-%H%M%S')}.txt"
    text = "".join(traceback.format_exception(error))
    near = [folder / ".noxline" for folder in (Path.cwd(), *Path.cwd().parents)]
    for folder in (*[path for path in near if path.is_dir()][:1], Path(tempfile.gettempdir())):
        try:
            (folder / name).write_text(text, encoding="utf-8")
        except OSError:
            continue  # the next place may be writable
        return str(folder / name)
    return ""
