"""Hits that run all the same are held against what they would have given."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.model.decision import Reuse, Run
from noxline.model.task import Outcome, Status
from noxline.verification import REASON, Verifier, share_verified
from tests.reuse.desk import Desk, definition, task_of
from tests.reuse.world import write

pytestmark = pytest.mark.process  # git lists the files
LINT = task_of("lint")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "p", {"lint": definition("src")})
    desk.write("src/a.py", "1\n")
    desk.once(LINT, {"out.txt": "old"})
    return desk


def verified(desk: Desk, left: dict[str, str], *, passes: bool = True) -> tuple[Verifier, tuple[str, ...]]:
    """Verify the task once; return the verifier and what is warned of."""
    verifier = Verifier(desk.root, desk.disk, "r1", 1.0)
    reuser = desk.reuser(verifier=verifier)
    outcome = desk.do(reuser, LINT, left, passes=passes)
    reuser.close()
    return verifier, outcome.warnings


def test_an_equal_result_confirms_the_hit(desk: Desk) -> None:
    verifier, warnings = verified(desk, {"out.txt": "old"})
    assert (verifier.verified, verifier.wrong, warnings) == (1, 0, ())


def test_another_result_is_a_wrong_hit_and_takes_its_place(desk: Desk) -> None:
    verifier, warnings = verified(desk, {"out.txt": "new"})
    assert (verifier.verified, verifier.wrong) == (1, 1)
    assert warnings[0].startswith("its stored result is another one: ")
    assert "out.txt" in warnings[0]
    reuser = desk.reuser()
    assert isinstance(reuser.decide(LINT), Reuse)
    assert (reuser.place("lint")[0] / "out.txt").read_text() == "new"


def test_a_failure_is_a_wrong_hit(desk: Desk) -> None:
    verifier, warnings = verified(desk, {}, passes=False)
    assert (verifier.verified, verifier.wrong) == (1, 1)
    assert warnings[0].startswith("its stored result says that it passes")


@pytest.mark.parametrize(("left", "wrong"), [("old", 0), ("new", 1)])
def test_the_last_attempt_is_what_counts(desk: Desk, left: str, wrong: int) -> None:
    """One that was retried says nothing yet: its next attempt may be what was stored."""
    task = task_of("lint", retries=1)
    verifier = Verifier(desk.root, desk.disk, "r1", 1.0)
    reuser = desk.reuser(verifier=verifier)
    first = desk.do(reuser, task, passes=False)
    assert (first.warnings, verifier.verified) == ((), 0)
    output, _ = reuser.place("lint")
    write(output / "out.txt", left)
    second = reuser.finished(task, Outcome(task="lint", status=Status.PASSED, output=output))
    assert (verifier.verified, verifier.wrong, len(second.warnings)) == (1, wrong, wrong)


def test_what_changed_while_it_ran_proves_nothing(desk: Desk) -> None:
    verifier = Verifier(desk.root, desk.disk, "r1", 1.0)
    reuser = desk.reuser(verifier=verifier)
    decision = reuser.decide(LINT)
    assert isinstance(decision, Run)
    assert decision.reasons == (REASON,)
    desk.write("src/a.py", "2\n")
    output, log = reuser.place("lint")
    output.mkdir(parents=True)
    log.write_text("")
    reuser.finished(LINT, Outcome(task="lint", status=Status.PASSED, output=output))
    assert (verifier.verified, verifier.wrong) == (0, 0)


def test_nothing_is_left_beside_the_output(desk: Desk) -> None:
    verified(desk, {"out.txt": "new"})
    folders = [path for path in (desk.root / ".noxline" / "runs").rglob("*") if ".stored" in path.name]
    assert folders == []


@pytest.mark.parametrize(
    ("rate", "environ", "share"),
    [
        (None, {}, 0.0),
        (None, {"CI": "true"}, 0.02),
        (None, {"CI": "0"}, 0.0),
        (None, {"CI": "False"}, 0.0),
        (0.5, {"CI": "true"}, 0.5),
        (0.0, {"CI": "true"}, 0.0),
    ],
)
def test_the_share_is_that_of_the_settings_or_a_few_in_ci(
    rate: float | None, environ: dict[str, str], share: float
) -> None:
    assert share_verified(rate, environ) == share
