from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from noxline.cli.options import split_names
from tests.cli.conftest import Noxline

pytestmark = pytest.mark.process

GREEN = """\
noxline — 1 task of 1 stage, 2 workers, run 20260131-142530-9f3a
✓ lint  passed    1.0 s

Time
  12.3 s wall, 0.0 s cpu, 2 workers
  critical path 1.0 s: lint
  lint      1.0 s  cpu     0.0 s

Reports
  .noxline/runs/20260131-142530-9f3a/report.html

passed in 12.3 s — 1 ran, 0 reused, 0 skipped
"""

RED = """\
noxline — 3 tasks of 3 stages, 2 workers, run 20260131-142530-9f3a
✓ lint   passed    1.0 s
✗ types  failed    2.0 s
    typ.py:3: Incompatible return value type (got "int", expected "str")  [return-value]
- hooks  skipped: no hook configuration

✗ types  failed after 2.0 s
  typ.py:3: Incompatible return value type (got "int", expected "str")  [return-value]
  | nox > Running session types
  | nox > Creating virtual environment (uv) using python in .nox/types
  | nox > uv pip install mypy
  | nox > mypy typ.py
  | typ.py:3: error: Incompatible return value type (got "int", expected "str")  [return-value]
  | Found 1 error in 1 file (checked 1 source file)
  | nox > Command mypy typ.py failed with exit code 1
  repeat: noxline run types
  log:    .noxline/runs/20260131-142530-9f3a/tasks/types/log.txt

Time
  12.3 s wall, 0.0 s cpu, 2 workers
  critical path 2.0 s: types
  types      2.0 s  cpu     0.0 s
  lint       1.0 s  cpu     0.0 s

Reports
  .noxline/runs/20260131-142530-9f3a/report.html

failed (exit 1) in 12.3 s — 2 ran, 0 reused, 1 skipped, 1 failed: types
"""


def asked(project: Path) -> str:
    return (project / "asked.txt").read_text(encoding="utf-8")


def test_a_green_run_in_full(noxline: Noxline) -> None:
    ended = noxline("ci")
    assert (ended.code, ended.out, ended.err) == (0, GREEN, "")


def test_a_red_run_in_full(noxline: Noxline) -> None:
    ended = noxline("ci", FAKE="fail")
    assert (ended.code, ended.out, ended.err) == (1, RED, "")


def test_an_output_that_knows_ascii_only(noxline: Noxline) -> None:
    ended = noxline("ci", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert ended.out == GREEN.replace("—", "-").replace("✓", "+")


def test_json_is_the_run_document_and_people_are_told_on_stderr(noxline: Noxline, project: Path) -> None:
    ended = noxline("ci", "--json", FAKE="fail")
    document = json.loads(ended.out)
    assert ended.code == document["exit_code"] == 1
    assert document == json.loads(next(project.glob(".noxline/runs/*/run.json")).read_text(encoding="utf-8"))
    assert ended.err == RED


def test_quiet_prints_failures_and_the_last_line(noxline: Noxline) -> None:
    assert noxline("ci", "-q").out == GREEN.splitlines(keepends=True)[-1]
    quiet = noxline("ci", "-q", FAKE="fail").out
    assert quiet.startswith("✗ types  failed after 2.0 s\n")
    assert quiet.endswith("1 failed: types\n")


def test_verbose_prints_whole_logs_and_github_groups(noxline: Noxline) -> None:
    assert "  | nox > Session types failed.\n" in noxline("ci", "-v", FAKE="fail").out
    on_github = noxline("ci", "-v", FAKE="fail", GITHUB_ACTIONS="true", CI="true").out
    assert "::group::types\nnox > Running session types\n" in on_github
    assert "\n::error title=types::typ.py:3: Incompatible" in on_github


def test_every_flag_reaches_the_composition_root(noxline: Noxline, project: Path) -> None:
    noxline(
        "ci",
        "-j",
        "3",
        "--python",
        "3.11",
        "--python",
        "3.12",
        "--only",
        "lint,tests",
        "--skip",
        "docs",
        "--skip",
        "hooks",
        "--fail-fast",
        "--check-inputs",
        "--no-cache",
        "--offline",
        "--refresh",
        "--force",
        "lint",
    )
    assert asked(project) == (
        "{'only': ('lint', 'tests'), 'skip': ('docs', 'hooks'), 'pythons': ('3.11', '3.12'), 'jobs': 3, "
        "'fail_fast': True, 'no_cache': True, 'offline': True, 'refresh': True, 'force': ('lint',), "
        "'check_inputs': True}"
    )


def test_run_takes_names_and_passes_arguments_on(noxline: Noxline, project: Path) -> None:
    assert noxline("run", "tests", "lint", "--fix", "--", "-k", "foo", "--", "-x").code == 0
    assert asked(project) == (
        "{'names': ('tests', 'lint'), 'posargs': ('-k', 'foo', '--', '-x'), 'fix': True, 'judged': False}"
    )
    assert noxline("run", "--failed").code == 0
    assert "'failed': True" in asked(project)


def test_a_dry_run_prints_the_plan_and_runs_nothing(noxline: Noxline, project: Path) -> None:
    dry = noxline("ci", "--dry-run", FAKE="crash")
    assert dry.code == 0
    assert dry.out == noxline("plan").out
    assert not (project / ".noxline").exists()


def test_the_verdict_names_the_commit_where_there_is_one(noxline: Noxline, project: Path) -> None:
    def verdict() -> dict[str, object]:
        noxline("ci")
        path = next(project.glob(".noxline/runs/*/verdict.json"))
        return dict(json.loads(path.read_text(encoding="utf-8")))

    assert "commit" not in verdict()
    git = ("git", "-C", str(project), "-c", "user.name=a", "-c", "user.email=a@b.invalid")
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert verdict()["commit"] == head


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (("lint,tests", "docs"), ("lint", "tests", "docs")),
        (("tests-3.12(a='1', b='2'),lint",), ("tests-3.12(a='1', b='2')", "lint")),
        ((" lint , ",), ("lint",)),
        ((), ()),
    ],
)
def test_names_are_split_at_commas_outside_parentheses(values: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert split_names(None, None, values) == names  # type: ignore[arg-type]


def test_whoever_interrupts_the_preparation_of_the_next_run_has_this_ones_verdict(noxline: Noxline) -> None:
    ended = noxline("ci", FAKE="impatience")
    assert (ended.code, ended.out, ended.err) == (0, GREEN, "")
