"""A stored result stands for a task only where it may, and whatever is in the way costs a run, never the run."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from noxline.last_seen import FAILED_SINCE
from noxline.model.decision import Reuse, Run
from noxline.model.task import Outcome, Status, Task
from noxline.preview import foresee
from noxline.replay_terms import terms_of
from noxline.reuse import WouldRunError
from tests.reuse.desk import Desk, Shelf, definition, task_of

LINT = task_of("lint")


pytestmark = pytest.mark.process  # git lists the files


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "p", {"lint": definition("src"), "docs": definition("gen", needs=("lint",))})
    desk.write("src/a.py", "a = 1\n")
    return desk


def reasons(desk: Desk, task: Task = LINT, **how: Any) -> tuple[str, ...]:
    decision = desk.decision(task, **how)
    assert isinstance(decision, Run)
    return decision.reasons


def test_a_result_is_taken_as_long_as_nothing_differs(desk: Desk) -> None:
    assert reasons(desk) == ("it never ran here",)
    desk.once(LINT, {"out.txt": "1", "deep/x.sh": "2"})
    reuser = desk.reuser()
    decision = reuser.decide(LINT)
    assert isinstance(decision, Reuse)
    assert (decision.outcome.task, decision.outcome.status, decision.source) == ("lint", Status.PASSED, "local")
    output, log = reuser.place("lint")
    assert (output / "deep" / "x.sh").read_text(encoding="utf-8") == "2"
    assert log.read_text(encoding="utf-8") == "log\n"
    desk.write("src/a.py", "a = 2\n")
    assert reasons(desk) == ("src/a.py changed",)


def test_failures_are_never_taken(desk: Desk) -> None:
    desk.once(LINT, passes=False)
    assert reasons(desk) == ("it failed last time",)


@pytest.mark.parametrize("how", ["no_cache", "a link in its output", "never reused"])
def test_a_result_that_was_not_kept_is_not_said_to_be_gone(desk: Desk, how: str) -> None:
    if how == "never reused":
        desk.definitions["lint"] = replace(desk.definitions["lint"], reuse=False)
    reuser = desk.reuser(no_cache=how == "no_cache")
    if how == "a link in its output":
        leave_link(reuser.place("lint")[0] / "link")
    desk.do(reuser, LINT, {"out.txt": "1"})
    reuser.close()
    desk.definitions["lint"] = replace(desk.definitions["lint"], reuse=True)
    assert reasons(desk) == ("its last result was not kept",)


def leave_link(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to("out.txt")


def test_a_result_with_a_link_is_not_kept_for_it_would_come_back_without(desk: Desk) -> None:
    reuser = desk.reuser()
    leave_link(reuser.place("lint")[0] / "link")
    outcome = desk.do(reuser, LINT, {"out.txt": "1"})
    reuser.close()
    assert outcome.warnings == ("not kept: its output link is a link",)
    assert not desk.is_reused(LINT)


def test_a_declared_output_that_is_a_link_is_not_kept_either(desk: Desk) -> None:
    desk.definitions["lint"] = definition("src", outputs=("gen",))
    (desk.root / "gen").symlink_to("src")
    assert desk.once(LINT).warnings == ("not kept: its output gen is a link",)
    assert not desk.is_reused(LINT)


def test_a_store_that_was_emptied_is_said_to_be(desk: Desk) -> None:
    desk.once(LINT)
    for path in Path(desk.disk.entries).rglob("*"):
        if path.is_file():
            path.unlink()
    assert reasons(desk) == ("its stored result is gone",)


def test_what_cannot_be_read_costs_a_run_of_the_task_and_no_more(desk: Desk) -> None:
    broken = OSError(errno.EIO, "Input/output error", "/somewhere")
    reuser = desk.reuser(store=Shelf(broken))
    outcome = desk.do(reuser, LINT, {"out.txt": "1"})
    assert outcome.status is Status.PASSED


def test_a_task_of_which_nobody_knows_what_it_rests_on_is_not_kept(desk: Desk) -> None:
    class Lost:
        def before(self, task: Task) -> tuple[Mapping[str, Any] | None, str]:
            raise PermissionError(errno.EACCES, "Permission denied", task.name)

        def after(self, task: Task) -> Mapping[str, Any]:
            return {}

        def expires(self) -> float:
            return 0.0

        def folders(self) -> tuple[str, ...]:
            return ()

    desk.environments = Lost()
    shelf = Shelf()
    reuser = desk.reuser(store=shelf)
    desk.do(reuser, LINT)
    assert shelf.kept == []
    assert "lint" not in reuser.made
    assert reasons(desk)[0].startswith("what its result rests on cannot be read: ")


def test_the_store_is_finished_even_where_the_state_cannot_be_written(desk: Desk) -> None:
    """Uploads are under way by then."""
    shelf = Shelf()
    reuser = desk.reuser(store=shelf)
    desk.do(reuser, LINT)
    state = desk.root / ".noxline" / "state"
    for path in sorted(state.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    state.rmdir()
    state.write_text("a file is in the way", encoding="utf-8")
    with pytest.raises(OSError, match=r"state"):
        reuser.close()
    assert shelf.closed


def test_an_output_that_would_lie_outside_the_project_is_a_miss(desk: Desk, tmp_path: Path) -> None:
    desk.definitions["lint"] = definition("src", outputs=("gen/deep",))
    desk.write("gen/deep/x.txt", "made")
    desk.once(LINT)
    (desk.root / "gen" / "deep" / "x.txt").unlink()
    (desk.root / "gen" / "deep").rmdir()
    (desk.root / "gen").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (desk.root / "gen").symlink_to(tmp_path / "elsewhere")
    assert reasons(desk) == ("the output gen/deep would lie outside the project",)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_tasks_after_one_whose_outputs_were_put_back_see_them(desk: Desk) -> None:
    docs = task_of("docs", needs=("lint",))
    desk.definitions["lint"] = definition("src", outputs=("gen",))
    reuser = desk.reuser()
    reuser.decide(LINT)
    desk.write("gen/x.txt", "made")
    output, log = reuser.place("lint")
    output.mkdir(parents=True)
    log.write_text("log\n", encoding="utf-8")
    reuser.finished(LINT, Outcome(task="lint", status=Status.PASSED, output=output))
    desk.do(reuser, docs)
    reuser.close()
    (desk.root / "gen" / "x.txt").unlink()
    reuser = desk.reuser()
    assert isinstance(reuser.decide(LINT), Reuse)
    assert isinstance(reuser.decide(docs), Reuse), "gen/x.txt is there again"


def test_inputs_that_change_while_a_task_runs_leave_nothing_behind(desk: Desk) -> None:
    reuser = desk.reuser()
    reuser.decide(LINT)
    path = desk.root / "src" / "a.py"
    status = path.stat()
    path.write_text("a = 2\n", encoding="utf-8")
    path.write_text("a = 1\n", encoding="utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    output, log = reuser.place("lint")
    output.mkdir(parents=True)
    log.write_text("log\n", encoding="utf-8")
    outcome = reuser.finished(LINT, Outcome(task="lint", status=Status.PASSED, output=output))
    assert outcome.warnings == ("not kept: src/a.py changed while it ran",)
    reuser.close()
    assert not desk.is_reused(LINT)


def test_a_forced_task_runs_and_its_new_result_takes_the_place_of_the_old(desk: Desk) -> None:
    desk.once(LINT, {"out.txt": "old"})
    assert reasons(desk, forced={"lint": "--force"}) == ("--force",)
    desk.once(LINT, {"out.txt": "new"}, forced={"lint": "--force"})
    reuser = desk.reuser()
    reuser.decide(LINT)
    assert (reuser.place("lint")[0] / "out.txt").read_text(encoding="utf-8") == "new"


def test_a_result_counts_no_more_once_its_task_failed_with_nothing_changed(desk: Desk) -> None:
    """Until it passes again: it rests on something that the fingerprint does not hold, chance perhaps."""
    desk.once(LINT, {"out.txt": "old"})
    desk.once(LINT, forced={"lint": "--force"}, passes=False)
    assert reasons(desk) == (FAILED_SINCE,)
    (seen,) = foresee(desk.project((LINT,)), desk.reuser()).values()
    assert (seen.decision, seen.reasons) == ("run", (FAILED_SINCE,))
    desk.write("src/a.py", "a = 2\n")
    desk.once(LINT)
    desk.write("src/a.py", "a = 1\n")
    assert reasons(desk) == (FAILED_SINCE,), "also after something else ran"
    desk.once(LINT, {"out.txt": "new"})
    reuser = desk.reuser()
    assert isinstance(reuser.decide(LINT), Reuse)
    assert (reuser.place("lint")[0] / "out.txt").read_text(encoding="utf-8") == "new"


def test_a_failure_that_a_later_attempt_made_up_for_counts_against_nothing(desk: Desk) -> None:
    reuser = desk.reuser()
    desk.do(reuser, LINT, passes=False)
    output, _ = reuser.place("lint")
    reuser.finished(LINT, Outcome(task="lint", status=Status.PASSED, output=output))
    reuser.close()
    assert desk.is_reused(LINT)


def test_a_rehearsal_ends_before_anything_runs(desk: Desk) -> None:
    reuser = desk.reuser(rehearses=True)
    with pytest.raises(WouldRunError, match=r"lint would run: it never ran here"):
        reuser.decide(LINT)
    assert not reuser.place("lint")[0].exists()


def test_a_cancelled_task_is_no_result(desk: Desk) -> None:
    reuser = desk.reuser()
    reuser.decide(LINT)
    reuser.finished(LINT, Outcome(task="lint", status=Status.CANCELLED))
    reuser.close()
    assert reasons(desk) == ("it never ran here",)


def test_what_needs_a_task_that_ran_to_nobody_knows_what_end_is_not_reused(desk: Desk) -> None:
    docs = task_of("docs", needs=("lint",))
    reuser = desk.reuser()
    reuser.decide(LINT)
    desk.do(reuser, docs)
    reuser.close()
    reuser = desk.reuser()
    reuser.decide(LINT)
    assert isinstance(reuser.decide(docs), Run)


def test_a_replay_rests_on_the_local_store_alone(desk: Desk) -> None:
    desk.once(LINT)
    reuser = desk.reuser()
    reuser.decide(LINT)
    terms = terms_of(reuser)
    assert terms is not None
    assert not terms.shared
    assert [name for name, *_ in terms.plan] == ["lint"]
    assert terms.sets == ((("src",), reuser.made["lint"].components["inputs"]),)
    reuser.taken["lint"] = replace(reuser.taken["lint"], source="remote")
    assert terms_of(reuser) is None
