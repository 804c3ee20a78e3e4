"""The recorder of unittest in real processes: the same counts as `python -m unittest` prints."""

from __future__ import annotations

import pytest

from tests.injected.processes import Project, outcomes

pytestmark = pytest.mark.process

CASES = '''
import doctest, sys, unittest

class A(unittest.TestCase):
    def test_passes(self): pass
    def test_fails(self): self.fail("why")
    def test_breaks(self): 1 / 0
    @unittest.skip("reason")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected(self): pass
    def test_subtests(self):
        for n in range(3):
            with self.subTest(n=n): self.assertNotEqual(n, 1)
    def test_skipped_in_part(self):
        with self.subTest(1): self.skipTest("part")

class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise ValueError("fixture")
    def test_never(self): pass

def documented():
    """
    >>> 1
    1
    """

def load_tests(loader, tests, ignore):
    tests.addTests(doctest.DocTestSuite(sys.modules[__name__]))
    return tests
'''


def test_records_every_kind_of_outcome(project: Project) -> None:
    project.write("test_u.py", CASES)
    code, process = project.unittest()
    assert code == 1
    assert "failures=2, errors=2, skipped=2, expected failures=1, unexpected successes=1" in project.said
    assert outcomes(process) == {
        "test_u.A.test_passes": "passed",
        "test_u.A.test_fails": "failed",
        "test_u.A.test_breaks": "error",
        "test_u.A.test_skipped": "skipped",
        "test_u.A.test_expected": "skipped",
        "test_u.A.test_unexpected": "failed",
        "test_u.A.test_subtests": "failed",
        "test_u.A.test_skipped_in_part": "skipped",
        "setUpClass (test_u.Broken)": "error",
        "test_u.documented": "passed",
    }
    assert process.collected is not None
    assert process.collected.files == ("test_u.py",)
    assert process.end is not None
    assert process.end.exit_code == 1


def test_a_test_that_is_there_twice_counts_twice(project: Project) -> None:
    project.write("test_u.py", CASES)
    project.write(
        "run.py",
        "import unittest\nload = unittest.defaultTestLoader.loadTestsFromName\n"
        "name = 'test_u.A.test_passes'\n"
        "unittest.TextTestRunner().run(unittest.TestSuite([load(name), load(name)]))",
    )
    code, (process,) = project.run("run.py")
    assert code == 0, project.said
    assert set(outcomes(process)) == {"test_u.A.test_passes", "test_u.A.test_passes#2"}


def test_shards_run_disjoint_parts_with_their_fixtures(project: Project) -> None:
    body = "".join(f"    def test_{n}(self): self.assertTrue(self.ready)\n" for n in range(6))
    setup = "    @classmethod\n    def setUpClass(cls): cls.ready = True\n"
    project.write("test_u.py", f"import unittest\nclass A(unittest.TestCase):\n{setup}{body}")
    parts = [project.unittest(NOXLINE_SHARD=f"{k}/2")[1] for k in (1, 2)]
    assert [len(part.tests) for part in parts] == [3, 3]
    assert all(test.outcome == "passed" for part in parts for test in part.tests)
    assert len({test.id for part in parts for test in part.tests}) == 6


def test_an_interrupted_run_has_no_end(project: Project) -> None:
    project.write(
        "test_u.py", "import unittest\nclass A(unittest.TestCase):\n    def test_stop(self): raise KeyboardInterrupt"
    )
    code, process = project.unittest()
    assert code != 0
    assert process.end is None
    assert outcomes(process) == {"test_u.A.test_stop": "error"}


def test_tests_of_a_script_carry_its_name(project: Project) -> None:
    project.write("test/first.py", f"{CASES}\nunittest.main(argv=['first', 'A.test_passes'])\n")
    code, processes = project.run("test/first.py")
    assert (code, [outcomes(process) for process in processes]) == (0, [{"test.first.A.test_passes": "passed"}])


def test_a_module_that_skips_itself_was_collected(project: Project) -> None:
    project.write("tests/part/__init__.py", "")
    project.write("tests/part/test_u.py", "import unittest\nraise unittest.SkipTest('not here')\n")
    _, process = project.unittest("discover", "-s", "tests")
    assert outcomes(process) == {"unittest.loader.ModuleSkipped.part.test_u": "skipped"}
    assert process.collected is not None
    assert process.collected.files == ("tests/part/test_u.py",)
