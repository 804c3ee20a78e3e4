"""A world of its own for tests: an index of hand-made wheels in a folder, and a project that noxline drives."""

from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

from noxline.model.stage import SessionInfo, Source
from noxline.model.task import Task
from noxline.nox_bridge.child import child_environment, prepare_argv, session_argv
from noxline.nox_bridge.distributions import real_set
from noxline.nox_bridge.interpreters import find_interpreters
from noxline.nox_bridge.listing import list_sessions

BACKEND = """
import ast, os, zipfile
def _tables():  # Python 3.10 has no tomllib; the values in these files are Python's literals as well
    tables = {}
    for line in map(str.strip, open("pyproject.toml")):
        if line.startswith("["):
            name = line.strip("[]")
            table = tables.setdefault(name, {})
        elif "=" in line and name.startswith("project"):
            key, _, value = line.partition("=")
            table[key.strip()] = ast.literal_eval(value.strip())
    return tables
def _read():
    tables = _tables()
    project = {**tables["project"], "optional-dependencies": tables.get("project.optional-dependencies", {})}
    text = f"Metadata-Version: 2.1\\nName: {project['name']}\\nVersion: {project['version']}\\n"
    needs = list(project.get("dependencies", []))
    if os.path.exists("needs.txt"):
        needs += open("needs.txt").read().split()
    text += "".join(f"Requires-Dist: {need}\\n" for need in needs)
    for extra, needed in project.get("optional-dependencies", {}).items():
        text += f"Provides-Extra: {extra}\\n"
        text += "".join(f"Requires-Dist: {need}; extra == '{extra}'\\n" for need in needed)
    return project, text
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    project, text = _read()
    stem = f"{project['name']}-{project['version']}"
    name = f"{stem}-py3-none-any.whl"
    wheel = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as file:
        file.writestr(f"{stem}.dist-info/METADATA", text)
        file.writestr(f"{stem}.dist-info/WHEEL", wheel)
        file.writestr(f"{stem}.dist-info/RECORD", "")
    return name
build_editable = build_wheel
"""


def write_wheel(folder: Path, name: str, version: str, *needs: str) -> Path:
    """Write a wheel with one module that knows its version, and list it beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        file.writestr(f"{info}/METADATA", metadata + "".join(f"Requires-Dist: {need}\n" for need in needs))
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    links = "".join(f'<a href="{wheel.name}">{wheel.name}</a>\n' for wheel in sorted(folder.glob("*.whl")))
    (folder / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>", encoding="utf-8")
    return path


@dataclass
class World:
    """A project below `home` that knows only the distributions in its own index; `release` adds one."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for seed in ("pip", "setuptools", "wheel"):
            self.release(seed, "1.0")
        self.root.mkdir()
        self.write("back.py", BACKEND)

    @property
    def root(self) -> Path:
        return self.home / "p"

    @property
    def index(self) -> Path:
        return self.home / "index"

    @property
    def envs(self) -> Path:
        return self.root / ".noxline" / "envs" / "project"

    def release(self, name: str, version: str, *needs: str) -> Path:
        """Put a release into the index."""
        return write_wheel(self.index / name, name, version, *needs)

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")

    def project(self, text: str, folder: str = "") -> None:
        """Write a pyproject.toml whose backend needs nothing."""
        prefix = f"{folder}/" if folder else ""
        self.write(f"{prefix}back.py", BACKEND)
        build = '[build-system]\nrequires = []\nbuild-backend = "back"\nbackend-path = ["."]\n'
        self.write(f"{prefix}pyproject.toml", dedent(text) + build)

    def session(self, name: str) -> SessionInfo:
        listing = list_sessions(
            self.root / "noxfile.py", state=self.root / ".noxline" / "state", environ=self.outer_environ()
        )
        return next(session for session in listing.sessions if session.name == name)

    def outer_environ(self) -> Mapping[str, str]:
        """Return the user's variables in this world: no index but its own."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
        places = {"UV_DEFAULT_INDEX": self.index.as_uri(), "PIP_INDEX_URL": self.index.as_uri()}
        settings = {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(self.home / "cache")}
        return {**own, **places, **settings, **self.variables}

    def environ(self, session: SessionInfo) -> dict[str, str]:
        task = Task(
            name=session.name, stage=session.family, session=session.name, source=Source.PROJECT, python=session.python
        )
        (self.root / ".noxline" / "out").mkdir(parents=True, exist_ok=True)
        return child_environment(
            self.outer_environ(),
            task=task,
            python=session.python,
            interpreters=find_interpreters(os.environ, self.root / ".noxline" / "state"),
            run_id="r",
            root=self.root,
            output=self.root / ".noxline" / "out",
            needs=[],
            cpus=1,
            envs=self.envs,
            pythons=[],
            testing={},
            measure={},
        )

    def environment(self, name: str = "t") -> Path:
        return self.envs / self.session(name).environment

    def prepare(self, name: str = "t", *, coverage: bool = False) -> str:
        session = self.session(name)
        noxfile = self.root / "noxfile.py"
        return self._start(
            prepare_argv(session, noxfile=noxfile, envs=self.envs, root=self.root, coverage=coverage), session
        )

    def run(self, name: str = "t", *, install: bool = False) -> str:
        session = self.session(name)
        report = self.root / ".noxline" / "out" / "nox.json"
        command = session_argv(
            session, noxfile=self.root / "noxfile.py", envs=self.envs, report=report, install=install, run=True
        )
        return self._start(command, session)

    def holds(self, name: str = "t") -> dict[str, str]:
        """Return what is in an environment, without what all environments start with."""
        real = real_set(self.environment(name), self.root)
        return {name: version for name, version in real.items() if name not in ("pip", "setuptools", "wheel")}

    def _start(self, command: tuple[str, ...], session: SessionInfo) -> str:
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environ(session),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout
