"""The pytest plugin in real pytest processes: what it records, what it leaves alone, what it selects."""

from __future__ import annotations

import sys

import pytest

from tests.injected.processes import Project, outcomes

pytestmark = pytest.mark.process

EVERY_OUTCOME = """
import unittest, pytest

def test_passes(): pass
def test_fails(): assert 0, "why it failed"
@pytest.fixture
def broken(): raise ValueError("setup")
@pytest.fixture
def breaks_late():
    yield
    raise ValueError("teardown")
def test_setup_error(broken): pass
def test_teardown_error(breaks_late): pass
@pytest.mark.xfail(reason="known")
def test_xfail(): assert 0
@pytest.mark.xfail
def test_xpass(): pass
@pytest.mark.xfail(strict=True)
def test_xpass_strict(): pass
def test_skip(): pytest.skip("why it was skipped")
@pytest.mark.parametrize("value", ["a::b", "c/d"])
def test_parameter(value): pass
class Case(unittest.TestCase):
    @unittest.expectedFailure
    def test_expected(self): self.fail()
"""


@pytest.mark.parametrize("when", ["", "    if report.when == 'call':\n    "])
def test_a_report_that_a_plugin_gives_another_name_is_of_the_test_that_ran(project: Project, when: str) -> None:
    project.write("test_a.py", "def test_a(): pass\ndef test_b(): assert 0\ndef test_c(): pass\n")
    project.write(
        "conftest.py", f"def pytest_runtest_logreport(report):\n{when}    report.nodeid = 'pretty ' + report.nodeid\n"
    )
    _, process = project.pytest()
    assert outcomes(process) == {
        "test_a.py::test_a": "passed",
        "test_a.py::test_b": "failed",
        "test_a.py::test_c": "passed",
    }
    assert process.running == ()
    assert all(len(test.phases) == 3 and test.cost for test in process.tests)


def test_records_the_worst_of_all_phases(project: Project) -> None:
    project.write("test_all.py", EVERY_OUTCOME)
    code, process = project.pytest()
    assert code == 1
    assert {name.removeprefix("test_all.py::"): outcome for name, outcome in outcomes(process).items()} == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_setup_error": "error",
        "test_teardown_error": "error",
        "test_xfail": "skipped",
        "test_xpass": "passed",
        "test_xpass_strict": "failed",
        "test_skip": "skipped",
        "test_parameter[a::b]": "passed",
        "test_parameter[c/d]": "passed",
        "Case::test_expected": "skipped",
    }
    by_name = {test.id.rpartition("::")[2]: test for test in process.tests}
    assert "why it failed" in by_name["test_fails"].message
    assert by_name["test_skip"].message == "Skipped: why it was skipped"
    assert by_name["test_xfail"].xfail
    assert (by_name["test_fails"].file, by_name["test_fails"].line) == ("test_all.py", 5)
    assert process.end is not None
    assert process.end.exit_code == 1
    assert process.running == ()


def test_counts_modules_that_skip_or_break_as_pytest_does(project: Project) -> None:
    project.write("test_module.py", "import pytest; pytest.skip('whole module', allow_module_level=True)")
    project.write("test_broken.py", "import nowhere")
    code, process = project.pytest()
    assert code == 2
    assert outcomes(process) == {"test_module.py": "skipped"}
    assert [error.id for error in process.errors] == ["test_broken.py"]


def test_ids_are_relative_to_the_project_whatever_pytest_takes_for_its_root(project: Project) -> None:
    project.write("part/pytest.ini", "[pytest]\n")
    project.write("part/test_a.py", "def test_one(): pass")
    _, process = project.pytest("part")
    assert outcomes(process) == {"part/test_a.py::test_one": "passed"}
    assert process.tests[0].file == "part/test_a.py"


def test_nested_runs_do_not_count_and_do_not_see_the_plugin(project: Project) -> None:
    project.write(
        "test_outer.py",
        "import os\npytest_plugins = ['pytester']\n"
        "def test_nested(pytester):\n"
        "    pytester.makepyfile('def test_in(): pass')\n"
        "    pytester.runpytest_inprocess().assert_outcomes(passed=1)\n"
        "    pytester.runpytest_subprocess().assert_outcomes(passed=1)\n"
        "    assert 'PYTEST_ADDOPTS' not in os.environ\n",
    )
    code, process = project.pytest()
    assert code == 0, project.said
    assert outcomes(process) == {"test_outer.py::test_nested": "passed"}


def test_runs_one_after_the_other_in_one_process_all_count(project: Project) -> None:
    project.write("test_a.py", "def test_a(): pass")
    project.write("test_b.py", "def test_b(): pass")
    project.write("run.py", "import pytest\nfor name in ('test_a.py', 'test_b.py'): assert pytest.main([name]) == 0")
    code, processes = project.run("run.py")
    assert code == 0, project.said
    assert [outcomes(process) for process in processes] == [
        {"test_a.py::test_a": "passed"},
        {"test_b.py::test_b": "passed"},
    ]


def test_a_process_that_dies_names_the_test_it_was_at(project: Project) -> None:
    project.write(
        "test_die.py", "import os\ndef test_before(): pass\ndef test_dies(): os._exit(0)\ndef test_after(): pass"
    )
    code, process = project.pytest()
    assert code == 0  # what the process says is worth nothing
    assert process.end is None
    assert process.running == ("test_die.py::test_dies",)


def test_strict_and_silent_suites_stay_as_they_are(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\naddopts = -p no:terminal --strict-config\nfilterwarnings = error\n")
    project.write("test_a.py", "def test_one(): pass")
    code, process = project.pytest()
    assert code == 0, project.said
    assert project.said == ""
    assert outcomes(process) == {"test_a.py::test_one": "passed"}


def test_keeps_options_of_the_user(project: Project) -> None:
    project.write("test_a.py", "def test_one(): pass\ndef test_two(): pass")
    _, process = project.pytest(PYTEST_ADDOPTS="-k one")
    assert outcomes(process) == {"test_a.py::test_one": "passed"}
    assert process.collected is not None
    assert (process.collected.deselected, process.collected.files) == (1, ("test_a.py",))


def test_no_path_no_record_no_harm(project: Project) -> None:
    project.write("test_a.py", "def test_one(): pass")
    code, processes = project.run("-m", "pytest", "-q", PYTHONPATH="")
    assert (code, processes) == (0, [])


def test_shards_are_disjoint_and_complete(project: Project) -> None:
    project.write("test_a.py", "".join(f"def test_{n}(): pass\n" for n in range(5)))
    project.write("test_b.py", "".join(f"def test_{n}(): pass\n" for n in range(4)))
    parts = [set(outcomes(project.pytest(NOXLINE_SHARD=f"{k}/3")[1])) for k in (1, 2, 3)]
    assert sorted(len(part) for part in parts) == [3, 3, 3]
    assert len(set.union(*parts)) == 9


def test_an_empty_shard_passes_and_no_tests_at_all_do_not(project: Project) -> None:
    project.write("test_a.py", "def test_one(): pass")
    code, process = project.pytest(NOXLINE_SHARD="2/2")
    assert process.collected is not None
    assert (code, process.collected.total, process.collected.ids) == (0, 1, ())
    assert project.pytest("-k", "nothing", NOXLINE_SHARD="1/2")[0] == 5


def test_marked_groups_stay_whole(project: Project) -> None:
    mark = "@pytest.mark.xdist_group('g')\n"
    project.write("pytest.ini", "[pytest]\nmarkers = xdist_group: stays whole\n")
    body = "".join((mark if n in (0, 5) else "") + f"def test_{n}(): pass\n" for n in range(6))
    project.write("test_a.py", "import pytest\n" + body)
    parts = [set(outcomes(project.pytest(NOXLINE_SHARD=f"{k}/2")[1])) for k in (1, 2)]
    grouped = {"test_a.py::test_0", "test_a.py::test_5"}
    assert any(grouped <= part for part in parts)
    assert len(parts[0] | parts[1]) == 6


def test_workers_of_xdist_select_alike_and_only_the_controller_records(project: Project) -> None:
    pytest.importorskip("xdist")
    project.write("test_a.py", "".join(f"def test_{n}(): pass\n" for n in range(7)))
    parts = [project.pytest("-n2", NOXLINE_SHARD=f"{k}/2")[1] for k in (1, 2)]
    assert sorted(len(part.tests) for part in parts) == [3, 4]
    assert all(part.collected is not None and part.collected.total == 7 for part in parts)


def test_subtests_are_no_tests_but_fail_theirs(project: Project) -> None:
    if pytest.version_tuple < (9, 0):
        pytest.skip("subtests are built in since pytest 9")
    project.write(
        "test_a.py",
        "def test_mixed(subtests):\n    for n in range(3):\n"
        "        with subtests.test(n=n):\n            assert n != 1\n"
        "def test_good(subtests):\n    with subtests.test('x'):\n        pass\n",
    )
    _, process = project.pytest()
    assert outcomes(process) == {"test_a.py::test_mixed": "failed", "test_a.py::test_good": "passed"}


def test_version_of_python_is_recorded(project: Project) -> None:
    project.write("test_a.py", "def test_one(): pass")
    assert project.pytest()[1].python == f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_noxlines_own_folder_holds_no_tests_even_where_hidden_folders_do(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\nnorecursedirs = build\naddopts = --doctest-modules\n")
    project.write(".noxline/noxfile.py", "import nowhere")
    project.write(".hidden/test_a.py", "def test_a(): pass")
    code, process = project.pytest()
    assert code == 0, project.said
    assert outcomes(process) == {".hidden/test_a.py::test_a": "passed"}


def test_items_that_share_an_id_count_each(project: Project) -> None:
    project.write(
        "conftest.py",
        "import pytest\nclass Check(pytest.Item):\n    def runtest(self): pass\n"
        "class Text(pytest.File):\n    def collect(self):\n"
        "        return [Check.from_parent(self, name='check') for _ in range(2)]\n"
        "def pytest_collect_file(parent, file_path):\n"
        "    return Text.from_parent(parent, path=file_path) if file_path.suffix == '.txt' else None\n",
    )
    project.write("a.txt", "")
    code, process = project.pytest()
    assert code == 0, project.said
    assert outcomes(process) == {"a.txt::check": "passed", "a.txt::check#2": "passed"}
    assert process.running == ()


LOOP = """\
from _pytest.runner import runtestprotocol

def pytest_runtestloop(session):
    for item, nextitem in zip(session.items, [*session.items[1:], None]):
        if CALLED:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
        else:
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            runtestprotocol(item, nextitem=nextitem)
            item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
"""


@pytest.mark.parametrize("called", [True, False], ids=["protocol", "own"])
def test_whoever_runs_the_tests_in_another_way_is_heard(project: Project, called: bool) -> None:
    project.write("conftest.py", LOOP.replace("CALLED", str(called)))
    project.write("test_a.py", "def test_a(): pass\n\ndef test_b(): assert 0\n")
    project.write("test_b.py", "import os\n\ndef test_c(): os._exit(0)\n")
    _, process = project.pytest()
    assert outcomes(process) == {"test_a.py::test_a": "passed", "test_a.py::test_b": "failed"}
    assert process.running == ("test_b.py::test_c",)


@pytest.mark.parametrize(
    "place", ["@pytest.hookimpl(hookwrapper=True)\ndef pytest_sessionfinish", "def pytest_unconfigure"]
)
def test_the_last_test_is_recorded_wherever_the_session_ends(project: Project, place: str) -> None:
    project.write("conftest.py", f"import os, pytest\n\n{place}():\n    os._exit(0)\n    yield\n")
    project.write("test_a.py", "def test_a(): pass\n\ndef test_b(): pass\n")
    _, process = project.pytest()
    assert outcomes(process) == {"test_a.py::test_a": "passed", "test_a.py::test_b": "passed"}
    assert process.running == ()
