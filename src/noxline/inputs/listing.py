"""Which files belong to a project: git lists them, or a walk does where there is no git.

Names are relative to the root, with forward slashes, sorted, each once.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Folders and files that tools write beside the source, at any depth: never inputs, tracked or not.
_WRITTEN_FOLDERS = frozenset(
    {"__pycache__", ".noxline", ".nox", ".tox", ".git", ".hg", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
    | {".hypothesis", ".eggs"}
)
_WRITTEN_ENDS = (".pyc", ".pyo")
_METADATA_ENDS = ".egg-info"
# Where none of these occurs in a list of names, none of them is of a file that a tool wrote.
_WRITTEN_MARKS = (*(f"{folder}/" for folder in sorted(_WRITTEN_FOLDERS)), *_WRITTEN_ENDS, _METADATA_ENDS)
# The same, but a project may have files of these names under version control, which count.
_BUILT_FOLDERS = frozenset({"build", "dist", "htmlcov", "node_modules", ".venv", "venv", "_build", "site-packages"})
_BUILT_ENDS = (".so", ".pyd", ".dylib", ".coverage")
_BUILT_NAMES = frozenset({"coverage.xml", "coverage.json", "lcov.info", "junit.xml", "_version.py", "_scm_version.py"})
# They would make git speak of another repository than the one around the project.
_BENDS_GIT = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"),
    *(f"GIT_{how}_PATHSPECS" for how in ("LITERAL", "GLOB", "NOGLOB", "ICASE")),
)
# Signing keys, and credentials of remote stores: tasks that run meanwhile can read the environment of git.
_SECRET = ("NOXLINE_", "AWS_", "AZURE_", "GOOGLE_", "CLOUDSDK_", "IDENTITY_", "MSI_")
_NOTHING_BUT_ITSELF = b"./\0"
_LIST = ("ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard")


class Listing:
    """What git said, as it said it, and how to make names of it; equal answers need not be read again."""

    __slots__ = ("by_git", "raw")

    def __init__(self, raw: bytes, *, by_git: bool) -> None:
        self.raw = raw
        self.by_git = by_git

    def names(self) -> list[str]:
        """Return the names, unsorted; a repository inside this one is named as its folder, maybe with a slash."""
        if self.by_git:
            text = os.fsdecode(self.raw)
            tags = _by_tag(text)
            if not any(
                mark in text for mark in _WRITTEN_MARKS
            ):  # which spares looking at each name of the tracked ones
                return [*_own(tags.pop("?", ()), tracked=False), *(name for names in tags.values() for name in names)]
            return [name for tag, names in tags.items() for name in _own(names, tracked=tag != "?")]
        return os.fsdecode(self.raw).split("\0") if self.raw else []


class Git:
    """A git process that lists a project's files while other things are done."""

    def __init__(self, root: str, *arguments: str) -> None:
        self._reader, writer = os.pipe()
        environ = {
            name: value for name, value in os.environ.items() if name not in _BENDS_GIT and not name.startswith(_SECRET)
        }
        self._pid = 0
        try:
            actions = [
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, writer, 1),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ]
            self._pid = os.posix_spawnp("git", ["git", "-C", root, *arguments], environ, file_actions=actions)
        except OSError:
            pass  # no git on this machine: `output` says so
        finally:
            os.close(writer)

    def output(self) -> bytes | None:
        """Return what git printed, None when it failed or is not there; call it once."""
        parts = []
        try:
            while part := os.read(self._reader, 1 << 20):
                parts.append(part)
        finally:
            os.close(self._reader)
            status = os.waitpid(self._pid, 0)[1] if self._pid else 1
        return b"".join(parts) if status == 0 else None


def begin(root: str) -> Git:
    """Begin to list the files of a project; hand the result to `listing`."""
    return Git(root, *_LIST)


def listing(root: str, asked: Git | None = None) -> Listing:
    """Return the files of a project; without git, or outside a repository, those that a walk finds.

    So it is where git lists none at all: of a project that the repository around it ignores it knows nothing; and of a
    submodule that is not checked out only that it is one.
    """
    raw = (asked or begin(root)).output()
    if raw and raw[2:] != _NOTHING_BUT_ITSELF:
        return Listing(raw, by_git=True)
    return Listing("\0".join(walk(root)).encode("utf-8", "surrogateescape"), by_git=False)


def files_of(root: str) -> list[str]:
    """Return all files of a project, those of repositories inside it among them, sorted."""
    found: set[str] = set()
    for name in listing(root).names():
        plain = name.rstrip("/")
        folder = f"{root}/{plain}"
        found.update(f"{plain}/{path}" for path in files_of(folder)) if is_folder(folder) else found.add(plain)
    return sorted(found)


def walk(root: str, folder: str = "") -> list[str]:
    """Return all files below a folder of the project that no tool wrote, sorted; links are not followed."""
    found: list[str] = []
    pending = [folder]
    while pending:
        current = pending.pop()
        try:
            entries = list(os.scandir(f"{root}/{current}" if current else root))
        except OSError:
            continue  # gone, or not to be read: then its files are no inputs that a task could read either
        for entry in entries:
            name = f"{current}/{entry.name}" if current else entry.name
            if not entry.is_dir(follow_symlinks=False):
                found.append(name)
            elif entry.name not in _WRITTEN_FOLDERS and not _is_foreign(entry):
                pending.append(name)
    return sorted(_own(found, tracked=False, below=folder))


def _is_foreign(entry: os.DirEntry[str]) -> bool:
    return entry.name in _BUILT_FOLDERS or os.path.exists(f"{entry.path}/pyvenv.cfg")


def untracked(root: str, folders: Sequence[str]) -> set[str]:
    """Return the files below these folders that git does not track, ignored or not, and that no tool wrote.

    A folder's own name does not matter: whoever names `build` means it. Where git cannot tell, all files are returned.
    """
    plain = [folder for folder in folders if not os.path.lexists(f"{root}/{folder}/.git")]
    raw = Git(root, "--literal-pathspecs", "ls-files", "-z", "--others", "--", *plain).output() if plain else None
    if raw is None:
        return _walked(root, folders)
    found = list(map(os.fsdecode, filter(None, raw.split(b"\0"))))
    inner = {name.rstrip("/") for name in found if name.endswith("/")}
    kept = (_own(_below(found, folder), tracked=False, below=folder) for folder in plain)
    return _walked(root, inner.union(folders).difference(plain)).union(*kept)


def is_folder(path: str) -> bool:
    """Tell whether a folder lies at a path, and no link to one."""
    return os.path.isdir(path) and not os.path.islink(path)


def files_among(root: str, names: Iterable[str]) -> set[str]:
    """Return the files among some paths of a project, and those that git does not track in the folders among them."""
    there = {name for name in names if name and os.path.lexists(f"{root}/{name}")}
    folders = [name for name in sorted(there) if is_folder(f"{root}/{name}")]
    return there.difference(folders) | (untracked(root, folders) if folders else set())


def _walked(root: str, folders: Iterable[str]) -> set[str]:
    return {name for folder in folders for name in walk(root, folder)}


def _below(names: Iterable[str], folder: str) -> list[str]:
    return [name for name in names if name.startswith(f"{folder}/") and not name.endswith("/")]


def _by_tag(text: str) -> dict[str, list[str]]:
    if text.startswith("H ") and text.count("\0H ") + 1 == text.count("\0"):
        return {"H": text[2:-1].split("\0H ")}  # a fresh clone: all are tracked, and need not be looked at one by one
    tags: dict[str, list[str]] = {}
    for row in text.split("\0"):
        if row:
            tags.setdefault(row[0], []).append(row[2:])
    return tags


def _own(names: Iterable[str], *, tracked: bool, below: str = "") -> list[str]:
    """Leave out what tools are known to write; `below` is a folder whose own name does not matter."""
    kept = []
    for name in names:
        *folders, base = name[len(below) :].split("/")
        if not _is_written(folders, base) and (tracked or not _is_built(folders, base)):
            kept.append(name)
    return kept


def _is_written(folders: list[str], base: str) -> bool:
    """Tell whether a tool wrote a file beside the source, tracked or not."""
    if not _WRITTEN_FOLDERS.isdisjoint(folders) or base.endswith(_WRITTEN_ENDS):
        return True
    return any(part.endswith(_METADATA_ENDS) for part in (*folders, base))


def _is_built(folders: list[str], base: str) -> bool:
    """Tell whether a file has the name of one that a build or a report leaves."""
    named_so = base in _BUILT_NAMES or base.startswith(".coverage.") or base.endswith(_BUILT_ENDS)
    return named_so or not _BUILT_FOLDERS.isdisjoint(folders)
