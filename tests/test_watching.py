"""One run after another: what each gets to see, and what an edit does to the one that is on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.errors import MachineError
from noxline.project import Options
from noxline.watching import Changed, Edits, Ended, Look, file_look, follow, watch
from tests.system.test_git_changes import git
from tests.test_narrowing import project

Step = Callable[[Edits], Ended]


def strike() -> None:
    raise KeyboardInterrupt


def seen(*steps: Step, interrupt: Callable[[], None] = strike) -> list[set[str] | None]:
    """Return what each run got to see; after the last step the user ends it."""
    edits, runs = Edits(), list[set[str] | None]()

    def run(changed: Changed) -> Ended:
        runs.append(None if changed is None else set(changed))
        return steps[len(runs) - 1](edits) if len(runs) <= len(steps) else Ended.INTERRUPTED

    with pytest.raises(KeyboardInterrupt):
        watch(run, edits, interrupt)
    return runs


def edit(*paths: str, then: Ended = Ended.DONE) -> Step:
    """Return a run during which files change; `then` is how it ends where that does not interrupt it."""

    def step(edits: Edits) -> Ended:
        edits.add(paths)
        return then

    return step


def too_late() -> None:
    """Interrupt nobody: the run is over by the time it would strike."""


def test_first_everything_then_what_an_edit_touched() -> None:
    assert seen(edit("a"), edit("b", "c"), interrupt=too_late) == [None, {"a"}, {"b", "c"}]


def test_an_edit_interrupts_the_first_run_which_then_starts_anew_with_everything() -> None:
    def quietly(edits: Edits) -> Ended:
        threading.Timer(0.05, edits.add, (["b"],)).start()
        return Ended.DONE

    assert seen(edit("a"), quietly) == [None, None, {"b"}]


def test_an_interrupted_run_is_made_up_for_by_the_next() -> None:
    first = iter([too_late])

    def interrupt() -> None:
        next(first, strike)()

    assert seen(edit("a"), edit("b"), edit("c"), interrupt=interrupt) == [None, {"a"}, {"a", "b"}, {"a", "b", "c"}]


def test_what_a_run_said_of_an_interrupt_counts_like_the_interrupt_itself() -> None:
    steps = (edit("a"), edit("b", then=Ended.INTERRUPTED))
    assert seen(*steps, interrupt=too_late) == [None, {"a"}, {"a", "b"}]


def test_a_run_that_could_not_begin_is_made_up_for() -> None:
    steps = (edit("a"), edit("b", then=Ended.BROKEN), edit("c"))
    assert seen(*steps, interrupt=too_late) == [None, {"a"}, {"a", "b"}, {"c"}]


def test_a_first_run_that_could_not_begin_leaves_everything_to_the_next() -> None:
    assert seen(edit("a", then=Ended.BROKEN), interrupt=too_late) == [None, None]


def test_an_interrupt_without_an_edit_is_the_users() -> None:
    assert seen() == [None]


def test_the_user_ends_it_also_when_an_edit_comes_at_that_very_moment() -> None:
    def both(edits: Edits) -> Ended:
        edits.ended = True
        edits.add(["a"])
        return Ended.INTERRUPTED

    assert seen(both, edit("never"), interrupt=too_late) == [None]


def test_a_run_is_interrupted_once() -> None:
    edits, struck = Edits(), list[int]()
    with edits.interrupting(lambda: struck.append(1)):
        edits.add(["a"])
        edits.add(["b"])
    edits.add(["c"])
    assert (len(struck), edits.take()) == (1, {"a", "b", "c"})


def test_an_edit_from_before_interrupts_at_once() -> None:
    edits, struck = Edits(), list[int]()
    edits.add(["a"])
    with edits.interrupting(lambda: struck.append(1)):
        assert struck == [1]


def test_nothing_is_no_edit() -> None:
    edits, struck = Edits(), list[int]()
    with edits.interrupting(lambda: struck.append(1)):
        edits.add([])
    assert (struck, edits.any) == ([], False)


def test_what_ends_the_watching_is_raised_after_the_edits_before_it() -> None:
    edits = Edits()
    edits.add(["a"])
    edits.fail(MachineError("too many folders"))
    assert edits.wait() == {"a"}
    with pytest.raises(MachineError, match="too many folders"):
        edits.wait()


contents = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("123"))


@given(st.lists(contents, min_size=1))
def test_a_look_names_what_differs_and_nothing_else(states: list[dict[str, str]]) -> None:
    following = iter(states)
    look = Look(lambda: next(following))
    for before, after in pairwise(states):
        expected = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert look.changed() == expected


def test_following_adds_what_really_changed() -> None:
    states = iter([{"a": "1"}, {"a": "1"}, {"a": "2"}])
    edits = Edits()
    follow([["a"]], Look(lambda: next(states)), edits)
    assert not edits.any
    states = iter([{"a": "1"}, {"a": "2"}])
    follow([["whatever"]], Look(lambda: next(states)), edits)
    assert edits.take() == {"a"}


def test_trouble_while_following_reaches_the_one_that_waits() -> None:
    def batches() -> Iterator[list[str]]:
        yield []
        raise MachineError("no more")

    edits = Edits()
    follow(batches(), Look(dict), edits)
    with pytest.raises(MachineError, match="no more"):
        edits.wait()


@pytest.mark.process
def test_what_git_ignores_and_noxline_writes_is_no_edit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("*.log\nsettings.local\n", encoding="utf-8")
    look = Look(file_look(project(tmp_path), Options()))
    for name in ("a.log", ".noxline/x", "__pycache__/a.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert look.changed() == set()
    (tmp_path / "new.py").write_text("x", encoding="utf-8")
    (tmp_path / "settings.local").write_text("an input of its own", encoding="utf-8")
    assert look.changed() == {"new.py", "settings.local"}
    (tmp_path / "new.py").write_text("x", encoding="utf-8")
    (tmp_path / ".gitignore").unlink()
    assert look.changed() == {".gitignore", "a.log"}
    (tmp_path / "new.py").unlink()
    assert look.changed() == {"new.py"}
