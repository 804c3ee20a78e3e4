"""What a run of tests is worth: nothing collected, nothing recorded, or a part left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from noxline.sessions.suite_check import forgotten_files, unittest_modules, verdict
from noxline.settings.facts import Origin, Runner
from noxline.settings.facts import TestCommand as Command
from noxline.settings.facts import TestSuite as Suite
from noxline.testing.results import Results, read_results
from tests.testing.records_on_disk import ran, record


def collected(*ids: str, files: tuple[str, ...] = (), total: int | None = None) -> Mapping[str, object]:
    return {"event": "collected", "ids": ids, "files": files, "total": len(ids) if total is None else total}


def judge(results: Results, code: int = 0, runner: Runner = Runner.PYTEST, shard: str = "") -> str:
    return verdict(code, results, runners=[runner], shard=shard)


def test_a_run_with_tests_and_exit_code_0_passes(tmp_path: Path) -> None:
    record(tmp_path, dict(collected("a")), ran("a"))
    assert judge(read_results([tmp_path])) == ""


@pytest.mark.parametrize("runner", [Runner.PYTEST, Runner.UNITTEST])
def test_no_record_is_no_pass(tmp_path: Path, runner: Runner) -> None:
    assert judge(read_results([tmp_path]), runner=runner) == "no tests ran"


def test_nothing_collected_is_no_pass_even_with_exit_code_0(tmp_path: Path) -> None:
    record(tmp_path, dict(collected()))
    assert judge(read_results([tmp_path])) == "no tests ran"
    assert judge(read_results([tmp_path]), shard="1/2") == "no tests ran"


def test_an_empty_shard_of_a_suite_passes_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path, dict(collected(total=3)))
    assert judge(read_results([tmp_path]), code=5, shard="4/4") == ""
    assert capsys.readouterr().out == "noxline: shard 4/4 holds no test: there are only 3\n"


def test_exit_code_5_without_shards_fails(tmp_path: Path) -> None:
    record(tmp_path, dict(collected(total=3)))
    assert judge(read_results([tmp_path]), code=5) == "the tests ended with exit code 5: no tests ran"


def test_a_process_that_died_fails_whatever_the_exit_code(tmp_path: Path) -> None:
    record(tmp_path, ran("a"), {"event": "begin", "id": "b"}, end=None)
    assert "died while running b" in judge(read_results([tmp_path]))


def test_a_runner_script_without_records_is_judged_by_its_exit_code(tmp_path: Path) -> None:
    assert judge(read_results([tmp_path]), runner=Runner.SCRIPT) == ""
    assert judge(read_results([tmp_path]), code=3, runner=Runner.SCRIPT) == "the tests ended with exit code 3"


def test_files_of_which_nothing_was_collected_are_named(tmp_path: Path) -> None:
    record(
        tmp_path,
        dict(collected("test_a.py::x", files=("test_a.py",))),
        ran("test_a.py::x", file="test_a.py"),
        ran("test_skipped.py", "skipped"),
        {"event": "collect-error", "id": "test_broken.py", "message": ""},
    )
    command = Command(argv=("pytest",), runner=Runner.PYTEST, origin=Origin(file="test_a.py"))
    files = ("test_a.py", "test_skipped.py", "test_broken.py", "foo_tests.py", "bar_tests.py")
    suite = Suite(commands=(command,), sources=(), files=files)
    (tmp_path / "foo_tests.py").write_text("import unittest\nclass A(unittest.TestCase): pass\n", encoding="utf-8")
    (tmp_path / "bar_tests.py").write_text("def test_x(): pass\n", encoding="utf-8")
    results = read_results([tmp_path])
    assert forgotten_files(suite, results) == [
        "foo_tests.py: looks like tests, 0 collected",
        "bar_tests.py: looks like tests, 0 collected",
    ]
    assert unittest_modules(tmp_path, suite, results) == ["foo_tests.py"]


def test_the_script_that_runs_the_tests_is_not_missed_among_them(tmp_path: Path) -> None:
    record(tmp_path, dict(collected("test_a.A.x", files=("test/test_a.py",))), ran("test_a.A.x", file="test/test_a.py"))
    command = Command(argv=("python", "alltests.py"), runner=Runner.SCRIPT, origin=Origin(file="tox.ini", line=1))
    files = ("test/alltests.py", "test/test_a.py", "test/test_b.py")
    suite = Suite(commands=(command,), sources=(), directory="test", files=files)
    assert forgotten_files(suite, read_results([tmp_path])) == ["test/test_b.py: looks like tests, 0 collected"]
