from __future__ import annotations

from pathlib import Path

import pytest

from noxline.sessions.catalog import (
    CROSS_NEEDS,
    STANDARD,
    covers,
    environment_folder,
    required_sessions,
    skip_reason,
    standard_sessions,
)
from tests.sessions.samples import NOTHING, facts

STAGES = {stage.name: stage for stage in STANDARD}


def test_catalogue_is_ordered_by_rank_without_ties() -> None:
    ranks = [stage.rank for stage in STANDARD]
    assert ranks == sorted(set(ranks))


def test_no_alias_stands_for_two_stages() -> None:
    aliases = [alias for stage in STANDARD for alias in stage.aliases]
    assert len(aliases) == len(set(aliases))
    assert all(covers(stage.name) == stage.name for stage in STANDARD)


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("test", "tests"),
        ("unit_tests", "tests"),
        ("run-tests", "tests"),
        ("typecheck", "types"),
        ("type_check", "types"),
        ("check_types", "types"),
        ("pre-commit", "hooks"),
        ("prek", "hooks"),
        ("style", "lint"),
        ("Lint", "lint"),
        ("build_docs", "docs"),
        ("bench", "benchmarks"),
        ("cov", "coverage"),
        ("audit", "security"),
        ("release", ""),
        ("integration-tests", ""),
        ("check", ""),
        ("", ""),
    ],
)
def test_covers(name: str, stage: str) -> None:
    assert covers(name) == stage


def test_edges_between_the_noxfiles() -> None:
    assert CROSS_NEEDS == {"coverage": ("tests",), "sbom": ("build",)}


def test_sessions_of_a_matrix(tmp_path: Path) -> None:
    sessions = {s.name: s for s in standard_sessions(facts(tmp_path), ("3.11", "3.12"), newest="3.13")}
    assert {name for name in sessions if name.startswith("tests")} == {"tests-3.11", "tests-3.12"}
    assert sessions["tests-3.11"].environment == "tests-3-11"
    assert sessions["coverage"].requires == ("tests-3.11", "tests-3.12")
    assert {name: s.python for name, s in sessions.items() if s.python} == {
        "tests-3.11": "3.11",
        "tests-3.12": "3.12",
        "types": "3.12",
        "docs": "3.12",
        "benchmarks": "3.12",
        "build": "3.12",
        "sbom": "3.12",
        "coverage": "3.12",
        "complexity": "3.13",
    }


def test_newest_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOXLINE_NEWEST", "3.14")
    sessions = {s.name: s for s in standard_sessions(facts(tmp_path), ("3.11",))}
    assert sessions["complexity"].python == "3.14"
    assert sessions["lint"].python is None


def test_a_stage_that_does_not_apply_says_why(tmp_path: Path) -> None:
    bare = facts(tmp_path, sources=(), installable=False, tests=NOTHING)
    reasons = {s.name: s.skip.reason for s in standard_sessions(bare, ()) if s.skip}
    assert set(reasons) == set(STAGES) - {"security"}
    assert reasons["coverage"] == "nothing here"
    assert "build backend" in reasons["sbom"]


def test_a_stage_that_applies_is_not_skipped(tmp_path: Path) -> None:
    assert skip_reason(STAGES["build"], facts(tmp_path)) == ""
    assert skip_reason(STAGES["tests"], facts(tmp_path)) == ""


def test_required_sessions_leave_out_what_the_noxfile_lacks() -> None:
    assert required_sessions(STAGES["coverage"], ("3.11",), frozenset({"coverage"})) == ()
    assert required_sessions(STAGES["sbom"], ("3.11",), frozenset({"build", "sbom"})) == ("build",)


def test_environment_folder_is_what_nox_makes_of_a_name() -> None:
    from nox.sessions import _normalize_path

    for name in ("tests-3.12", "tests-3.11(dep='1')", "A b", "x--y"):
        assert Path(_normalize_path("e", name)).name == environment_folder(name)
