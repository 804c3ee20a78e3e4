"""The sessions of a noxfile; kept, and listed again only when something changed that the noxfile reads."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from noxline.errors import ConfigError, MachineError
from noxline.inputs import sealed
from noxline.model.stage import NotApplicable, SessionInfo, Source
from noxline.nox_bridge.child import inherited, with_uv
from noxline.nox_bridge.list_process import LISTER, run_lister
from noxline.nox_bridge.traces import Traces, digest_of
from noxline.system.files import is_there

_SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """The sessions of one noxfile, the files and variables it read while it loaded, and remarks for the user.

    `sources` are those files by name (relative to the noxfile's folder where they lie in it) with their digests.
    """

    sessions: tuple[SessionInfo, ...]
    files: tuple[Path, ...] = ()
    variables: tuple[str, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    variable_digests: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    reads_all_variables: bool = False


def find_noxfile(root: Path) -> Path | None:
    """Return the noxfile of a project, if it has one; raise ConfigError when it cannot be one."""
    noxfile = root / "noxfile.py"
    return noxfile if is_there(noxfile) else None


def list_sessions(noxfile: Path, *, state: Path, environ: Mapping[str, str]) -> Listing:
    """Return the sessions of a noxfile; raise ConfigError when nox could not load it either."""
    child = _environment(noxfile, environ)
    envs = state.parent / "envs" / Source.PROJECT.value
    kept = state / "listing"
    document = _kept(kept, noxfile, envs, child)
    if document is None:
        answer = run_lister(noxfile, envs=envs, environ=child)
        _refuse_error(answer, noxfile)
        document = _document(answer, noxfile, envs, child)
        if not answer["processes"]:
            _keep(kept, document)
    return _listing(document, noxfile.parent)


def _listing(document: Mapping[str, Any], root: Path) -> Listing:
    files = document["traces"]["files"]
    # `*` stands for all variables: no name to show
    variables = {name: digest for name, digest in document["traces"]["variables"].items() if name != "*"}
    return Listing(
        sessions=tuple(_session(row) for row in document["sessions"]),
        files=tuple(Path(name) for name, digest in files.items() if digest),
        variables=tuple(variables),
        sources=tuple(_sources(files, root)),
        variable_digests=tuple(sorted(variables.items())),
        notes=tuple(document["notes"]),
        reads_all_variables="*" in document["traces"]["variables"],
    )


def _sources(files: Mapping[str, str], root: Path) -> Iterator[tuple[str, str]]:
    for name, digest in sorted(files.items()):
        path = Path(name)
        yield (path.relative_to(root).as_posix() if root in path.parents else name), digest


def _environment(noxfile: Path, environ: Mapping[str, str]) -> dict[str, str]:
    child = with_uv(inherited(environ))
    # A noxfile that calls noxline's `register()` shall list what will run: the caller's matrix, if it gives one.
    child |= {name: environ[name] for name in ("NOXLINE_PYTHONS", "NOXLINE_NEWEST") if environ.get(name)}
    child["NOXLINE_ROOT"] = str(noxfile.parent)
    return child


def _session(row: Mapping[str, Any]) -> SessionInfo:
    return SessionInfo(
        name=row["name"],
        family=row["family"],
        source=Source.PROJECT,
        python=row["python"],
        params=row["params"],
        tags=tuple(row["tags"]),
        requires=tuple(row["requires"]),
        doc=row["doc"],
        default=row["default"],
        environment=row["environment"],
        backend=row["backend"],
        standard=row["standard"],
        skip=NotApplicable(reason="this session has no parameters to run with") if row["empty"] else None,
    )


def _refuse_error(answer: Mapping[str, Any], noxfile: Path) -> None:
    error = answer.get("error")
    if not error:
        return
    file = Path(error["file"])
    name = file.relative_to(noxfile.parent).as_posix() if noxfile.parent in file.parents else str(file)
    place = f"{name}:{error['line']}" if error["line"] else name
    raise ConfigError(error["message"], place=place, hint=error["hint"])


def _document(answer: Mapping[str, Any], noxfile: Path, envs: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    notes = []
    if answer["processes"]:
        names = ", ".join(answer["processes"])
        notes.append(f"{noxfile.name} starts {names} while it loads: its sessions are listed anew each time")
    if not answer["sessions"]:
        notes.append(f"{noxfile.name} defines no session")
    traces = Traces.taken(answer, environ)
    return {
        "identity": _identity(noxfile, envs),
        "traces": traces.document(),
        "sessions": answer["sessions"],
        "notes": notes,
    }


def _identity(noxfile: Path, envs: Path) -> dict[str, str]:
    """Return what a listing depends on beside the noxfile: the programs that made it."""
    spec = find_spec("nox")
    if spec is None or spec.origin is None:
        raise MachineError("nox is not installed beside noxline", hint=f"{sys.executable} -m pip install nox")
    package = Path(spec.origin).parent
    versions = sorted(path.name for path in package.parent.glob("nox-*.dist-info"))
    return {
        "schema": str(_SCHEMA),
        "noxfile": str(noxfile),
        "envs": str(envs),  # nox shortens the names of environments where this path is long
        "python": f"{sys.executable} {sys.version}",
        "nox": " ".join([str(package), *versions]),
        "lister": digest_of(LISTER),
    }


def _kept(file: Path, noxfile: Path, envs: Path, environ: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the kept listing when everything it rests on is as it was."""
    try:
        document: Any = sealed.load(str(file))
        if document["identity"] != _identity(noxfile, envs) or not Traces(**document["traces"]).hold(environ):
            return None
        _check(document["sessions"])
    except (sealed.DamagedError, ValueError, KeyError, TypeError):
        return None  # absent, damaged, or of another version: listed anew
    return dict(document)


def _check(rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        _session(row)


def _keep(file: Path, document: Mapping[str, Any]) -> None:
    try:
        sealed.save(str(file), document)
    except OSError:
        return  # a full or read-only disk: listed anew next time
