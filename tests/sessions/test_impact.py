"""Which tests run after a change: each rule of docs/decisions/0014-impact.md, provoked in a real run of pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sessions.traced_project import TracedProject

pytestmark = pytest.mark.process


@pytest.fixture
def project(tmp_path: Path) -> TracedProject:
    made = TracedProject(tmp_path / "project")
    made.write("src/demo/__init__.py", "")
    made.write("src/demo/one.py", "def one(x=1):\n    return x\n\n\ndef other():\n    return 2\n")
    made.write("src/demo/two.py", "def two():\n    return 2\n")
    made.write(
        "tests/test_one.py",
        "from demo.one import one, other\n\ndef test_one():\n    assert one() == 1\n\n"
        "def test_other():\n    assert other() == 2\n",
    )
    made.write("tests/test_two.py", "from demo.two import two\n\ndef test_two():\n    assert two() == 2\n")
    return made


ALL = {"test_one", "test_other", "test_two"}


def test_only_what_a_changed_body_reaches_runs(project: TracedProject) -> None:
    assert project.run() == ALL
    assert project.run() == set()
    project.change("src/demo/one.py", "return x", "return x + 0")
    assert project.run() == {"test_one"}
    assert project.run() == set()


def test_a_coverage_whose_collector_is_not_known_switches_contexts_itself(project: TracedProject) -> None:
    note = project.root.parent / "switched"
    project.write(
        "src/sitecustomize.py",
        "import coverage\ncoverage.version_info = (5, 0)\nswitch = coverage.Coverage.switch_context\n"
        "def noted(self, context):\n"
        f"    with open({str(note)!r}, 'a') as stream:\n        stream.write(context + '\\n')\n"
        "    return switch(self, context)\ncoverage.Coverage.switch_context = noted\n",
    )
    assert project.run() == ALL
    assert sum(line.startswith("t:") for line in note.read_text().splitlines()) == len(ALL)
    project.change("src/demo/one.py", "return x", "return x + 0")
    assert project.run() == {"test_one"}
    selected = project.report()
    assert project.run(everything=True) == ALL
    assert selected == project.report()


def test_comments_formatting_and_files_that_nobody_reads_count_for_nothing(project: TracedProject) -> None:
    project.write("README.md", "hello\n")
    project.run()
    project.change("src/demo/one.py", "    return x", "    # why\n\n    return (\n        x\n    )")
    project.write("README.md", "hello again\n")
    assert project.run() == set()


def test_reports_after_a_selected_run_are_those_of_a_full_one(project: TracedProject) -> None:
    project.run()
    project.change(
        "src/demo/one.py", "def one(x=1):\n    return x", "# moved\n\n\ndef one(x=1):\n    y = x\n    return y"
    )
    project.change("tests/test_one.py", "def test_other", "\n\ndef test_other")
    project.change("src/demo/one.py", "def other():", "def other():\n    # moved inside")
    assert project.run() == {"test_one"}
    selected = project.report()
    assert project.run(everything=True) == ALL
    assert selected == project.report()


def test_where_a_file_cannot_be_collected_no_test_is_reused_for_none_would_run(project: TracedProject) -> None:
    project.run()
    project.change("src/demo/one.py", "def other", "def another")
    assert project.run() == set()
    selected = project.report()
    assert project.run(everything=True) == set()
    assert selected == project.report()


def test_what_failed_runs_again_and_new_tests_run(project: TracedProject) -> None:
    project.change("tests/test_two.py", "== 2", "== 3")
    project.run()
    project.change("src/demo/one.py", "return 2", "return 1 + 1")
    assert project.run() == {"test_two", "test_other"}
    project.change("tests/test_two.py", "def test_two", "def test_new(): pass\n\ndef test_two")
    assert project.run() >= {"test_new", "test_two"}


def test_another_environment_runs_everything(project: TracedProject) -> None:
    project.run()
    assert project.run(environment="another") == ALL


def test_a_default_and_a_new_method_are_changes_of_the_module(project: TracedProject) -> None:  # (a)
    project.write("src/demo/two.py", "class A:\n    def two(self):\n        return 2\n\n\nclass B(A):\n    x = 1\n")
    project.write("tests/test_two.py", "from demo.two import B\n\ndef test_two():\n    assert B().two() == 2\n")
    project.run()
    project.change("src/demo/two.py", "    x = 1\n", "    x = 1\n\n    def two(self):\n        return 3\n")
    assert project.run() == {"test_two"}
    assert project.outcomes["test_two"] == "failed"
    project.change("src/demo/one.py", "x=1", "x=2")
    assert project.run() == ALL
    assert project.outcomes["test_one"] == "failed"


def test_what_runs_during_an_import_belongs_to_all_who_import_it(project: TracedProject) -> None:  # (b)
    project.write("src/demo/tables.py", "from demo.two import two\n\nTABLE = [two()]\n")
    project.change("src/demo/one.py", "def one", "from demo.tables import TABLE\n\n\ndef one")
    project.write("tests/test_two.py", "def test_two(): pass\n")
    project.run()
    project.change("src/demo/two.py", "return 2", "return 3")
    assert project.run() == {"test_one", "test_other"}


def test_parameters_made_while_collecting_belong_to_their_file(project: TracedProject) -> None:  # (b)
    project.write("src/demo/cases.py", "def cases():\n    return [1, 2]\n")
    project.change(
        "tests/test_two.py",
        "def test_two():",
        "def pytest_generate_tests(metafunc):\n    from demo.cases import cases\n"
        "    metafunc.parametrize('x', cases())\n\n\ndef test_two(x):",
    )
    assert project.run() == {"test_one", "test_other", "test_two[1]", "test_two[2]"}
    project.change("src/demo/cases.py", "[1, 2]", "[1, 2, 3]")
    assert project.run() == {"test_two[1]", "test_two[2]", "test_two[3]"}


def test_hooks_of_a_conftest_belong_to_every_test_below_it(project: TracedProject) -> None:  # (b)
    project.write("tests/below/test_three.py", "def test_three(): pass\n")
    project.write("tests/below/conftest.py", "X = 1\n")
    project.run()
    project.change("tests/below/conftest.py", "X = 1", "X = 2")
    assert project.run() == {"test_three"}
    project.write("tests/conftest.py", "X = 1\n")
    assert project.run() == {*ALL, "test_three"}


def test_what_tests_of_a_file_keep_on_their_own_objects_counts_for_that_file_alone(
    project: TracedProject,
) -> None:  # (d)
    project.write(
        "src/demo/lazy.py",
        "class Lazy:\n    _kept = None\n\n    def value(self):\n        if self._kept is None:\n"
        "            self._kept = work()\n        return self._kept\n\n\ndef work():\n    return 3\n",
    )
    shared = "from demo.lazy import Lazy\n\nSHARED = Lazy()\n\n"
    project.write(
        "tests/test_lazy.py",
        shared + "def test_fills(): assert SHARED.value() == 3\n\ndef test_reads(): assert SHARED.value() == 3\n",
    )
    project.write(
        "tests/test_local.py",
        "from demo.lazy import Lazy\n\ndef test_local():\n    made = Lazy()\n    made._kept = 1\n"
        "    assert made.value() == 1\n",
    )
    project.run()
    project.change("src/demo/lazy.py", "return 3", "return 4")
    assert project.run() == {"test_fills", "test_reads"}


def test_a_variable_that_is_as_before_after_each_test_carries_nothing(project: TracedProject) -> None:  # (d)
    project.write(
        "src/demo/stack.py",
        "STACK = []\n\n\ndef push():\n    STACK.append(work())\n\n\ndef pop():\n    STACK.pop()\n\n\n"
        "def depth():\n    return len(STACK)\n\n\ndef work():\n    return 3\n",
    )
    balanced = (
        "from demo.stack import pop, push, depth\n\ndef test_pushes():\n    push()\n    pop()\n\n"
        "def test_looks():\n    assert depth() == 0\n"
    )
    project.write("tests/test_stack.py", balanced)
    project.run()
    project.change("src/demo/stack.py", "return 3", "return 4")
    assert project.run() == {"test_pushes"}
    project.change("tests/test_stack.py", "    pop()\n", "")
    project.change("tests/test_stack.py", "== 0", "== 1")
    project.run()
    project.change("src/demo/stack.py", "return 4", "return 5")
    assert project.run() == {"test_pushes", "test_looks"}


def test_only_the_tests_in_which_something_moved_left_it(project: TracedProject) -> None:  # (d)
    project.write(
        "src/demo/kept.py",
        "class Box:\n    def __init__(self, value):\n        self.value = value\n\n\nKEPT = {}\n\n\ndef ask(make):\n"
        "    if 1 not in KEPT:\n        KEPT[1] = Box(make())\n    return KEPT[1].value\n\n\n"
        "def three():\n    return 3\n\n\ndef four():\n    return 4\n",
    )
    project.write(
        "tests/test_kept.py",
        "from demo.kept import ask, four, three\n\ndef test_fills(): ask(three)\n\ndef test_finds(): ask(four)\n\n"
        "def test_finds_too():\n    four()\n    ask(four)\n",
    )
    project.run()
    project.change("src/demo/kept.py", "return 4", "return 5")
    assert project.run() == {"test_finds_too"}
    project.change("src/demo/kept.py", "return 3", "return 6")
    assert project.run() == {"test_fills", "test_finds", "test_finds_too"}
    project.change("src/demo/kept.py", "return 5", "return 7")
    assert project.run() == {"test_finds_too"}


def test_setup_and_teardown_of_a_fixture_belong_to_all_who_use_it(project: TracedProject) -> None:  # (c)
    project.write("src/demo/server.py", "def start():\n    return 1\n\n\ndef stop():\n    return 1\n")
    project.write(
        "tests/test_two.py",
        "import pytest\nfrom demo.server import start, stop\n\n"
        "@pytest.fixture(scope='module')\ndef server():\n    yield start()\n    stop()\n\n"
        "def test_first(server): pass\ndef test_without(): pass\n"
        "def test_asking(request): request.getfixturevalue('server')\ndef test_last(): pass\n",
    )
    project.run()
    project.change("src/demo/server.py", "def start():\n    return 1", "def start():\n    return 2")
    assert project.run() == {"test_first", "test_asking"}
    project.change("src/demo/server.py", "def stop():\n    return 1", "def stop():\n    return 2")
    assert project.run() == {"test_first", "test_asking"}


LASTING = {
    "lru_cache": (
        "from functools import lru_cache\n\n\n@lru_cache\ndef kept():\n    return helper()\n\n\n"
        "def ask():\n    return kept()\n"
    ),
    "a cache around a function": (
        "import functools\n\n\ndef _kept():\n    return helper()\n\n\nkept = functools.lru_cache(None)(_kept)\n\n\n"
        "def ask():\n    return kept()\n"
    ),
    "cached_property of an object of the module": (
        "from functools import cached_property\n\n\nclass A:\n    @cached_property\n    def kept(self):\n"
        "        return helper()\n\n\nITEM = A()\n\n\ndef ask():\n    return ITEM.kept\n"
    ),
    "a global": (
        "KEPT = None\n\n\ndef ask():\n    global KEPT\n    if KEPT is None:\n        KEPT = helper()\n    return KEPT\n"
    ),
    "a global set elsewhere": (
        "KEPT = None\n\n\ndef load():\n    global KEPT\n    KEPT = helper()\n\n\n"
        "def ask():\n    if KEPT is None:\n        load()\n    return KEPT\n"
    ),
    "a table of the module": (
        "KEPT = {}\n\n\ndef ask():\n    if 1 not in KEPT:\n        KEPT[1] = helper()\n    return KEPT[1]\n"
    ),
    "a table lent to a function": (
        "KEPT = {}\n\n\ndef fill(table):\n    if 1 not in table:\n        table[1] = helper()\n\n\n"
        "def ask():\n    fill(KEPT)\n    return KEPT[1]\n"
    ),
    "an attribute of a class": (
        "class A:\n    kept = None\n\n    @classmethod\n    def get(cls):\n        if cls.kept is None:\n"
        "            cls.kept = helper()\n        return cls.kept\n\n\ndef ask():\n    return A.get()\n"
    ),
    "an attribute of an object of the module": (
        "class A:\n    def __init__(self):\n        self.kept = None\n\n    def get(self):\n"
        "        if self.kept is None:\n            self.kept = helper()\n        return self.kept\n\n\n"
        "ITEM = A()\n\n\ndef ask():\n    return ITEM.get()\n"
    ),
    "an object in a table": (
        "class Box:\n    def __init__(self):\n        self.value = helper()\n\n\nKEPT = {}\n\n\ndef ask():\n"
        "    if 1 not in KEPT:\n        KEPT[1] = Box()\n    return KEPT[1].value\n"
    ),
    "an object for a key that lives": (
        "from weakref import WeakKeyDictionary\n\n\nclass Box:\n    def __init__(self):\n"
        "        self.value = helper()\n\n\nKEY = Box\nKEPT = WeakKeyDictionary()\n\n\n"
        "def ask():\n    found = KEPT.get(KEY)\n"
        "    if found is None:\n        KEPT[KEY] = found = Box()\n    return found.value\n"
    ),
    "a key that is its own value": (
        "from weakref import WeakKeyDictionary\n\n\nclass Box:\n    value = None\n\n\nKEY = Box()\n"
        "KEPT = WeakKeyDictionary()\n\n\ndef ask():\n    found = KEPT.get(KEY)\n    if found is None:\n"
        "        KEY.value = helper()\n        KEPT[KEY] = KEY\n    return KEY.value\n"
    ),
    "an object on a lasting object": (
        "class Box:\n    def __init__(self):\n        self.value = helper()\n\n\n"
        "class A:\n    kept = None\n\n    def get(self):\n"
        "        if self.kept is None:\n            self.kept = Box()\n        return self.kept.value\n\n\n"
        "ITEM = A()\n\n\ndef ask():\n    return ITEM.get()\n"
    ),
    "a method called by a computed name": (
        "from functools import lru_cache\n\n\nclass A:\n    def do_it(self):\n        return helper()\n\n\n@lru_cache\n"
        "def kept(name):\n    return getattr(A(), f'do_{name}')()\n\n\ndef ask():\n    return kept('it')\n"
    ),
}


@pytest.mark.parametrize("kept", LASTING.values(), ids=LASTING)
def test_what_an_earlier_test_left_counts_for_those_who_find_it(project: TracedProject, kept: str) -> None:  # (d)
    project.write("src/demo/kept.py", f"def helper():\n    return 1\n\n\n{kept}")
    project.write(
        "tests/test_two.py",
        "from demo.kept import ask\n\ndef test_first():\n    ask()\n\ndef test_second():\n    assert ask() == 1\n\n"
        "def test_stranger(): pass\n",
    )
    project.run()
    project.change("src/demo/kept.py", "return 1", "return 2")
    ran = project.run()
    assert ran >= {"test_first", "test_second"}
    assert not ran & {"test_one", "test_other"}
    assert project.outcomes["test_second"] == "failed"


def test_a_module_imported_late_counts_for_all_who_may_import_it(project: TracedProject) -> None:  # (d)
    project.write("src/demo/late.py", "VALUE = 1\n")
    project.write(
        "tests/test_two.py",
        "def ask():\n    from demo.late import VALUE\n    return VALUE\n\n"
        "def test_first(): ask()\n\ndef test_second():\n    assert ask() == 1\n",
    )
    project.run()
    project.change("src/demo/late.py", "1", "2")
    assert project.run() == {"test_first", "test_second"}


def test_a_module_imported_by_a_computed_name_counts_for_each_importer(project: TracedProject) -> None:  # (e)
    project.write("src/demo/plug_in.py", "VALUE = 1\n")
    late = "import importlib\n\ndef ask(n): return importlib.import_module('demo.plug' + n).VALUE\n"
    project.write("tests/test_two.py", late + "\ndef test_two():\n    assert ask('_in')\n")
    project.write("tests/test_four.py", late + "\ndef test_four():\n    assert ask('_in') == 1\n")
    project.run()
    project.change("src/demo/plug_in.py", "1", "2")
    assert project.run() == {"test_two", "test_four"}


@pytest.mark.parametrize(
    "name", ["colorsys.py", "src/colorsys/__init__.py", "tests/sitecustomize.py", "tests/conftest.py"]
)
def test_a_new_file_that_an_import_may_find_runs_everything(project: TracedProject, name: str) -> None:  # (e)
    project.change("src/demo/two.py", "def two", "import colorsys\n\n\ndef two")
    project.run()
    project.write(name, "")
    assert project.run() == ALL


def test_a_new_file_of_another_name_changes_nothing(project: TracedProject) -> None:  # (e)
    project.run()
    project.write("src/demo/three.py", "")
    assert project.run() == set()


def test_source_that_is_read_as_data_counts_by_its_bytes(project: TracedProject) -> None:  # (f)
    project.write(
        "tests/test_two.py",
        "import inspect\nimport demo.two\n\ndef test_two():\n    assert 'def' in inspect.getsource(demo.two)\n\n"
        "def test_again():\n    assert 'def' in inspect.getsource(demo.two)\n",
    )
    project.run()
    project.change("src/demo/two.py", "def two", "# a comment\ndef two")
    assert project.run() == {"test_two", "test_again"}


def test_what_was_read_while_tests_were_collected_is_read_again_by_the_first_test(
    project: TracedProject,
) -> None:  # (f)
    asks = "import inspect\nimport demo.two\n\n"
    project.write("tests/test_one.py", asks + "def test_first():\n    assert 'one' in inspect.getsource(demo.two)\n")
    project.write(
        "tests/test_two.py", asks + "TEXT = inspect.getsource(demo.two)\n\ndef test_two():\n    assert TEXT\n"
    )
    project.write("src/demo/two.py", "# one\ndef two():\n    return 2\n")
    project.run()
    project.change("src/demo/two.py", "# one", "# two")
    assert project.run() == {"test_first", "test_two"}


def test_source_that_pytest_reads_to_tell_of_an_expected_failure_counts_too(project: TracedProject) -> None:  # (f)
    project.write(
        "tests/conftest.py",
        "import inspect, pytest\nfrom demo import two\n\n@pytest.hookimpl(hookwrapper=True)\n"
        "def pytest_runtest_makereport(item, call):\n    report = (yield).get_result()\n"
        "    if report.when == 'call' and report.failed and 'known bug' in inspect.getsource(two.two):\n"
        "        report.outcome, report.longrepr = 'skipped', ('x', 1, 'known bug')\n",
    )
    project.write("src/demo/two.py", "def two():\n    # known bug\n    return 3\n")
    project.run()
    project.change("src/demo/two.py", "known bug", "fixed bugs")
    assert "test_two" in project.run()
    assert project.outcomes["test_two"] == "failed"


def test_a_coverage_that_cannot_write_is_a_reason_and_no_error_of_pytest(project: TracedProject) -> None:
    project.write(
        "tests/conftest.py",
        "import coverage\n\nadd = coverage.CoverageData.add_lines\n\n"
        "def fail(*given):\n    raise coverage.exceptions.DataError('full')\n\n"
        "def pytest_collection_finish():\n    coverage.CoverageData.add_lines = fail\n\n"
        "def pytest_unconfigure():\n    coverage.CoverageData.add_lines = add\n",
    )
    project.run()
    assert "INTERNALERROR" not in project.said
    assert set(project.outcomes) == ALL
    assert project.run() == ALL


def test_a_session_that_leaves_at_its_end_has_its_coverage(project: TracedProject) -> None:
    project.write("tests/conftest.py", "import os\n\ndef pytest_sessionfinish():\n    os._exit(0)\n")
    project.run()
    assert {"one.py", "two.py"} <= set(project.report()[1])
    project.change("src/demo/one.py", "return x", "return x + 0")
    project.run()
    assert set(project.outcomes) == ALL


def test_the_report_of_a_failure_reads_source_for_the_test_that_failed_alone(project: TracedProject) -> None:  # (f)
    project.change("tests/test_one.py", "assert one() == 1", "assert one() == 3")
    project.run()
    project.change("src/demo/one.py", "def other", "# a comment\ndef other")
    project.change("tests/test_one.py", "assert one() == 3", "assert one() == 1")
    assert project.run() == {"test_one"}


def test_data_files_and_listed_folders_count(project: TracedProject) -> None:
    project.write("tests/data/a.txt", "1")
    project.write("tests/data/b.txt", "1")
    project.write(
        "tests/test_two.py",
        "import os\nHERE = os.path.join(os.path.dirname(__file__), 'data')\n\n"
        "def test_reads():\n    assert open(os.path.join(HERE, 'a.txt')).read() == '1'\n\n"
        "def test_lists():\n    assert len(os.listdir(HERE)) == 2\n",
    )
    project.run()
    project.write("tests/data/a.txt", "2")
    assert project.run() == {"test_reads"}
    (project.root / "tests/data/b.txt").unlink()
    assert {"test_reads", "test_lists"} <= project.run()


def test_a_changed_file_among_the_tests_that_nobody_was_seen_to_read_runs_everything(project: TracedProject) -> None:
    project.write("tests/data/c.bin", "1")  # (g)
    project.run()
    project.write("tests/data/c.bin", "2")
    assert project.run() == ALL


def test_a_thread_that_outlives_its_test_runs_everything_next_time(project: TracedProject) -> None:  # (g)
    project.write(
        "tests/test_two.py",
        "import threading, time\n\ndef test_two():\n    threading.Thread(target=time.sleep, args=(2,)).start()\n",
    )
    assert project.run() == ALL
    assert project.run() == ALL


def test_a_thread_that_ends_with_its_test_is_followed(project: TracedProject) -> None:  # (g)
    project.write(
        "tests/test_two.py",
        "import threading\nfrom demo.two import two\n\n"
        "def test_two():\n    t = threading.Thread(target=two)\n    t.start()\n    t.join()\n",
    )
    project.run()
    project.change("src/demo/one.py", "return 2", "return 3 - 1")
    assert project.run() == {"test_other"}
    project.change("src/demo/two.py", "return 2", "return 3")
    assert project.run() == {"test_two"}


def test_code_made_from_strings_is_followed_by_what_it_calls_and_who_made_it(project: TracedProject) -> None:  # (g)
    project.write("src/demo/made.py", "def text():\n    return 'two()'\n")
    project.write(
        "tests/test_two.py",
        "from demo.made import text\nfrom demo.two import two\n\ndef test_two():\n    assert eval(text()) == 2\n",
    )
    project.run()
    project.change("src/demo/two.py", "return 2", "return 3")
    assert project.run() == {"test_two"}
    project.change("src/demo/two.py", "return 3", "return 2")
    project.run()
    project.change("src/demo/made.py", "two()", "two() + 0")
    assert project.run() == {"test_two"}


def test_a_test_that_replaces_the_tracer_runs_everything_next_time(project: TracedProject) -> None:  # (g)
    project.write("tests/test_two.py", "import sys\n\ndef test_two():\n    sys.settrace(None)\n")
    project.run()
    assert project.run() == ALL


def test_a_state_too_large_to_look_at_runs_everything_next_time(  # (g)
    project: TracedProject, capfd: pytest.CaptureFixture[str]
) -> None:
    project.change("src/demo/two.py", "def two", "MANY = [[] for _ in range(200_001)]\n\n\ndef two")
    assert project.run() == ALL
    assert "the next run cannot select tests: the project's modules hold more than" in capfd.readouterr().out
    assert project.run() == ALL


def test_another_core_of_coverage_is_refused(project: TracedProject) -> None:
    project.write("tests/conftest.py", "import sys\nsys.settrace(None)\n")
    project.run()
    assert project.run() == ALL


CHILD = (
    "import subprocess, sys\n\ndef test_two():\n"
    "    subprocess.run([sys.executable, '-c', 'from demo.two import two; assert two() == 2'], check=True)\n"
)


def test_what_a_python_child_ran_belongs_to_the_test_that_started_it(project: TracedProject) -> None:  # (h)
    project.write("tests/test_two.py", CHILD)
    project.run()
    project.change("src/demo/one.py", "return 2", "return 3 - 1")
    assert project.run() == {"test_other"}
    project.change("src/demo/two.py", "return 2", "return 3")
    assert project.run() == {"test_two"}
    assert project.outcomes["test_two"] == "failed"


def test_a_child_that_is_started_between_two_tests_belongs_to_no_test(project: TracedProject) -> None:  # (h)
    start = "subprocess.run([sys.executable, '-c', 'from demo.two import two; assert two()'], check=True)"
    project.write(
        "tests/conftest.py",
        "import pytest, subprocess, sys\n\nclass Outside:\n    @pytest.hookimpl(hookwrapper=True, tryfirst=True)\n"
        f"    def pytest_runtest_protocol(self):\n        {start}\n        yield\n\n"
        "def pytest_collection_finish(session):\n    session.config.pluginmanager.register(Outside())\n",
    )
    project.write("tests/test_two.py", "def test_two(): pass\n\ndef test_third(): pass\n")
    project.run()
    project.change("src/demo/two.py", "return 2", "return 3")
    assert project.run() == {*ALL, "test_third"}


def test_a_child_of_the_session_that_cannot_be_followed_is_said(
    project: TracedProject, capfd: pytest.CaptureFixture[str]
) -> None:  # (g), (h)
    child = "import subprocess; subprocess.run(['sh', '-c', 'true;'])"
    start = f'subprocess.run([sys.executable, "-c", "{child}"], check=True)'
    project.write("tests/conftest.py", f"import subprocess, sys\n\ndef pytest_sessionstart():\n    {start}\n")
    project.run()
    assert "something that all tests share starts a process (s)" in capfd.readouterr().out
    assert project.run() == ALL


@pytest.mark.parametrize(("own", "selects"), [("os._exit(0)", False), ("pass", True), ("", True)])
def test_a_child_of_a_plugin_does_not_stand_for_one_of_the_project(
    project: TracedProject, tmp_path_factory: pytest.TempPathFactory, own: str, selects: bool
) -> None:  # (h)
    folder = tmp_path_factory.mktemp("elsewhere")
    start = "import subprocess, sys\n\ndef pytest_sessionstart():\n    subprocess.run([sys.executable, '-c', '{}'])\n"
    (folder / "elsewhere_plugin.py").write_text(start.format("pass" if own else "import os; os._exit(0)"))
    mine = start.format(f"import os; {own}") if own else ""
    project.write(
        "tests/conftest.py",
        f"import sys\nsys.path.append({str(folder)!r})\npytest_plugins = ['elsewhere_plugin']\n{mine}",
    )
    project.run()
    assert (project.run() == set()) is selects


def test_a_new_file_that_a_child_would_find_runs_everything(project: TracedProject) -> None:  # (e), (h)
    project.write("tests/test_two.py", CHILD.replace("import two;", "import two; import colorsys;"))
    project.run()
    project.write("src/colorsys.py", "")
    assert project.run() == ALL


@pytest.mark.parametrize(
    "start",
    [
        "['sh', '-c', 'true;']",
        "['true'], preexec_fn=lambda: None",
        "[sys.executable, '-I', '-c', '']",
        "[sys.executable, '-c', ''], env={}",
    ],
)
def test_a_test_whose_child_cannot_be_followed_runs_after_any_change(project: TracedProject, start: str) -> None:  # (h)
    project.write(
        "tests/test_two.py", f"import subprocess, sys\n\ndef test_two():\n    subprocess.run({start}, check=True)\n"
    )
    project.run()
    assert project.run() == set()
    project.change("src/demo/one.py", "return 2", "return 3 - 1")
    assert project.run() == {"test_other", "test_two"}


def test_a_program_that_reads_what_its_arguments_name_is_followed(project: TracedProject) -> None:  # (h)
    project.write("tests/words/a.txt", "a")
    project.write(
        "tests/test_two.py",
        "import pathlib, subprocess\n\nFOLDER = pathlib.Path(__file__).with_name('words')\n\n"
        "def test_two():\n    assert subprocess.check_output(['cat', 'a.txt'], cwd=FOLDER) == b'a'\n",
    )
    project.run()
    project.change("src/demo/one.py", "return 2", "return 3 - 1")
    assert project.run() == {"test_other"}
    project.write("tests/words/a.txt", "b")
    assert project.run() == {"test_two"}
    assert project.outcomes["test_two"] == "failed"


def test_a_process_started_by_an_import_counts_for_who_imports_it(project: TracedProject) -> None:  # (h)
    project.write(
        "tests/test_two.py",
        "import subprocess\nsubprocess.run('true;', shell=True, check=True)\n\ndef test_two(): pass\n",
    )
    project.run()
    project.change("src/demo/one.py", "return 2", "return 3 - 1")
    assert project.run() == {"test_other", "test_two"}


def test_what_a_child_of_an_import_ran_counts_for_who_imports_it(project: TracedProject) -> None:  # (h)
    project.write(
        "tests/test_two.py",
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'from demo.two import two; assert two()'], check=True)\n\n"
        "def test_two(): pass\n",
    )
    project.run()
    project.change("src/demo/two.py", "return 2", "return 3")
    assert "test_two" in project.run()


def test_workers_of_xdist_leave_the_record_of_a_serial_run(project: TracedProject) -> None:
    project.write(
        "tests/test_two.py",
        "import pytest\nfrom demo.two import two\n\n"
        "@pytest.fixture(scope='module')\ndef shared():\n    return two()\n\n"
        "def test_two(shared):\n    assert shared == 2\n\ndef test_more(shared): pass\n",
    )
    assert project.run() == {*ALL, "test_more"}
    serial = project.dependencies()
    project.options = ("-p", "xdist", "-n2")
    project.run(everything=True)
    assert project.dependencies() == serial
    report = project.report()
    project.change("src/demo/one.py", "return 2", "return 3 - 1")
    project.run()
    assert project.ran_in_workers == {"test_other"}
    assert cases(project.report()[0]) == cases(report[0])


def test_what_the_controller_of_xdist_starts_is_no_child_of_a_test(project: TracedProject) -> None:
    project.write(
        "tests/conftest.py",
        "import pytest, subprocess\n\n@pytest.hookimpl(optionalhook=True)\n"
        "def pytest_configure_node(node):\n    subprocess.run(['true'], check=True)\n",
    )
    project.options = ("-p", "xdist", "-n2")
    assert project.run() == set()  # none in this process
    assert project.ran_in_workers == ALL


def cases(report: str) -> list[str]:
    """Return the tests of a JUnit report; those of workers stand in it as they ended."""
    return sorted(case.partition("</testsuite>")[0].rstrip() for case in report.split("<testcase")[1:])
