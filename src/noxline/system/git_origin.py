"""What names a repository alike in all its clones: where it was cloned from."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

_SECONDS = 20.0
_SCP = re.compile(r"(?:[^/@]+@)?([^/:]+):(?!//)(.+)")  # user@host:path, as ssh has it
_URL = re.compile(r"[a-z+]+://(?:[^/@]*@)?([^/:]+)(?::\d+)?/(.+)")


def repository(root: Path) -> str:
    """Return the origin of the repository around a folder, and the way from its top to the folder.

    Without an origin it is where the repository itself lies, so that clones of it and it have one name.
    """
    top = _git(root, "rev-parse", "--show-toplevel") or str(root)
    origin = _git(root, "config", "--get", "remote.origin.url")
    way = os.path.relpath(os.path.realpath(root), os.path.realpath(top)).replace(os.sep, "/")
    return f"{plain_origin(origin) or os.path.realpath(top)} {way}"


def plain_origin(url: str) -> str:
    """Return an address without what differs from clone to clone: protocol, user, port and ending.

    >>> plain_origin("https://token@host.example/team/app.git"), plain_origin("git@host.example:team/app")
    ('host.example/team/app', 'host.example/team/app')
    """
    path = url.removeprefix("file://")
    found = None if path != url or Path(url).is_absolute() else _URL.fullmatch(url) or _SCP.fullmatch(url)
    if found:
        return f"{found[1]}/{found[2].lstrip('/')}".rstrip("/").removesuffix(".git")
    return os.path.realpath(path).removesuffix(f"{os.sep}.git") if path else ""


def _git(root: Path, *arguments: str) -> str:
    """Return what git says; nothing where there is no git, no repository or no answer."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""  # then the folder itself names it
    return done.stdout.strip() if done.returncode == 0 else ""
