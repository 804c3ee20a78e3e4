"""What was last known of tasks says why they run; without it only words are lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from noxline.inputs.fingerprint import fingerprint
from noxline.inputs.input_lines import line_of
from noxline.last_seen import FAILED, UNKEPT, LastSeen


def parts(inputs: str = "i1", **definition: str) -> tuple[str, dict[str, object]]:
    return fingerprint(
        definition=definition, inputs=inputs, variables={}, environment={}, programs={}, needs={}, machine=""
    )


def load(root: Path) -> LastSeen:
    return LastSeen.load(root, pytest.fail)


def test_what_was_noted_is_known_later(tmp_path: Path) -> None:
    seen = load(tmp_path)
    seen.note("lint", *parts("i1"), "passed", line_of("a.py", "1").encode())
    seen.save()
    again = load(tmp_path)
    again.keep_list("i2", line_of("a.py", "2").encode())
    assert again.why("lint", *parts("i2")) == ("a.py changed",)
    assert again.files("i1") == {"a.py": "1"}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("failed", "it failed last time"),
        ("passed", "its stored result is gone"),
        (UNKEPT, "its last result was not kept"),
    ],
)
def test_with_nothing_changed_its_end_is_the_reason(tmp_path: Path, status: str, reason: str) -> None:
    seen = load(tmp_path)
    seen.note("lint", *parts(), status, b"")
    assert seen.why("lint", *parts()) == (reason,)


def test_without_the_list_the_reason_names_no_file(tmp_path: Path) -> None:
    seen = load(tmp_path)
    seen.note("lint", *parts("i1"), "passed", b"")
    for path in (tmp_path / ".noxline" / "state" / "inputs").iterdir():
        path.unlink()
    assert seen.why("lint", *parts("i2")) == ("its input files changed",)
    assert seen.why("types", *parts("i2")) == ("it never ran here",)


def test_damage_is_said_and_costs_words_only(tmp_path: Path) -> None:
    seen = load(tmp_path)
    seen.note("lint", *parts(), "passed", b"")
    seen.save()
    (tmp_path / ".noxline" / "state" / "fingerprints").write_bytes(b"torn")
    said: list[str] = []
    again = LastSeen.load(tmp_path, said.append)
    assert again.rows == {}
    assert len(said) == 1
    assert "damaged" in said[0]


def test_failures_are_known_until_the_task_passes(tmp_path: Path) -> None:
    seen = load(tmp_path)
    assert not (tmp_path / ".noxline" / "state" / FAILED).exists()
    seen.note("lint", "d1", parts()[1], "failed", b"")
    seen.note("lint", "d2", parts()[1], "failed", b"")
    seen.save()
    again = load(tmp_path)
    assert again.failed == {"d1": "lint", "d2": "lint"}
    again.note("lint", "d1", parts()[1], "passed", b"")
    again.save()
    assert load(tmp_path).failed == {"d2": "lint"}


def test_failures_are_bounded_and_the_oldest_go(tmp_path: Path) -> None:
    seen = load(tmp_path)
    for number in range(700):
        seen.note("lint", f"d{number}", parts()[1], "failed", b"")
    seen.save()
    assert list(load(tmp_path).failed) == [f"d{number}" for number in range(200, 700)]


def test_damaged_failures_are_said(tmp_path: Path) -> None:
    seen = load(tmp_path)
    seen.note("lint", "d1", parts()[1], "failed", b"")
    seen.save()
    (tmp_path / ".noxline" / "state" / FAILED).write_bytes(b"torn")
    said: list[str] = []
    assert LastSeen.load(tmp_path, said.append).failed == {}
    assert "a stored result may stand for a task that failed" in said[0]


def test_old_lists_go_and_those_of_the_newest_fingerprints_stay(tmp_path: Path) -> None:
    seen = load(tmp_path)
    seen.note("lint", *parts("first"), "passed", b"")
    os.utime(tmp_path / ".noxline" / "state" / "inputs" / "first", (1, 1))
    for number in range(80):
        seen.keep_list(f"other-{number}", b"")
    seen.save()
    kept = {path.name for path in (tmp_path / ".noxline" / "state" / "inputs").iterdir()}
    assert "first" in kept
    assert len(kept) == 61


def test_a_list_that_cannot_be_kept_costs_words_only(tmp_path: Path) -> None:
    (tmp_path / ".noxline").mkdir()
    (tmp_path / ".noxline" / "state").write_text("in the way")
    seen = LastSeen(state=tmp_path / ".noxline" / "state")
    seen.keep_list("i1", b"")
    assert seen.files("i1") is None
