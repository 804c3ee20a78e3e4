"""Suites with the plug-ins and options that people use behave under the plugin, sharded or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.injected.environments import make_environment
from tests.injected.processes import Project, outcomes

pytestmark = pytest.mark.process
TESTS = "".join(f"def test_{n}(): assert mod.double({n}) == {2 * n}\n" for n in range(6))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment") / "env"
    packages = ("pytest", "pytest-cov", "pytest-randomly", "pytest-random-order", "pytest-xdist", "pytest-subtests")
    return make_environment(folder, "3.11", *packages)


@pytest.fixture
def suite(project: Project, python: Path) -> Project:
    project.python = str(python)
    project.write("mod.py", "def double(x):\n    return 2 * x\n")
    project.write("test_a.py", "import mod\n" + TESTS)
    project.write("test_b.py", "import mod\n" + TESTS)
    return project


def shards(suite: Project, *arguments: str, count: int = 2) -> list[dict[str, str]]:
    """Run all shards; all pass, and together they are every test once."""
    parts = []
    for number in range(1, count + 1):
        code, process = suite.pytest(*arguments, NOXLINE_SHARD=f"{number}/{count}")
        assert code == 0, suite.said
        assert process.collected is not None
        assert set(process.collected.ids) == set(outcomes(process))
        parts.append(outcomes(process))
    assert sum(map(len, parts)) == len({name for part in parts for name in part})
    return parts


def test_random_order_splits_alike_in_every_shard(suite: Project) -> None:
    off = {"randomly": "no:random_order", "random_order": "no:randomly"}
    for plugin, other in off.items():
        more = ("--random-order",) if plugin == "random_order" else ()
        parts = shards(suite, "-p", other, *more)
        assert [len(part) for part in parts] == [6, 6]


def test_retries_run_in_the_order_asked_for_whatever_shuffles(suite: Project) -> None:
    names = ["test_b.py::test_3", "test_a.py::test_5", "test_b.py::test_1"]
    suite.write("only.json", str(names).replace("'", '"'))
    for options in (("-p", "no:random_order"), ("-p", "no:randomly", "--random-order"), ("-n0",)):
        _, process = suite.pytest(*options, NOXLINE_ONLY=str(suite.root / "only.json"))
        assert [test.id for test in process.tests] == names


def test_what_failed_before_comes_first(suite: Project) -> None:
    suite.write("first.json", '["test_b.py::test_4", "gone.py::test_x"]')
    _, process = suite.pytest("-p", "no:randomly", NOXLINE_FIRST=str(suite.root / "first.json"))
    assert [test.id for test in process.tests][:3] == ["test_b.py::test_4", "test_a.py::test_0", "test_a.py::test_1"]


def test_fail_fast_stops_at_the_first_failure_unless_the_suite_says_otherwise(suite: Project) -> None:
    suite.write("test_0.py", "def test_1(): assert 0\ndef test_2(): assert 0\n")
    plain = ("-p", "no:randomly")
    assert len(suite.pytest(*plain, NOXLINE_FAIL_FAST="1")[1].tests) == 1
    assert len(suite.pytest(*plain, "--maxfail=2", NOXLINE_FAIL_FAST="1")[1].tests) == 2
    code, process = suite.pytest(*plain, "-n2", NOXLINE_FAIL_FAST="1")
    assert code != 0
    assert "failed" in outcomes(process).values()


def test_a_bound_on_coverage_is_left_to_the_whole(suite: Project) -> None:
    """noxline adds --no-cov: a shard alone cannot reach the bound of the suite."""
    arguments = ("-p", "no:randomly", "--cov=mod", "--cov-fail-under=100", "--no-cov")
    assert [len(part) for part in shards(suite, *arguments)] == [6, 6]


def test_doctests_are_split_too(suite: Project) -> None:
    suite.write("doc.py", 'def one():\n    """\n    >>> one()\n    1\n    """\n    return 1\n')
    names = {name for part in shards(suite, "--doctest-modules", "-qq", count=3) for name in part}
    assert "doc.py::doc.one" in names


def test_groups_stay_together_with_and_without_workers(suite: Project) -> None:
    suite.write(
        "test_g.py",
        "import pytest\n" + "".join(f"@pytest.mark.xdist_group('g')\ndef test_{n}(): pass\n" for n in range(5)),
    )
    for more in ((), ("-n2", "--dist=loadgroup"), ("-n2", "--dist=load")):
        parts = shards(suite, "-p", "no:randomly", *more)
        assert [sum(name.startswith("test_g.py") for name in part) for part in parts] in ([5, 0], [0, 5])
        assert not any("@" in name for part in parts for name in part)


def test_subtests_count_with_their_test(suite: Project) -> None:
    suite.write(
        "test_s.py",
        "import unittest\n"
        "def test_sub(subtests):\n"
        "    for n in range(3):\n"
        "        with subtests.test(n=n): pass\n"
        "class Case(unittest.TestCase):\n"
        "    def test_it(self):\n"
        "        for n in range(2):\n"
        "            with self.subTest(n=n): self.assertTrue(1)\n",
    )
    names = [name for part in shards(suite) for name in part if name.startswith("test_s.py")]
    assert sorted(names) == ["test_s.py::Case::test_it", "test_s.py::test_sub"]


def test_phases_worker_and_shared_fixtures_are_recorded(suite: Project) -> None:
    suite.write(
        "test_f.py",
        "import pytest, time\n"
        "@pytest.fixture(scope='module')\n"
        "def db():\n"
        "    time.sleep(0.05)\n"
        "    yield 1\n"
        "def test_one(db): pass\n"
        "def test_two(db): pass\n"
        "def test_none(): pass\n",
    )
    for more in (("-n1",), ()):
        _, process = suite.pytest("-p", "no:randomly", "test_f.py", *more)
        one, two, none = process.tests
        assert set(one.phases) == {"setup", "call", "teardown"}
        assert list(one.shared) == ["module:test_f.py:db"]
        assert one.shared["module:test_f.py:db"] >= 0.05
        assert (one.uses, two.uses, none.uses) == (("module:test_f.py:db",),) * 2 + ((),)
        assert two.shared == none.shared == {}
        assert one.worker == ("gw0" if more else "")
        assert (one.cost > one.shared["module:test_f.py:db"]) is not bool(more)


@pytest.mark.parametrize("version", ["3.9", "3.10"])
def test_the_oldest_pytest_and_python(project: Project, tmp_path: Path, version: str) -> None:
    project.python = str(make_environment(tmp_path / "old", version, "pytest==7.0", "pytest-xdist==2.5"))
    project.write("test_a.py", "".join(f"def test_{n}(): pass\n" for n in range(4)))
    parts = [project.pytest(NOXLINE_SHARD=f"{k}/2")[1] for k in (1, 2)]
    assert [len(part.tests) for part in parts] == [2, 2]
    assert parts[0].python == version
    code, process = project.pytest("-n2")
    assert (code, len(process.tests)) == (0, 4)
