from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noxline.inputs.canonical import digest
from noxline.inputs.normal_records import Recorded
from noxline.inputs.normal_text import Places

Tests = dict[str, str]
tests: st.SearchStrategy[Tests] = st.dictionaries(
    st.sampled_from(["a.py::x", "a.py::y", "b.py::z", "b.py::é"]), st.sampled_from(["passed", "skipped", "failed"])
)
slow = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def record(folder: Path, root: str, outcomes: Tests, noise: int, **more: Any) -> Path:
    start = {"runner": "pytest", "version": f"8.{noise}", "python": f"3.12.{noise}", "rootdir": root, "pid": noise}
    rows: list[dict[str, Any]] = [{"event": "start", **start, "args": ["-n", str(noise)], **more}]
    rows.append({"event": "collected", "ids": ["early"], "total": noise})
    rows.append({"event": "collected", "ids": list(outcomes), "total": 4})
    for name, outcome in outcomes.items():
        rows.append({"event": "begin", "id": name})
        where = {"file": f"{root}/a.py", "message": f"<A object at 0x7f{noise:06x}>", "worker": f"gw{noise}"}
        rows.append({"event": "test", "id": name, "outcome": outcome, "seconds": noise / 7, **where})
    rows.append({"event": "end", "exit_code": 0, "seconds": noise})
    return written(folder, rows)


def written(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / f"{uuid.uuid4().hex}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def counted(root: str, *paths: Path) -> str:
    union = Recorded(Places(root, f"{root}/out"))
    for path in paths:
        union.add(str(path))
    return digest(union.plain())


@slow
@given(outcomes=tests, first=st.integers(0, 99), second=st.integers(0, 99))
def test_times_processes_workers_and_order_do_not_count(
    tmp_path: Path, outcomes: Tests, first: int, second: int
) -> None:
    mixed = dict(reversed(outcomes.items()))
    one = counted("/home/a/p", record(tmp_path, "/home/a/p", outcomes, first))
    assert one == counted("/srv/x", record(tmp_path, "/srv/x", mixed, second))
    again = [record(tmp_path, "/srv/x", mixed, noise) for noise in (first, second)]
    assert one == counted("/srv/x", *again) == counted("/srv/x", *again[::-1])


@slow
@given(first=tests, second=tests)
def test_every_test_and_its_outcome_counts(tmp_path: Path, first: Tests, second: Tests) -> None:
    one, other = (counted("/p", record(tmp_path, "/p", outcomes, 1)) for outcomes in (first, second))
    assert (one == other) == (first == second)


@pytest.mark.parametrize("change", [{"runner": "unittest"}, {"python": "3.13.1"}, {"implementation": "PyPy"}])
def test_the_runner_and_the_python_count(tmp_path: Path, change: dict[str, str]) -> None:
    outcomes = {"a": "passed"}
    assert counted("/p", record(tmp_path, "/p", outcomes, 1)) != counted(
        "/p", record(tmp_path, "/p", outcomes, 1, **change)
    )


@pytest.mark.parametrize(
    "row",
    [
        {"event": "begin", "id": "a"},  # and never ended
        {"event": "collect-error", "id": "a", "message": "x"},
        {"event": "end", "exit_code": 3},
        {"event": "test", "id": "a", "outcome": "passed", "reruns": 1},
        {"event": "unheard-of", "id": "a"},
    ],
)
def test_whatever_else_happened_counts(tmp_path: Path, row: dict[str, Any]) -> None:
    start = {"event": "start", "runner": "pytest", "python": "3.12.1"}
    assert counted("/p", written(tmp_path, [start])) != counted("/p", written(tmp_path, [start, row]))


@pytest.mark.parametrize("content", ['{"event": "end"', "[]\n", "1\n", '{"id": "a"}\n', "{\n"])
def test_what_is_no_whole_record_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises((ValueError, TypeError, KeyError)):
        Recorded(Places("/p", "/p/out")).add(str(tmp_path / "a.jsonl"))
