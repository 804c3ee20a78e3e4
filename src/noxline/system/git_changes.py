"""Which files differ from the commit where the work left another branch: committed, staged, changed or new."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from noxline.errors import MachineError, UsageError

# A git hook sets these; with them git would speak of that repository, whatever folder it is told.
_BENDS_GIT = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"}
)
_SECONDS = 120.0
_DEEPEN = "fetch the history: fetch-depth: 0 for actions/checkout, elsewhere git fetch --unshallow"
_NAME_ONE = "name a branch or commit: noxline ci --affected --base REF"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedFiles:
    """What changed since `sha`, the commit that the work has in common with `base`; paths are relative to the root.

    A renamed file counts under both names.
    """

    base: str
    sha: str
    paths: frozenset[str]


def changed_files(root: Path, base: str = "") -> ChangedFiles:
    """Return what differs in the work tree; without `base`, from the branch that this one will go back to.

    Raise UsageError where there is no git, no such branch, or no commit in common.
    """
    git = _Git(root)
    git.refuse_absence()
    chosen = git.known(base) if base else git.default_base()
    common = git.common_commit(chosen)
    return ChangedFiles(
        base=git.plain_name(chosen),
        sha=git.line("rev-parse", "--short", common),
        paths=frozenset(git.changed_since(common)),
    )


@dataclass(frozen=True)
class _Git:
    root: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        environ = {name: value for name, value in os.environ.items() if name not in _BENDS_GIT}
        try:
            return subprocess.run(
                ["git", "-C", str(self.root), *arguments],
                env={**environ, "GIT_OPTIONAL_LOCKS": "0"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise UsageError(
                "git is not on this machine: what changed cannot be told", place="--affected", hint="install git"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise MachineError(f"no end after {_SECONDS:g} s: git {' '.join(arguments)}") from error

    def line(self, *arguments: str) -> str:
        """Return the one line that a command prints, empty when it fails."""
        done = self.run(*arguments)
        return os.fsdecode(done.stdout).strip() if done.returncode == 0 else ""

    def names(self, *arguments: str) -> list[str]:
        """Return the names that a command prints; raise MachineError when it fails."""
        done = self.run(*arguments)
        if done.returncode != 0:
            raise MachineError(f"git {arguments[0]} failed: {_said(done)}", place=str(self.root))
        return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]

    def refuse_absence(self) -> None:
        done = self.run("rev-parse", "--is-inside-work-tree")
        if done.returncode != 0 or done.stdout.strip() != b"true":
            raise UsageError(
                f"what changed cannot be told: {_said(done) or 'this is no work tree of git'}",
                place="--affected",
                hint="noxline ci without --affected runs every task",
            )
        if self.run("check-ignore", "--quiet", ".").returncode == 0:
            raise UsageError(
                "what changed cannot be told: the repository around this project ignores it",
                place="--affected",
                hint="noxline ci without --affected runs every task",
            )
        if not self.has("HEAD"):
            raise UsageError(
                "there is no commit yet to compare with", place="--affected", hint="git commit, then again"
            )

    def has(self, name: str) -> bool:
        return bool(self.line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"))

    @property
    def is_shallow(self) -> bool:
        return self.line("rev-parse", "--is-shallow-repository") == "true"

    def known(self, base: str) -> str:
        if self.has(base):
            return base
        why = " (the clone is shallow and holds only part of the history)" if self.is_shallow else ""
        raise UsageError(
            f"there is no branch or commit {base!r} here{why}",
            place="--base",
            hint=_DEEPEN if why else f"git fetch, or {_NAME_ONE}",
        )

    def default_base(self) -> str:
        """Return the upstream when it is another branch, the remote's default branch, or the main branch here."""
        branch = self.line("symbolic-ref", "--quiet", "--short", "HEAD")
        remote = self.line("config", f"branch.{branch}.remote") or "origin"
        upstream = self.line("rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}")
        own = (f"{remote}/{branch}", branch)  # the same branch elsewhere holds most of the work already
        candidates = [upstream] if upstream not in own else []
        candidates += [f"{remote}/HEAD", f"{remote}/main", f"{remote}/master", "main", "master"]
        for candidate in filter(None, candidates):
            if self.has(candidate):
                return candidate
        raise UsageError(
            "no branch to compare with was found: no upstream, no origin/HEAD, no main or master",
            place="--affected",
            hint=_DEEPEN if self.is_shallow else _NAME_ONE,
        )

    def common_commit(self, base: str) -> str:
        common = self.line("merge-base", base, "HEAD")
        if common:
            return common
        if self.is_shallow:
            raise UsageError(f"the clone is shallow: no commit in common with {base}", place="--base", hint=_DEEPEN)
        raise UsageError(f"there is no commit in common with {base}", place="--base", hint=_NAME_ONE)

    def plain_name(self, base: str) -> str:
        """Return `origin/main` for `origin/HEAD`, anything else as it is."""
        return (self.line("rev-parse", "--abbrev-ref", base) if base.endswith("/HEAD") else "") or base

    def changed_since(self, commit: str) -> set[str]:
        """Return what differs between a commit and the work tree, and what the commit does not know at all."""
        differing = self.names(
            "diff",
            "-z",
            "--name-only",
            "--no-renames",
            "--no-ext-diff",
            "--ignore-submodules=none",
            "--relative",
            commit,
        )
        new = self.names("ls-files", "-z", "--others", "--exclude-standard")
        return {
            name for given in (*differing, *new, *self._unwatched()) for name in self._with_inner(given.rstrip("/"))
        }

    def _unwatched(self) -> list[str]:
        """Return the files that git was told not to look at: they may hold anything (`--assume-unchanged`)."""
        rows = self.names("ls-files", "-z", "-v")
        unseen = [row[2:] for row in rows if row[:1].islower() or row[:1] == "S"]
        return [name for name in unseen if os.path.lexists(self.root / name)]

    def _with_inner(self, name: str) -> set[str]:
        """Return a name, and for a repository inside this one all that lies in it: git names only the folder."""
        folder = self.root / name
        if folder.is_symlink() or not folder.is_dir():
            return {name}
        inner = _Git(folder).names("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return {name, *(f"{name}/{path}" for path in inner)}


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else ""
