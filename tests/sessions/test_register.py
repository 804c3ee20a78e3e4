from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from noxline.errors import UsageError
from noxline.model.stage import NotApplicable
from noxline.nox_bridge.listing import list_sessions
from noxline.nox_bridge.standard_noxfile import write_standard_noxfile
from noxline.sessions.catalog import standard_sessions
from noxline.sessions.register import register
from noxline.settings.handed_facts import dumped
from tests.sessions.samples import facts

PYTHONS = ("3.11", "3.12")


def environ(root: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "NOXLINE_ROOT": str(root), "NOXLINE_PYTHONS": ",".join(PYTHONS), **more}


def nox(folder: Path, env: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "nox", "--nocolor", *args]
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.process
def test_the_catalogue_and_the_noxfile_agree(root: Path) -> None:
    noxfile = write_standard_noxfile(root)
    listed = list_sessions(noxfile, state=root / ".noxline" / "state", environ=environ(root, NOXLINE_NEWEST="3.12"))
    promised = standard_sessions(facts(root), PYTHONS, newest="3.12")
    for field in (
        "name",
        "family",
        "python",
        "tags",
        "requires",
        "doc",
        "environment",
        "standard",
        "default",
        "backend",
    ):
        assert [getattr(s, field) for s in listed.sessions] == [getattr(s, field) for s in promised], field


@pytest.mark.process
def test_nox_itself_lists_the_same_sessions(root: Path) -> None:
    noxfile = write_standard_noxfile(root)
    done = nox(root, environ(root), "-f", str(noxfile), "-l", "--json")
    listed = {row["session"]: row["python"] for row in json.loads(done.stdout)}
    assert listed == {s.name: s.python for s in standard_sessions(facts(root), PYTHONS)}


@pytest.mark.process
def test_only_some_sessions_and_no_edge_to_the_others(root: Path) -> None:
    noxfile = root / "noxfile.py"
    noxfile.write_text(
        "from noxline.sessions.register import register\nregister(only=['coverage', 'lint'])\n", encoding="utf-8"
    )
    listed = list_sessions(noxfile, state=root / ".noxline" / "state", environ=environ(root))
    assert [(s.name, s.requires) for s in listed.sessions] == [("lint", ()), ("coverage", ())]


def test_an_unknown_stage_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="'test'") as caught:
        register(only=["test"])
    assert caught.value.hint == "did you mean 'tests'?"


@pytest.mark.process
def test_a_session_goes_by_the_facts_that_a_run_hands_it(root: Path, tmp_path: Path) -> None:
    noxfile = write_standard_noxfile(root)
    file = tmp_path / "facts"
    file.write_bytes(dumped(facts(root, hooks=NotApplicable(reason="the run said so"))))
    told = nox(root, environ(root, NOXLINE_FACTS=str(file)), "-f", str(noxfile), "-s", "hooks")
    assert "the run said so" in told.stderr + told.stdout
    file.write_bytes(b"torn")
    detected = nox(root, environ(root, NOXLINE_FACTS=str(file)), "-f", str(noxfile), "-s", "hooks")
    assert "no hook configuration" in detected.stderr + detected.stdout
