"""An explanation names all that differs from the last result, or from a run that was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.errors import UsageError
from noxline.explaining import FINGERPRINTS, Explanation, explain, text_of
from tests.reuse.desk import Desk, definition, task_of
from tests.reuse.world import write

pytestmark = pytest.mark.process  # git lists the files
LINT = task_of("lint")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "p", {"lint": definition("src")})
    for number in range(5):
        desk.write(f"src/{number}.py", "1\n")
    return desk


def explained(desk: Desk, run_id: str | None = None) -> Explanation:
    return explain(desk.project((LINT,)), desk.reuser(), "lint", run_id)


def keep_run(desk: Desk, run_id: str) -> None:
    """Leave the fingerprints of a run as it would."""
    reuser = desk.reuser()
    desk.do(reuser, LINT)
    reuser.close()
    write(desk.root / ".noxline" / "runs" / run_id / FINGERPRINTS, text_of(reuser.made))
    write(desk.root / ".noxline" / "runs" / "last", f"{run_id}\n")


def test_without_an_earlier_result_there_is_nothing_to_compare_with(desk: Desk) -> None:
    assert explained(desk) == Explanation(
        task="lint", decision="run", reasons=("it never ran here",), against="", changes=()
    )


def test_a_line_names_three_causes_and_an_explanation_all(desk: Desk) -> None:
    desk.once(LINT)
    assert explained(desk).decision == "reuse"
    for number in range(5):
        desk.write(f"src/{number}.py", "2\n")
    told = explained(desk)
    assert told.reasons == ("src/0.py changed", "src/1.py changed", "src/2.py changed", "2 more")
    assert told.against == "the last result"
    assert told.changes == tuple(f"src/{number}.py changed" for number in range(5))


def test_another_run_may_be_compared_with(desk: Desk) -> None:
    keep_run(desk, "20260131-142530-9f3a")
    desk.write("src/0.py", "2\n")
    desk.once(LINT)
    told = explained(desk, "20260131-142530-9f3a")
    assert (told.decision, told.against, told.changes) == ("reuse", "run 20260131-142530-9f3a", ("src/0.py changed",))


def test_a_run_that_is_not_there_is_an_error_with_the_nearest_name(desk: Desk) -> None:
    keep_run(desk, "20260131-142530-9f3a")
    with pytest.raises(UsageError, match="there is no run '20260131-142530-9f3b' with fingerprints"):
        explained(desk, "20260131-142530-9f3b")


@pytest.mark.parametrize("text", ["{", "[]", '{"tasks": 1}', '{"tasks": {"lint": {}}}', '{"tasks": {"lint": []}}'])
def test_fingerprints_that_cannot_be_read_are_an_error_that_names_the_file(desk: Desk, text: str) -> None:
    write(desk.root / ".noxline" / "runs" / "r1" / FINGERPRINTS, text)
    with pytest.raises(UsageError, match="the fingerprints of run r1 cannot be read") as raised:
        explained(desk, "r1")
    assert raised.value.place.endswith(FINGERPRINTS)


def test_a_run_without_the_task_is_an_error(desk: Desk) -> None:
    write(desk.root / ".noxline" / "runs" / "r1" / FINGERPRINTS, '{"tasks": {}}')
    with pytest.raises(UsageError, match="run r1 kept no fingerprint of lint"):
        explained(desk, "r1")


def test_a_task_that_has_nothing_to_do_is_told_so(desk: Desk) -> None:
    idle = task_of("lint", skip="no configuration")
    told = explain(desk.project((idle,)), desk.reuser(), "lint", None)
    assert (told.decision, told.reasons, told.changes) == ("skip", ("no configuration",), ())
