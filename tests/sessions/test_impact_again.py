"""What several tests may have left: where nobody can tell which of them did, all of them count (rule (d))."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sessions.traced_project import TracedProject

pytestmark = pytest.mark.process

A_MEMBER_OF_AN_ENUMERATION = """\
import enum


class Mode(enum.Enum):
    OFF = 0
    ON = 1


kept = Mode.OFF


def first():
    global kept
    kept = Mode.ON


def second():
    global kept
    kept = Mode.ON


def ask():
    return kept is Mode.ON


def zeroth():
    pass
"""
A_MEMBER_OF_AN_ENUMERATION_EDIT = (
    "second():\n    global kept\n    kept = Mode.ON",
    "second():\n    global kept\n    kept = Mode.OFF",
)
AN_OBJECT_OF_MODULE = """\
class Backend:
    pass


FILES, MEMORY, kept = Backend(), Backend(), None


def first():
    global kept
    kept = MEMORY


def second():
    global kept
    kept = MEMORY


def ask():
    return kept is MEMORY


def zeroth():
    pass
"""
AN_OBJECT_OF_MODULE_EDIT = (
    "second():\n    global kept\n    kept = MEMORY",
    "second():\n    global kept\n    kept = FILES",
)
AN_ATTRIBUTE_OF_WHAT_AN_EARLIER_TEST_MADE = """\
class Config:
    debug = False


kept = None


def get():
    global kept
    if kept is None:
        kept = Config()
    return kept


def zeroth():
    get()


def first():
    get().debug = True


def second():
    get().debug = True


def ask():
    return get().debug
"""
AN_ATTRIBUTE_OF_WHAT_AN_EARLIER_TEST_MADE_EDIT = (
    "second():\n    get().debug = True",
    "second():\n    get().debug = False",
)
WHAT_IT_WAS_AT_FIRST = """\
class Thing:
    pass


kept = None


def zeroth():
    global kept
    kept = Thing()


def first():
    global kept
    kept = None


def second():
    global kept
    kept = None


def ask():
    return kept is None
"""
WHAT_IT_WAS_AT_FIRST_EDIT = (
    "second():\n    global kept\n    kept = None",
    "second():\n    global kept\n    kept = 5",
)
EMPTIED_AGAIN = """\
KEPT = {'a': 1}


def first():
    KEPT.clear()


def second():
    KEPT.clear()


def ask():
    return not KEPT


def zeroth():
    pass
"""
EMPTIED_AGAIN_EDIT = (
    "second():\n    KEPT.clear()",
    "second():\n    KEPT.update(b=2)",
)
EMPTIED_WHERE_SOMEBODY_WANTS_IT = """\
KEPT = {'a': 1}


def wanted():
    return True


def first():
    if wanted():
        KEPT.clear()


def second():
    pass


def ask():
    return not KEPT


def zeroth():
    pass
"""
EMPTIED_WHERE_SOMEBODY_WANTS_IT_EDIT = (
    "return True",
    "return False",
)
FOUND_BY_WHAT_IS_EQUAL = """\
import weakref


class Key:
    out = None

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return True


KEPT = weakref.WeakKeyDictionary()


def work():
    return True


def first():
    key = Key()
    key.out = work()
    KEPT[key] = key


def second():
    pass


def ask():
    return KEPT.get(Key()).out


def zeroth():
    pass
"""
FOUND_BY_WHAT_IS_EQUAL_EDIT = (
    "return True\n\n\ndef first",
    "return False\n\n\ndef first",
)
THE_FIRST_ATTRIBUTE_OF_A_FUNCTION = """\
def job():
    pass


def level():
    return True


def first():
    job.level = level()


def second():
    pass


def ask():
    return job.level


def zeroth():
    pass
"""
THE_FIRST_ATTRIBUTE_OF_A_FUNCTION_EDIT = (
    "return True",
    "return False",
)
LENT_AND_CHANGED = """\
KEPT = []


def value():
    return 1


def feed(queue):
    queue += [value()]


def first():
    feed(KEPT)


def second():
    KEPT.sort()


def ask():
    return KEPT == [1]


def zeroth():
    pass
"""
LENT_AND_CHANGED_EDIT = (
    "return 1",
    "return 2",
)

CASES = {
    "a member of an enumeration": (A_MEMBER_OF_AN_ENUMERATION, A_MEMBER_OF_AN_ENUMERATION_EDIT),
    "an object of the module": (AN_OBJECT_OF_MODULE, AN_OBJECT_OF_MODULE_EDIT),
    "an attribute of what an earlier test made": (
        AN_ATTRIBUTE_OF_WHAT_AN_EARLIER_TEST_MADE,
        AN_ATTRIBUTE_OF_WHAT_AN_EARLIER_TEST_MADE_EDIT,
    ),
    "what it was at first": (WHAT_IT_WAS_AT_FIRST, WHAT_IT_WAS_AT_FIRST_EDIT),
    "emptied again": (EMPTIED_AGAIN, EMPTIED_AGAIN_EDIT),
    "emptied where somebody wants it": (EMPTIED_WHERE_SOMEBODY_WANTS_IT, EMPTIED_WHERE_SOMEBODY_WANTS_IT_EDIT),
    "found by what is equal": (FOUND_BY_WHAT_IS_EQUAL, FOUND_BY_WHAT_IS_EQUAL_EDIT),
    "the first attribute of a function": (THE_FIRST_ATTRIBUTE_OF_A_FUNCTION, THE_FIRST_ATTRIBUTE_OF_A_FUNCTION_EDIT),
    "lent and changed": (LENT_AND_CHANGED, LENT_AND_CHANGED_EDIT),
}

TESTS = """\
from demo.kept import ask, first, second, zeroth


def test_zeroth():
    zeroth()


def test_first():
    first()


def test_second():
    second()


def test_asks():
    assert ask()
"""


@pytest.mark.parametrize(("kept", "edit"), CASES.values(), ids=CASES)
def test_what_another_test_may_have_left_as_well_counts(tmp_path: Path, kept: str, edit: tuple[str, str]) -> None:
    project = TracedProject(tmp_path / "project")
    project.write("src/demo/__init__.py", "")
    project.write("src/demo/kept.py", kept)
    project.write("tests/test_kept.py", TESTS)
    project.run()
    assert set(project.outcomes.values()) == {"passed"}
    project.change("src/demo/kept.py", *edit)
    assert "test_asks" in project.run()
    assert project.outcomes["test_asks"] == "failed"
