"""The clock that leaves out the time in which the machine was busy with something else, and the lines of a record."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from noxline.injected._noxline_records import Clock, Recorder, shorten


def test_it_counts_waiting_and_never_more_than_passed() -> None:
    clock = Clock()
    before, began = clock.now(), time.perf_counter()
    time.sleep(0.02)
    spent = clock.now() - before
    assert 0 < spent <= time.perf_counter() - began + 1e-4


def test_it_goes_on_when_its_file_was_closed_by_a_test() -> None:
    clock = Clock()
    if clock._file >= 0:
        os.close(clock._file)
    assert clock.now() > 0
    assert clock._file == -1


def test_what_waited_meanwhile_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now, waited = 100.0, 7.0
    monkeypatch.setattr("noxline.injected._noxline_records.time.perf_counter", lambda: now)
    clock = Clock()
    monkeypatch.setattr(clock, "_waiting", lambda: waited)
    clock._waited = waited
    began, now, waited = clock.begin(), 103.0, 8.0
    assert clock.since(began) == 2.0
    now, waited = 103.001, 8.5
    began, now, waited = clock.begin(), 104.001, 8.75
    assert clock.since(began) == pytest.approx(0.25)  # it was not asked again when this began
    now, waited = 200.0, 50.0
    began, now = clock.begin(), 201.0
    assert clock.since(began) == 1.0  # long ago: it was
    now, waited = 202.0, 99.0
    assert clock.since(began) == 0.0


def test_a_moment_in_which_a_process_cannot_have_waited_is_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("noxline.injected._noxline_records.time.perf_counter", lambda: now)
    clock = Clock()
    monkeypatch.setattr(clock, "_waiting", lambda: pytest.fail("asked"))
    began, now = clock.begin(), 100.0015
    assert clock.since(began) == pytest.approx(0.0015)


def test_halves_of_characters_in_a_message_are_written_as_python_shows_them() -> None:
    assert shorten("a \ud800 ä") == "a \\ud800 ä"


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    monkeypatch.setenv("NOXLINE_OUTPUT", str(tmp_path))
    monkeypatch.setenv("NOXLINE_RECORDING", "")  # which a recorder sets
    return Recorder("pytest", "0", str(tmp_path), [])


def written(folder: Path) -> list[dict[str, object]]:
    (path,) = (folder / "tests").glob("*.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_line_that_is_held_stands_before_the_next_one(recorder: Recorder, tmp_path: Path) -> None:
    recorder.hold('{"event": "test", "id": "a"}')
    assert len(written(tmp_path)) == 1
    recorder.begin('"b"')
    assert [line.get("id") for line in written(tmp_path)] == [None, "a", "b"]
    recorder.hold('{"event": "test", "id": "b"}')
    recorder.close()
    assert [line.get("id") for line in written(tmp_path)] == [None, "a", "b", "b"]


def test_a_disk_that_takes_a_part_at_a_time_gets_the_rest(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        taken = b""

        def write(self, content: bytes) -> int:
            self.taken += content[:3]
            return len(content[:3])

    slow = Slow()
    monkeypatch.setattr(recorder, "_stream", slow)
    recorder.write(event="end", name="é")
    assert json.loads(slow.taken) == {"event": "end", "name": "é"}
