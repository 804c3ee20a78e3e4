"""In which tests something moved: of several processes, and of tests that did not run this time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from noxline.testing.moves import (
    Change,
    Moved,
    changed_in,
    changes_seen_alone,
    changes_still_known,
    moved_in,
    seen_alone,
    still_known,
)

TESTS = st.none() | st.lists(st.sampled_from("abcd"), max_size=3).map(tuple)
CHANGES = st.builds(Change, st.just(("a",)), TESTS, st.lists(st.sampled_from("ef"), max_size=2).map(tuple))


@given(one=CHANGES, other=CHANGES)
def test_what_is_known_of_both_is_no_more_than_of_each(one: Change, other: Change) -> None:
    both = one | other
    assert both == other | one
    if one.tests is None or other.tests is None:
        assert both.moves is None
    else:
        assert set(both.moves or ()) == {*one.tests, *other.tests, *one.alone, *other.alone}


def test_names_that_changed_in_any_process_changed() -> None:
    found = changed_in([{"a": Change(("t.py",), ("x",))}, {"a": Change(("",), ("y",)), "b": Change()}])
    assert found == {"a": Change(("", "t.py"), ("x", "y")), "b": Change()}


def test_a_place_is_known_that_all_processes_watched() -> None:
    first = [Moved("a.py", ("A",), ("x",)), Moved("a.py", ("B",), ()), Moved("b.py", ("A",))]
    second = [Moved("a.py", ("A",), ("y",)), Moved("a.py", ("B",), ("z",))]
    assert moved_in([first, second]) == (
        Moved("a.py", ("A",), ("x", "y")),
        Moved("a.py", ("B",), ("z",)),
    )
    assert moved_in([]) == ()


def test_of_reused_tests_it_stays_known_what_they_moved() -> None:
    once = [Moved("a.py", ("A",), ("x", "y"))]
    reused = frozenset({"x", "y", "z"})
    assert still_known(once, reused, []) == (Moved("a.py", ("A",), ("x", "y")),)
    moved_again = [Moved("a.py", ("A",), ("y",))]
    assert still_known(once, reused - {"y"}, moved_again) == (Moved("a.py", ("A",), ("x",)),)


def test_where_a_test_does_not_move_it_again_another_may_have_in_its_place() -> None:
    once = [Moved("a.py", ("A",), ("x", "y")), Moved("a.py", ("B",), ("x",))]
    assert still_known(once, frozenset({"x", "z"}), [Moved("a.py", ("A",), ("z",))]) == (Moved("a.py", ("B",), ("x",)),)


def test_a_name_that_changed_once_changed_whatever_is_known_of_the_tests() -> None:
    once = {
        "a": Change(("",), ("x", "y")),
        "b": Change(("",), ("x",)),
        "c": Change(("t.py",), None),
        "d": Change(("",), ("x", "y")),
    }
    again = {"d": Change(("",), ("y",)), "c": Change(("t.py",), ("y",))}
    assert changes_still_known(once, frozenset({"x"}), again) == {
        "a": Change(("",), None),
        "b": Change(("",), ("x",)),
        "c": Change(("t.py",), None),
        "d": Change(("",), ("x",)),
    }


def test_what_moved_beside_reused_tests_is_told_apart() -> None:
    before = [Moved("a.py", ("A",), ("x",))]
    found = seen_alone([Moved("a.py", ("A",), ("x", "y")), Moved("a.py", ("B",), ("y",))], before)
    assert found == (Moved("a.py", ("A",), ("x",), ("y",)), Moved("a.py", ("B",), (), ("y",)))
    assert [one.moves for one in found] == [("x", "y"), ("y",)]
    names = changes_seen_alone({"a": Change(("",), ("x", "y")), "b": Change()}, {"a": Change(("",), ("y",))})
    assert names == {"a": Change(("",), ("y",), alone=("x",)), "b": Change()}


def test_one_that_moved_something_only_while_others_were_reused_need_not_do_so_again() -> None:
    once = [Moved("a.py", ("A",), ("x",), alone=("y", "z"))]
    again = [Moved("a.py", ("A",), ("x",))]
    assert still_known(once, frozenset({"z"}), again) == (Moved("a.py", ("A",), (), alone=("z",)),)
    names = {"a": Change(("",), ("x",), alone=("y", "z"))}
    assert changes_still_known(names, frozenset({"z"}), {"a": Change(("",), ("x",))}) == {
        "a": Change(("",), (), alone=("z",))
    }
