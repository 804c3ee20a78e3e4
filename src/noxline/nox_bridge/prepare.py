"""Bring the environment of one session up to date, so that its tasks can run in it without installing anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from noxline.nox_bridge.child import prepare_argv
from noxline.nox_bridge.environments import (
    being_made,
    copied_projects,
    discard,
    has_module,
    is_usable,
    locked,
    make_rebuildable,
    python_of,
    source_stamp,
)
from noxline.nox_bridge.installs import Step, forget_installs
from noxline.nox_bridge.recorder import add_step
from noxline.nox_bridge.wanted import constraints, holds_wanted, settle

__all__ = ["prepare", "prepare_argv"]

_LEFT_OUT = "run, as --install-only is set"
_CODE_FAILED = "raised exception"
_COVERAGE = Step(tool="uv", args=("--no-deps", "coverage"))
_COVERAGE_ADDED = "noxline-added-coverage"  # a file in the environment, and gone with it
_MADE_HERE = frozenset({"uv", "virtualenv", "venv"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What to prepare; `argv` is nox's command line with --install-only."""

    session: str
    backend: str
    environment: str
    root: str
    noxfile: str
    coverage: bool
    argv: list[str]

    @property
    def place(self) -> Path:
        """Return the folder of the environment."""
        return Path(self.environment)


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """How `nox --install-only` ended: `chained` when the session needs what its commands make before it installs."""

    exit_code: int
    chained: bool


def prepare(order: str) -> int:
    """Prepare the environment that the JSON order describes; return 0 only when tasks can run after it."""
    wanted = Order(**json.loads(order))
    with locked(wanted.place):
        forget_installs(wanted.place)
        if wanted.backend not in _MADE_HERE:
            if not holds_wanted(wanted.place, Path(wanted.root)):
                discard(wanted.place)
            return _install(wanted).exit_code
        code = _bring_up_to_date(wanted)
        if code == 0 and is_usable(wanted.place):
            if wanted.coverage:
                _add_coverage(wanted)
            settle(wanted.place, Path(wanted.root))
        return code


def _bring_up_to_date(order: Order) -> int:
    there = is_usable(order.place)
    if there and not holds_wanted(order.place, Path(order.root)):
        _say(f"the environment of {order.session} does not hold what is current; making it anew")
        there = False
    if not there:
        discard(order.place)
    _notice_changes(order)
    installed = _install(order)
    if installed.exit_code and not installed.chained and there:
        _say(f"the environment of {order.session} cannot be brought up to date; making it anew")
        discard(order.place)
        installed = _install(order)
    if installed.chained:
        _say(f"{order.session} cannot be prepared alone (it needs what its own commands make): installing when it runs")
        discard(order.place)  # nox installs in a new environment even with --no-install
        return 0
    if installed.exit_code == 0 and _notice_changes(order):
        # Copies made just now may come from uv's cache, which does not know of edited sources.
        installed = _install(order)
    return installed.exit_code


def _notice_changes(order: Order) -> bool:
    """Have copies of the project built anew when its files changed since that was last asked for."""
    root = Path(order.root)
    envs = order.place.parent
    copies = {source for environment in _environments(envs) for source in copied_projects(environment, root)}
    if not copies:
        return False
    stamp = envs / ".project-stamp"
    known = stamp.read_text(encoding="utf-8") if stamp.exists() else ""
    now = "\n".join([source_stamp(root), *sorted(map(str, copies))])
    if known == now:
        return False
    make_rebuildable(copies, root)
    stamp.write_text(now, encoding="utf-8")
    return True


def _environments(envs: Path) -> list[Path]:
    return [entry for entry in envs.iterdir() if (entry / "pyvenv.cfg").exists()]


def _install(order: Order) -> Installed:
    """Run nox, pass its output on line by line, and see in it why it failed."""
    left_out = code_failed = False
    with (
        _script_environment(order),
        being_made(order.place),
        subprocess.Popen(order.argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL) as nox,
    ):
        for line in nox.stdout or ():
            os.write(1, line)
            left_out = left_out or _LEFT_OUT.encode() in line
            code_failed = code_failed or _CODE_FAILED.encode() in line
    return Installed(exit_code=nox.returncode, chained=nox.returncode == 1 and (left_out or code_failed))


def _script_environment(order: Order) -> AbstractContextManager[None]:
    """Let only one process make the environment that a noxfile's script header (PEP 723) asks for."""
    script = order.place.parent / "_nox_script_mode"
    header = "# /// script" in Path(order.noxfile).read_text(encoding="utf-8", errors="replace")
    return locked(script) if header and not is_usable(script) else nullcontext()


def _add_coverage(order: Order) -> None:
    """Make coverage importable in the environment, without changing anything else in it."""
    added = order.place / _COVERAGE_ADDED
    if has_module(order.place, "coverage"):
        if added.exists():
            add_step(order.place, _COVERAGE)
        return
    from uv import find_uv_bin

    held = constraints(order.place)
    command = [
        *(find_uv_bin(), "pip", "install", "--quiet", *_COVERAGE.args),
        *("--python", str(python_of(order.place)), *(("-c", str(held)) if held else ())),
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode == 0:
        added.touch()
        add_step(order.place, _COVERAGE)
        _say(f"installed coverage into the environment of {order.session}, to measure it")
    else:
        _say(f"coverage could not be installed into the environment of {order.session}: it is not measured")


def _say(text: str) -> None:
    os.write(1, f"noxline: {text}\n".encode())
