"""Resolve a session's installations again, without an environment: what would they lead to now?"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from noxline.errors import MachineError
from noxline.inputs.environment import corrected, new_record, normalised, reconcile, sound
from noxline.nox_bridge.child import inherited
from noxline.nox_bridge.distributions import (
    archive_origin,
    canonical_version,
    folder_origin,
    made_at,
    real_set,
    without_credentials,
)
from noxline.nox_bridge.environments import make_rebuildable, path_of
from noxline.nox_bridge.index_settings import PIP_AS_UV, has_influence, pip_is_configured
from noxline.nox_bridge.install_arguments import Argument, Kind, arguments
from noxline.nox_bridge.installs import Installs, Step, from_plain, installs_of, with_files
from noxline.nox_bridge.recipe import named_digests
from noxline.system.process import run

_SECONDS = 300.0
_PINNED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*==\s*(?P<version>[^\s;\\]+).*")
_ADDRESSED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*@\s*(?P<address>\S+).*")
_ARCHIVE_NAME = re.compile(r"(?P<name>[^/\\]+?)-\d[^/\\]*")
_UNKNOWN = Installs(obstacle="what the session installs was not seen")


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """A record, and why it could not be brought up to date: then it is the old one, to be taken for this run."""

    record: dict[str, Any]
    warning: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolver:
    """Where and for what is resolved: the target interpreter, the project's root, the variables of the installers."""

    interpreter: Path
    root: Path
    environ: Mapping[str, str]
    offline: bool = False
    refresh: bool = False

    def resolve(self, installs: Installs) -> dict[str, str]:
        """Return what the installations lead to in a new environment; raise MachineError when nothing can tell."""
        if installs.obstacle:
            raise MachineError(installs.obstacle)
        self._notice_edits()
        newest = tuple(name for name, version in installs.seeds.items() if not version)
        found = {name: version for name, version in installs.seeds.items() if version}
        for step in (*([Step(tool="uv", args=newest)] if newest else ()), *installs.steps):
            found |= self._step(step, found)
        return dict(sorted(found.items()))

    def _notice_edits(self) -> None:
        """Have the project's own requirements read anew, where a build backend computes them from other files."""
        try:
            make_rebuildable({self.root}, self.root)
        except OSError:
            return  # somebody else's files: then nobody edits them here either

    def _step(self, step: Step, installed: Mapping[str, str]) -> dict[str, str]:
        """Return what one installation leads to where others are installed: those stay, as long as they are allowed."""
        if step.tool == "pip":
            special = pip_is_configured({**self.environ, **step.environ})
            if special:
                raise MachineError(f"pip is configured by {special}, which only pip understands")
        with tempfile.TemporaryDirectory(prefix="noxline-resolve-") as folder:
            found = arguments(with_files(step, Path(folder)))
            out = Path(folder, "resolved.txt")
            if not any(one.kind is Kind.UPGRADE for one in found):
                pins = [f"{name}=={version}" for name, version in installed.items() if not version.startswith("@")]
                out.write_text("\n".join([*pins, ""]), encoding="utf-8")
            sources = Path(folder, "wanted.in")
            sources.write_text("\n".join([*_lines(found), ""]), encoding="utf-8")
            self._compile(step, found, sources, out)
            place = self.root / step.directory
            return dict(_parsed(out.read_text(encoding="utf-8"), place, self.root.resolve()))

    def _compile(self, step: Step, found: Sequence[Argument], sources: Path, out: Path) -> None:
        from uv import find_uv_bin

        files = [one.value or "" for one in found if one.kind is Kind.FILE]
        groups = any(one.option == "--group" for one in found)
        named = [str(sources)] if _lines(found) or not (files or groups) else []
        command = [
            *(find_uv_bin(), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--color", "never"),
            *("--python", str(self.interpreter), "--output-file", str(out)),
            *(["--offline"] if self.offline else ["--refresh"] if self.refresh else []),
            *_options(found),
            *(*named, *files),
        ]
        done = run(command, cwd=self.root / step.directory, env=self._environ(step), timeout=_SECONDS)
        if done.code != 0:
            raise MachineError(_reason(done.err))

    def _environ(self, step: Step) -> dict[str, str]:
        """Return uv's variables for a step: of one by pip, pip's settings under uv's names."""
        environ = {**inherited(self.environ), "UV_PYTHON_DOWNLOADS": "never"}
        environ.pop("UV_NO_PROGRESS", None)
        if step.tool == "pip":
            environ = {name: value for name, value in environ.items() if not has_influence(name)}
            given = {**self.environ, **step.environ}
            for name, same in PIP_AS_UV.items():
                if given.get(name):
                    environ[same] = ",".join(given[name].split()) if name == "PIP_FIND_LINKS" else given[name]
            return environ
        return {**environ, **step.environ}


def resolve_again(
    record: Mapping[str, Any],
    *,
    interpreter: Path,
    root: Path,
    environ: Mapping[str, str],
    now: float,
    offline: bool = False,
    refresh: bool = False,
) -> Resolution:
    """Return the record with the set that its installations lead to now; the old one, and why, when none can tell.

    Distributions that are known to turn out otherwise than resolved are corrected. `refresh` asks the index again even
    for answers that uv has from the last minutes.
    """
    try:
        installs = from_plain(record["installs"])
        resolver = Resolver(interpreter=interpreter, root=root, environ=environ, offline=offline, refresh=refresh)
        resolved = resolver.resolve(installs)
    except (MachineError, ValueError, IndexError, OSError) as error:
        cause = error.message if isinstance(error, MachineError) else str(error)
        return Resolution(record=dict(record), warning=f"the set of distributions is that of the last time: {cause}")
    differs = {name: pair for name, pair in record["differs"].items() if resolved.get(name) == pair[0]}
    current = corrected(resolved, differs)
    files = named_digests(installs, root)
    return Resolution(record=new_record(record["installs"], current, time=now, files=files, differs=differs))


def files_of(record: Mapping[str, Any], root: Path) -> dict[str, str]:
    """Return the digests that the files named in a record have now, for `known_set`."""
    try:
        return named_digests(from_plain(record["installs"]), root)
    except ValueError:
        return {}  # written by another version: whatever it named, its record is taken for old


def record_after(environment: Path, root: Path, record: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the record after a session's environment was brought up to date, from what is really in it.

    `record` is the one that the run expected, if there was one. A first record is as old as the environment, for an
    installer keeps what is installed and still allowed; and what was held to an older record is as old as that.
    """
    installs = installs_of(environment) or _UNKNOWN
    real, files = real_set(environment, root), named_digests(installs, root)
    if sound(record) and record is not None and not installs.obstacle and record["installs"] == installs.to_plain():
        return {**reconcile(record, real), "files": files}
    made = made_at(environment)
    held = sound(record) and record is not None and not record["obstacle"]
    time = min(made, record["time"]) if held and record is not None else made
    return new_record(installs.to_plain(), real, time=time, files=files)


def _lines(found: Sequence[Argument]) -> list[str]:
    """Return the requirements among arguments as the lines of a requirements file."""
    wanted = (one for one in found if one.kind in (Kind.REQUIREMENT, Kind.EDITABLE))
    return [f"{one.option} {one.value}".strip() for one in wanted]


def _options(found: Sequence[Argument]) -> Iterator[str]:
    for one in found:
        if one.kind in (Kind.CONSTRAINT, Kind.PATH, Kind.OPTION, Kind.UPGRADE):
            yield one.option
            if one.value is not None:
                yield one.value
        elif one.kind is Kind.UNKNOWN:
            raise MachineError(f"noxline does not know the install option {one.option}")


def _parsed(text: str, directory: Path, root: Path) -> Iterator[tuple[str, str]]:
    """Yield name and version, or address, of each line of a resolution, without the project's own folders."""
    for line in text.splitlines():
        if not line.strip() or line.startswith((" ", "#", "--")):
            continue
        pinned, addressed = _PINNED.fullmatch(line), _ADDRESSED.fullmatch(line)
        if pinned:
            yield normalised(pinned["name"]), canonical_version(pinned["version"])
        elif addressed and "://" in addressed["address"] and not addressed["address"].startswith("file:"):
            yield normalised(addressed["name"]), f"@ {without_credentials(addressed['address'])}"
        else:
            name, place = (addressed["name"], addressed["address"]) if addressed else ("", line)
            yield from _local(name, _path(place.removeprefix("-e").strip(), directory), root)


def _path(place: str, directory: Path) -> Path:
    if place.startswith("file:"):
        return path_of(place)
    return directory / place.partition(" ;")[0].strip()


def _local(name: str, place: Path, root: Path) -> Iterator[tuple[str, str]]:
    if place.is_dir():
        origin = folder_origin(place, root)
        if origin is None:
            return
    elif place.is_file():
        origin = archive_origin(place, root)
    else:
        raise MachineError(f"the resolution names what noxline cannot read: {place.name}")
    found = _ARCHIVE_NAME.fullmatch(place.name)
    yield normalised(name or (found["name"] if found else place.name)), origin


def _reason(said: str) -> str:
    """Return the cause in what uv said, in one line."""
    lines = [line.strip(" ├╰│─▶\u00d7").removeprefix("error: ") for line in said.splitlines()]
    return " ".join(filter(None, lines))[:400] or "uv gave no reason"
