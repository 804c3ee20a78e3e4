"""The entry of the command line, and the only place that turns an error into an exit."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from noxline.errors import ExitCode, MachineError, NoxlineError, UsageError

# What the machine refuses is the user's to mend, wherever it is met: space, rights, a read-only disk.
_REFUSALS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})


def main() -> NoReturn:
    """Run noxline with the arguments of this process, and exit with its documented code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:  # answered without click, which alone costs most of the time allowed for it
        from noxline.version import __version__

        print(f"noxline {__version__}")
        sys.exit(ExitCode.PASSED)
    signal.signal(signal.SIGTERM, _interrupt)
    code = _run(arguments)
    sys.exit(code)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(arguments: Sequence[str]) -> int:
    import click

    from noxline.cli.group import cli

    try:
        return int(cli.main(args=list(arguments), prog_name="noxline", standalone_mode=False) or 0)
    except NoxlineError as error:
        return _told(error, arguments)
    except click.ClickException as error:
        return _told(_usage(error), arguments)
    except (click.Abort, KeyboardInterrupt):
        print("noxline: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left (`noxline logs tests | head`); Python must not try to flush it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.PASSED
    except OSError as error:
        if error.errno in _REFUSALS:
            return _told(_refusal(error), arguments)
        return _crashed(error, arguments)
    except Exception as error:  # noqa: BLE001 - the last net: a bug of ours becomes exit code 5 and a saved traceback
        return _crashed(error, arguments)


def _usage(error: object) -> UsageError:
    """Return click's complaint as one of ours."""
    import click

    if not isinstance(error, click.ClickException):
        raise TypeError(error)
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "noxline"
    return UsageError(error.format_message(), hint=f"{command} --help")


def _refusal(error: OSError) -> MachineError:
    hint = "free some space on the disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    return MachineError(f"the machine refuses: {error.strerror}", place=str(error.filename or ""), hint=hint)


def _told(error: NoxlineError, arguments: Sequence[str]) -> int:
    """Print an error for people on standard error, and as the one JSON document where JSON was asked for."""
    lines = [f"noxline: error: {error.message}"]
    lines += [f"  at {error.place}"] if error.place else []
    lines += [f"  hint: {error.hint}"] if error.hint else []
    print("\n".join(lines), file=sys.stderr)
    if _wants_json(arguments):
        from noxline.cli.console import print_json

        told = {"message": error.message, "place": error.place, "hint": error.hint}
        print_json({"schema": 1, "exit_code": int(error.exit_code), "error": told})
    return error.exit_code


def _wants_json(arguments: Sequence[str]) -> bool:
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in own


def _crashed(error: Exception, arguments: Sequence[str]) -> int:
    place = _save_traceback(error)
    message = f"{type(error).__name__}: {error}".strip()
    return _told(NoxlineError(f"a bug in noxline: {message}", place=place, hint="please report it"), arguments)


def _save_traceback(error: Exception) -> str:
    """Write the traceback below the nearest `.noxline`, or among the temporary files, and return where."""
    import tempfile
    import time
    import traceback

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
