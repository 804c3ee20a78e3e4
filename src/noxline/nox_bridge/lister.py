"""List the sessions of a noxfile as one JSON document; runs in a process of its own and needs nothing of noxline.

Called as `python lister.py NOXFILE ENVS`. It may run in the script environment of a noxfile (PEP 723), where noxline
is not installed, so it needs nothing but the standard library, nox and `watch.py` beside it. It speaks nox's private
API where the public listing lacks `requires` and defaults; the tests hold that together.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noxline.nox_bridge.watch import Watch

STALL = 70  # exit status: the noxfile's script environment has to be made first


class NoxfileError(Exception):
    """A noxfile that cannot be listed: message, place and hint for its author."""

    def __init__(self, message: str, file: str, *, line: int | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.document = {"message": message, "file": file, "line": line, "hint": hint}


def listing(noxfile: Path, envs: str, watch: Watch) -> list[dict[str, Any]]:
    """Load a noxfile as nox does and return its sessions; raise NoxfileError for what its author must mend."""
    from nox import _options, registry, tasks

    sys.argv = ["nox", "-f", str(noxfile), "--envdir", envs]
    config: Any = _options.options.parse_args()
    _refuse_version(noxfile)
    registry.reset()
    try:
        watch.start()
        try:
            module: Any = tasks.load_nox_module(config)
        finally:
            watch.on = False
        tasks.merge_noxfile_options(module, config)
        if config.provenance("default_venv_backend").name == "DEFAULT":
            config.default_venv_backend = "uv"
        return _rows(tasks.discover_manifest(module, config), config, noxfile)
    except NoxfileError:
        raise
    except BaseException as error:
        raise _load_problem(error, noxfile) from error


def _refuse_version(noxfile: Path) -> None:
    from nox._version import InvalidVersionSpecifier, VersionCheckFailed, check_nox_version

    try:
        check_nox_version(str(noxfile))
    except SyntaxError as error:
        raise _load_problem(error, noxfile) from error
    except (InvalidVersionSpecifier, VersionCheckFailed) as error:
        source = noxfile.read_text(encoding="utf-8").splitlines()
        line = next((n for n, text in enumerate(source, start=1) if "needs_version" in text), None)
        hint = "noxline runs the nox that is installed beside it"
        raise NoxfileError(str(error), str(noxfile), line=line, hint=hint) from error


def _load_problem(error: BaseException, noxfile: Path) -> NoxfileError:
    if isinstance(error, SyntaxError) and error.filename:
        hint = f"the line reads: {error.text.strip()}" if error.text else ""
        return NoxfileError(f"{type(error).__name__}: {error.msg}", str(error.filename), line=error.lineno, hint=hint)
    file, line = _innermost_place(error, noxfile)
    if isinstance(error, SystemExit):
        message = f"the noxfile calls sys.exit({error.code!r}) while it loads"
        return NoxfileError(message, file, line=line, hint="sessions can call session.error(…) instead")
    hint = f"for the whole traceback: {sys.executable} -m nox --list"
    if isinstance(error, ModuleNotFoundError) and error.name:
        hint = f"install {error.name} beside noxline, or name it in the noxfile's script header (# /// script)"
    return NoxfileError(f"{type(error).__name__}: {error}", file, line=line, hint=hint)


def _innermost_place(error: BaseException, noxfile: Path) -> tuple[str, int | None]:
    """Return the last place in the project's own files that an error came through; else the noxfile."""
    folder = str(noxfile.parent) + os.sep
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith(folder) and "site-packages" not in frame.filename:
            return frame.filename, frame.lineno
    return str(noxfile), None


def _rows(manifest: Any, config: Any, noxfile: Path) -> list[dict[str, Any]]:
    runners = [runner for runner, _ in manifest.list_all_sessions()]
    chosen = _chosen(manifest, config, noxfile)
    rows: dict[str, dict[str, Any]] = {}
    for runner in runners:
        if runner.friendly_name in rows:  # parameters with equal ids; nox runs them together by that name
            continue
        rows[runner.friendly_name] = {
            "name": runner.friendly_name,
            "family": runner.name,
            "python": runner.func.python if isinstance(runner.func.python, str) else None,
            "params": getattr(runner.func, "session_signature", "")[1:-1],
            "tags": [str(tag) for tag in runner.tags],
            "requires": _requires(runner, runners, noxfile),
            "doc": runner.description or "",
            "default": runner in chosen,
            "standard": str(getattr(runner.func, "noxline_standard", "")),
            "empty": not runner.signatures,
            "reuse": runner.func.reuse_venv,
            **_environment(runner, config),
        }
    _refuse_cycle(rows, {runner.friendly_name: runner for runner in runners}, noxfile)
    return list(rows.values())


def _chosen(manifest: Any, config: Any, noxfile: Path) -> list[Any]:
    """Return the sessions that plain `nox` would run."""
    if config.tags is None and not config.keywords:
        _filter_by_sessions(manifest, config.sessions, noxfile)
    if config.pythons:
        manifest.filter_by_python_interpreter(config.pythons)
    if config.tags is not None:
        manifest.filter_by_tags(config.tags)
    if config.keywords:
        manifest.filter_by_keywords(config.keywords)
    return [runner for runner, selected in manifest.list_all_sessions() if selected]


def _filter_by_sessions(manifest: Any, names: Any, noxfile: Path) -> None:
    if names is None:
        manifest.filter_by_default()
        return
    try:
        manifest.filter_by_name(names)
    except KeyError as error:
        hint = f"there are: {', '.join(sorted({runner.name for runner, _ in manifest.list_all_sessions()}))}"
        message = str(error.args[0])
        raise NoxfileError(message, str(noxfile), line=_line(noxfile, "sessions"), hint=hint) from error


def _line(noxfile: Path, option: str) -> int | None:
    source = noxfile.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((n for n, text in enumerate(source, start=1) if f"options.{option}" in text), None)


def _environment(runner: Any, config: Any) -> dict[str, str]:
    from nox import sessions, virtualenv

    backends = sessions.resolve_venv_backends(config, runner.func)
    backend = backends[0]
    if len(backends) > 1:  # asking which of them are there starts processes
        backend = next((name for name in backends if virtualenv.OPTIONAL_VENVS.get(name, True)), backend)
    if backend == "none" or runner.func.python is False:
        return {"backend": "none", "environment": ""}
    return {"backend": backend, "environment": Path(runner.envdir).name}


def _requires(runner: Any, runners: list[Any], noxfile: Path) -> list[str]:
    """Return the names of all sessions that a session requires.

    nox itself takes only the last of the sessions that share a signature (`tests-3.12` of a parametrised session).
    """
    found: dict[str, None] = {}
    try:
        wanted = runner.func.requires
    except ValueError as error:
        raise NoxfileError(str(error), *_place(runner, noxfile)[:1], line=_place(runner, noxfile)[1]) from error
    for name in wanted:
        matching = _called(name, runners)
        if not matching:
            file, line = _place(runner, noxfile)
            message = f"session {runner.friendly_name!r} requires {name!r}, which is not there"
            raise NoxfileError(message, file, line=line, hint=_nearest(name, runners))
        found.update(dict.fromkeys(r.friendly_name for r in matching))
    return list(found)


def _called(name: str, runners: list[Any]) -> list[Any]:
    """Return the sessions of that signature, or else of that name."""
    return [r for r in runners if name in r.signatures] or [r for r in runners if name == r.name]


def _nearest(name: str, runners: list[Any]) -> str:
    import difflib

    known = sorted({runner.name for runner in runners}.union(*(runner.signatures for runner in runners)))
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"


def _place(runner: Any, noxfile: Path) -> tuple[str, int | None]:
    import inspect

    code = getattr(inspect.unwrap(runner.func), "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code else (str(noxfile), None)


def _refuse_cycle(rows: dict[str, dict[str, Any]], runners: dict[str, Any], noxfile: Path) -> None:
    from graphlib import CycleError, TopologicalSorter

    try:
        TopologicalSorter({name: row["requires"] for name, row in rows.items()}).prepare()
    except CycleError as error:
        cycle = error.args[1]
        file, line = _place(runners[cycle[0]], noxfile)
        message = f"sessions require each other in a circle: {' → '.join(reversed(cycle))}"
        raise NoxfileError(message, file, line=line, hint="take a name out of one requires=") from error


def needs_script_environment(noxfile: Path) -> bool:
    """Return whether the noxfile's script header asks for something that this interpreter does not have."""
    from nox import _cli
    from nox.project import load_toml

    header = load_toml(noxfile, missing_ok=True)
    dependencies, python = header.get("dependencies"), header.get("requires-python")
    if dependencies is None and python is None:
        return False
    here = "{}.{}.{}".format(*sys.version_info[:3])
    return not (_cli.check_requires_python(python, here) and _cli.check_dependencies(dependencies or ["nox"]))


def main() -> None:
    """Write the listing to standard output; whatever the noxfile prints goes to standard error."""
    answer = os.dup(1)
    os.dup2(2, 1)
    noxfile, envs = Path(sys.argv[1]), sys.argv[2]
    # In place of this file's own folder (its neighbours are no top-level modules) the one that noxline lies in.
    sys.path[0] = str(Path(__file__).parents[2])
    from noxline.nox_bridge.watch import Watch

    del sys.path[0]
    sys.path.append(str(noxfile.parent))
    watch = Watch()
    try:
        if not os.environ.get("NOX_SCRIPT_MODE") and needs_script_environment(noxfile):
            os._exit(STALL)
        document: dict[str, Any] = {"sessions": listing(noxfile, envs, watch)}
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = NoxfileError("the noxfile is not UTF-8 text", str(noxfile), line=line, hint="nox reads it as UTF-8")
        document = {"error": problem.document}
    except NoxfileError as problem:
        document = {"error": problem.document}
    for name in ("files", "folders", "kinds", "variables", "processes"):
        document[name] = sorted(getattr(watch, name))
    os.write(answer, json.dumps(document).encode())
    os._exit(0)  # threads or exit hooks of the noxfile must not hold the answer back


if __name__ == "__main__":
    main()
