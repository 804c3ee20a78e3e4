"""The standard stage `hooks`: the project's commit hooks, on a snapshot so that fixers touch nobody's files."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from noxline.sessions.command import Completed, capture, scratch, show
from noxline.sessions.files import GIT_VARIABLES
from noxline.sessions.hook_report import FailedHook, change_findings, failed_hooks, failure_finding
from noxline.sessions.requirements import PRE_COMMIT, PREK
from noxline.sessions.sarif import write_sarif
from noxline.sessions.tools import give_up, prepared, worked
from noxline.sessions.workcopy import copy_project, difference, make_repository, staged_tree, take_over
from noxline.settings.facts import ProjectFacts, Tool

if TYPE_CHECKING:
    import nox

    from noxline.model.finding import Finding

FIX = "NOXLINE_FIX"
_UNREACHABLE = re.compile(
    r"(?:Failed to clone repo `|unable to access '|Initializing environment for )([^`'\s]+?)[/.]*[`'\s]"
)
_PLAIN = {"NO_COLOR": "1", "PRE_COMMIT_COLOR": "never", **dict.fromkeys(GIT_VARIABLES)}


def run_hooks(session: nox.Session, facts: ProjectFacts) -> None:
    """Write `hooks.sarif` and `hooks.diff`; with `--fix` or NOXLINE_FIX=1 take the changes over into the work tree."""
    if not isinstance(facts.hooks, Tool):
        session.skip(facts.hooks.reason)
    session.install(PREK, PRE_COMMIT)
    output = prepared(session)
    if output is None:
        return
    copy = copy_project(facts.root, scratch(session, "snapshot"))
    make_repository(copy, facts.root)
    before = staged_tree(copy)
    failed = _run_all(session, copy, output)
    after = staged_tree(copy)
    fix = os.environ.get(FIX) == "1" or "--fix" in session.posargs
    if fix and after != before:
        for name in take_over(facts.root, copy, before, after):
            session.log(f"changed {name}")
        failed = _run_all(session, copy, output)
    shutil.rmtree(copy, ignore_errors=True)
    worked(output, "hooks")
    if failed:
        _fail(session, failed, fixable=after != before and not fix)


def _fail(session: nox.Session, failed: Sequence[FailedHook], *, fixable: bool) -> NoReturn:
    names = ", ".join(dict.fromkeys(hook.name for hook in failed))
    hint = "; `--fix` applies what they would change (see hooks.diff)" if fixable else ""
    session.error(f"hooks failed: {names}{hint}")


def _run_all(session: nox.Session, copy: Path, output: Path) -> tuple[FailedHook, ...]:
    """Run every hook on all files of the copy and report what failed and what changed, hook by hook."""
    failed: list[FailedHook] = []
    findings: list[Finding] = []
    diffs: list[str] = []
    tree = staged_tree(copy)
    for hook, done in _runs(session, copy, output):
        show(done.out)
        these = failed_hooks(done.out)
        before, tree = tree, staged_tree(copy)
        diffs.append(difference(copy, before, tree))
        rule = next((failure.name for failure in these if failure.modified), hook)
        findings += change_findings(diffs[-1], rule)
        findings += [failure_finding(failure) for failure in these if not failure.modified]
        failed += these
    (output / "hooks.diff").write_text("".join(diffs), encoding="utf-8")
    write_sarif(output / "hooks.sarif", ["hooks"], findings)
    return tuple(failed)


def _runs(session: nox.Session, copy: Path, output: Path) -> Iterator[tuple[str, Completed]]:
    """Run the hooks one by one with prek, or all at once with pre-commit where prek cannot use the configuration."""
    listed = capture(
        session, "prek", "list", "--hook-stage", "pre-commit", "--output-format", "json", env=_PLAIN, directory=copy
    )
    if listed.code == 0:
        for hook in dict.fromkeys(row["id"] for row in json.loads(listed.out)):
            done = capture(session, "prek", "run", hook, "--all-files", env=_PLAIN, directory=copy)
            _refuse_broken(session, done, output)
            yield hook, done
        return
    if _UNREACHABLE.search(listed.err):
        _refuse_broken(session, listed, output)
    session.log(f"prek cannot use the configuration ({listed.last_line}): trying pre-commit")
    done = capture(session, "pre-commit", "run", "--all-files", env=_PLAIN, directory=copy)
    _refuse_broken(session, done, output)
    yield "hooks", done


def _refuse_broken(session: nox.Session, done: Completed, output: Path) -> None:
    """End the session when the runner could not run the hooks, which is not a hook's no."""
    if done.code == 0 or failed_hooks(done.out):
        return
    show(done.out, done.err)
    url = _UNREACHABLE.search(done.err + done.out)
    reason = f"repository {url[1]} is out of reach" if url else done.last_line
    give_up(session, output, "hooks", reason)
