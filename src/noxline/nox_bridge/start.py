"""The script that noxline's child processes start with: it keeps the project's own modules off their search path.

`python -m nox` would put the project's folder first, where a `types.py` or a package called like one of nox's own
dependencies shadows the real one. The folder comes last instead, so that a noxfile still finds the modules beside it.
"""

from __future__ import annotations

import os
import runpy
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path


def main() -> None:
    """Run `nox ARGS`, `nox-in ENVIRONMENT ARGS` (which mends a half-made environment first) or `prepare ORDER`.

    `audited FOLDER own|children` before `nox` has what the session reads recorded.
    """
    if Path(sys.path[0]) == Path(__file__).parent:
        del sys.path[0]
    sys.path.append(str(Path.cwd()))
    mode, *arguments = sys.argv[1:]
    if mode == "audited":
        from noxline.nox_bridge.audited import audit

        folder, whose, mode, *arguments = arguments
        audit(Path(folder), own=whose == "own")
    if mode == "prepare":
        from noxline.nox_bridge.prepare import prepare

        sys.exit(prepare(arguments[0]))
    environment = arguments.pop(0) if mode == "nox-in" else ""
    sys.argv = ["nox", *arguments]
    if "--report" in arguments:
        note_notifications(Path(arguments[arguments.index("--report") + 1]))
        note_installs()
    with _made_once(environment):
        runpy.run_module("nox", run_name="__main__", alter_sys=True)


def note_notifications(report: Path) -> None:
    """Have `session.notify()` write down the name beside nox's report: which session runs when is noxline's to say.

    nox itself refuses it in a process that runs one session of many.
    """
    from nox.sessions import Session

    def notify(session: Session, target: object, posargs: object = None) -> None:  # noqa: ARG001 - nox's signature
        name = str(getattr(target, "friendly_name", target))
        session.log(f"session {name} is notified: it runs in this run when it was asked for")
        with report.with_suffix(".notified").open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")

    Session.notify = notify  # type: ignore[method-assign,assignment]  # nox has no other way in


def note_installs() -> None:
    """Have what the session installs written down beside its environment: its set is then known without building it."""
    from noxline.nox_bridge.recorder import Recorder

    Recorder(_root(), os.environ).start()


def _root() -> Path:
    return Path(os.environ.get("NOXLINE_ROOT") or Path.cwd())


def _made_once(environment: str) -> AbstractContextManager[None]:
    if not environment:
        return nullcontext()
    from noxline.nox_bridge.environments import is_usable, making
    from noxline.nox_bridge.installs import forget_installs
    from noxline.nox_bridge.wanted import holds_wanted

    place, root = Path(environment), _root()
    forget_installs(place)
    return making(place, lambda there: is_usable(there) and holds_wanted(there, root))


if __name__ == "__main__":
    main()
