"""What an interpreter is, and the machine it runs on, as far as a result can depend on it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from threading import Lock

from noxline.errors import MachineError
from noxline.inputs import sealed

PARTS = ("python", "abi", "os", "architecture", "libc")
_SECONDS = 20
_ASKING: dict[str, Lock] = {}
_KEEPING = Lock()
# The version of the C library and of the kernel are left out: machines that differ in them share results, as they
# share wheels. The soabi tells debug and free-threaded builds from others.
_PROBE = """
import json, platform, sys, sysconfig
names = sysconfig.get_config_vars()
libc = platform.libc_ver()[0] or ("musl" if "musl" in str(names.get("HOST_GNU_TYPE")) else "")
print(json.dumps([
    sys.implementation.name + " " + platform.python_version(),
    str(names.get("SOABI") or names.get("EXT_SUFFIX") or "") + " " + str(getattr(sys, "abiflags", "")),
    sys.platform,
    platform.machine().lower(),
    libc,
]))
"""


def platform_of(interpreter: Path, state: Path | None = None) -> dict[str, str]:
    """Return implementation and full version, ABI, OS, architecture and C library of an interpreter.

    The answer is kept in `state/platforms` by path, size and time of change. Raise MachineError without one.
    """
    file = state / "platforms" if state else None
    key = _key(interpreter)
    with _ASKING.setdefault(key, Lock()):  # environments are looked at side by side, and many have one interpreter
        answer = _read(file).get(key)
        if answer is None:
            answer = _ask(interpreter)
            with _KEEPING:
                _keep(file, {**_read(file), key: answer})
    return dict(zip(PARTS, answer, strict=True))


def _key(interpreter: Path) -> str:
    try:
        status = interpreter.stat()
    except OSError as error:
        raise MachineError(f"the interpreter is not there: {error.strerror}", place=str(interpreter)) from error
    return f"{interpreter}|{status.st_mtime_ns}|{status.st_size}"


def _read(file: Path | None) -> dict[str, list[str]]:
    if file is None:
        return {}
    try:
        document = sealed.load(str(file))
    except sealed.DamagedError:
        return {}  # it only saves time
    if not isinstance(document, dict):
        return {}
    return {key: value for key, value in document.items() if _is_answer(value)}


def _is_answer(value: object) -> bool:
    return isinstance(value, list) and len(value) == len(PARTS) and all(isinstance(part, str) for part in value)


def _keep(file: Path | None, known: dict[str, list[str]]) -> None:
    if file is None:
        return
    try:
        sealed.save(str(file), known)
    except OSError:
        return  # an unwritable folder: the next start asks again


def _ask(interpreter: Path) -> list[str]:
    command = [str(interpreter), "-I", "-S", "-c", _PROBE]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS, check=True)
        answer: list[str] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise MachineError(f"the interpreter does not say what it is: {error}", place=str(interpreter)) from error
    return answer
