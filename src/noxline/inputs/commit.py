"""What git says of the checked-out commit, read from its files: a version that comes from git depends on it."""

from __future__ import annotations

import os
from hashlib import sha256


def git_folders(root: str) -> tuple[str, str] | None:
    """Return the git folder of the work tree around a folder and the one shared by all work trees; None without git."""
    folder = os.path.abspath(root)
    while True:
        git = os.path.join(folder, ".git")
        if os.path.isdir(git):
            return git, git
        pointer = _text(git)
        if pointer.startswith("gitdir:"):
            own = os.path.join(folder, pointer[len("gitdir:") :].strip())
            common = _text(os.path.join(own, "commondir")).strip()
            return own, os.path.normpath(os.path.join(own, common)) if common else own
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def head(root: str) -> str:
    """Return the full name of the commit that is checked out; empty when there is none, or no git."""
    folders = git_folders(root)
    if folders is None:
        return ""
    own, common = folders
    says = _text(os.path.join(own, "HEAD")).strip()
    for _ in range(5):  # a symbolic reference may name another one
        if not says.startswith("ref: "):
            return says
        name = says[len("ref: ") :]
        says = _text(os.path.join(own, name)).strip() or _text(os.path.join(common, name)).strip()
        says = says or _packed(common).get(name, "")
    return ""


def version_source(root: str) -> str:
    """Return a digest of the commit and all tags, of which versions are made; empty without git."""
    folders = git_folders(root)
    if folders is None:
        return ""
    common = folders[1]
    tags = {name: commit for name, commit in _packed(common).items() if name.startswith("refs/tags/")}
    loose = os.path.join(common, "refs", "tags")
    for folder, _, files in os.walk(loose):
        tags.update({os.path.relpath(os.path.join(folder, f), common): _text(os.path.join(folder, f)) for f in files})
    rows = [head(root), *(f"{commit.strip()} {name}" for name, commit in sorted(tags.items()))]
    return sha256("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest()


def _packed(common: str) -> dict[str, str]:
    rows = (line.split(" ", 1) for line in _text(os.path.join(common, "packed-refs")).splitlines())
    return {row[1]: row[0] for row in rows if len(row) == 2 and len(row[0]) >= 40}


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""
