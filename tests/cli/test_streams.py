"""What becomes of a command whose standard streams are closed, full, or left by their reader."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import LAUNCH, Noxline

pytestmark = [pytest.mark.process, pytest.mark.skipif(sys.platform == "win32", reason="redirections of a POSIX shell")]
needs_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")


def in_shell(project: Path, arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command line of bash in which $N is noxline."""
    command = f"N={shlex.quote(sys.executable)}; set -o pipefail; {arguments}".replace(
        "$N", f"{shlex.quote(sys.executable)} {shlex.quote(str(LAUNCH))}"
    )
    environ = {"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", **variables}
    return subprocess.run(
        ["bash", "-c", command], cwd=project, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("how", ["| head -c 1", "| true", ">&-", ">&- 2>&-"])
def test_a_failed_run_keeps_its_exit_code_when_nobody_reads_it(project: Path, how: str) -> None:
    done = in_shell(project, f"$N ci {how}", FAKE="fail")
    assert (done.returncode, done.stderr) == (1, "")
    assert in_shell(project, f"$N ci --json {how}", FAKE="fail").returncode == 1
    assert [path.name for path in project.glob(".noxline/runs/*/run.json")] == ["run.json"]


@needs_full_device
def test_a_run_does_not_end_because_its_output_has_no_room(project: Path) -> None:
    done = in_shell(project, "$N ci > /dev/full", FAKE="fail")
    assert done.returncode == 1
    assert done.stderr == (
        "noxline: warning: the output cannot be written (No space left on device); the run goes on without it\n"
    )


@needs_full_device
@pytest.mark.parametrize("command", ["ci --json", "plan", "--version", "--help"])
@pytest.mark.parametrize("buffered", ["", "1"])
def test_what_has_no_room_is_told_without_a_traceback(project: Path, command: str, buffered: str) -> None:
    done = in_shell(project, f"$N {command} > /dev/full", PYTHONUNBUFFERED=buffered)
    assert (done.returncode, done.stdout, done.stderr.count("noxline: error")) == (2, "", 1)
    assert done.stderr.endswith(
        "noxline: error: the machine refuses: No space left on device\n  hint: free some space on the disk\n"
    )


@pytest.mark.parametrize("how", ["2>&-", "2>/dev/full"])
def test_an_error_that_nobody_can_be_told_keeps_its_exit_code(project: Path, how: str) -> None:
    if "full" in how and not Path("/dev/full").exists():
        pytest.skip("this system has no full device")
    done = in_shell(project, f"$N ci --json {how}", FAKE="config")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["message"] == "unknown key 'shard'"


@pytest.mark.parametrize("how", ["interrupt", "terminate", "hang-up"])
def test_an_interrupt_gives_one_document_where_json_was_asked_for(noxline: Noxline, how: str) -> None:
    ended = noxline("ci", "--json", FAKE=how)
    assert (ended.code, ended.err.strip()) == (130, "noxline: interrupted")
    assert json.loads(ended.out) == {
        "schema": 1,
        "exit_code": 130,
        "error": {"message": "interrupted", "place": "", "hint": ""},
    }


def test_a_hang_up_that_the_caller_has_ignored_ends_nothing(project: Path) -> None:
    assert in_shell(project, "trap '' HUP; $N ci", FAKE="hang-up").returncode == 0


def test_without_arguments_it_prints_the_help(noxline: Noxline) -> None:
    assert noxline() == noxline("--help")
    assert noxline().code == 0
