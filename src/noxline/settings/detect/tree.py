"""The project as files: one walk over its tree, and texts that are read once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from noxline.errors import ConfigError
from noxline.settings.detect.ignored import Ignored, read_gitignore
from noxline.settings.detect.ini_source import IniFile, parse_ini
from noxline.settings.detect.toml_source import TomlFile
from noxline.settings.locate import parse_toml

# Folders that never hold a project's own files, at any depth.
FOREIGN = {"__pycache__", "node_modules", "site-packages", "venv", "env", "virtualenv", "htmlcov"}
# Folders that hold what a build left behind, unless they are packages themselves.
BUILT = {"build", "dist", "_build", "wheelhouse", "sdist"}


@dataclass(frozen=True)
class Tree:
    """A project's folder: reads files once and knows which there are."""

    root: Path
    texts: dict[str, str | None] = field(default_factory=dict)
    tomls: dict[str, TomlFile] = field(default_factory=dict)
    inis: dict[str, IniFile] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Tell whether there is a file `name`."""
        return (self.root / name).is_file()

    def has_folder(self, name: str) -> bool:
        """Tell whether there is a folder `name`."""
        return (self.root / name).is_dir()

    def first(self, *names: str) -> str:
        """Return the first of the files that there is; empty when there is none."""
        return next((name for name in names if self.has(name)), "")

    def text(self, name: str) -> str:
        """Return the text of a file; empty when there is none. Raise ConfigError when it cannot be read."""
        if name not in self.texts:
            self.texts[name] = read_text(self.root, name) if self.has(name) else None
        return self.texts[name] or ""

    def toml(self, name: str) -> TomlFile:
        """Return a TOML file; an empty one when there is none."""
        if name not in self.tomls:
            text = self.text(name)
            self.tomls[name] = TomlFile(name, text, parse_toml(text, name))
        return self.tomls[name]

    def ini(self, name: str) -> IniFile:
        """Return an INI file; an empty one when there is none."""
        if name not in self.inis:
            self.inis[name] = parse_ini(name, self.text(name))
        return self.inis[name]

    @property
    def pyproject(self) -> TomlFile:
        """Return pyproject.toml; an empty one when there is none."""
        return self.toml("pyproject.toml")

    @property
    def setup_cfg(self) -> IniFile:
        """Return setup.cfg; an empty one when there is none."""
        return self.ini("setup.cfg")

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Return all files of the project, relative, sorted; ignored, foreign and built ones left out."""
        return tuple(sorted(walk(self.root, "", read_gitignore(self.text(".gitignore")))))

    @cached_property
    def python_files(self) -> tuple[str, ...]:
        """Return all Python files of the project."""
        return tuple(name for name in self.files if name.endswith(".py"))


def read_text(root: Path, name: str) -> str:
    """Read a file as UTF-8; raise ConfigError naming it when that is not possible."""
    try:
        data = (root / name).read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(f"{name} cannot be read: {reason}", place=name, hint="check its permissions") from error
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        # Python sources may declare another encoding; all that is looked for in them is ASCII.
        return data.decode("latin-1").replace("\r\n", "\n")


def walk(root: Path, folder: str, ignored: Ignored) -> list[str]:
    """List the files below a folder, without entering what is not the project's own."""
    found: list[str] = []
    try:
        entries = list(os.scandir(root / folder))
    except OSError as error:
        place = folder or str(root)
        raise ConfigError(f"{place} cannot be read: {error.strerror}", place=place) from error
    for entry in entries:
        name = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            if enters(entry, name, ignored):
                found += walk(root, name, ignored)
        elif not ignored.file(name):
            found.append(name)
    return found


def enters(entry: os.DirEntry[str], name: str, ignored: Ignored) -> bool:
    """Tell whether the walk goes into a folder."""
    if entry.name in FOREIGN or entry.name.endswith(".egg-info") or ignored.folder(name):
        return False
    if entry.name.startswith("."):
        return entry.name == ".github"
    if entry.name in BUILT and not Path(entry.path, "__init__.py").exists():
        return False
    return not Path(entry.path, "pyvenv.cfg").exists()
