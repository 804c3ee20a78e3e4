"""The experiment of the kills notices what it is there to notice."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks at /proc")


@pytest.fixture(scope="module")
def kills() -> ModuleType:
    spec = spec_from_file_location("kills", Path(__file__).parents[2] / "benchmarks" / "kills.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["kills"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_only_the_last_line_of_an_event_log_may_be_torn(kills: ModuleType, tmp_path: Path) -> None:
    run = tmp_path / ".noxline" / "runs" / "one"
    run.mkdir(parents=True)
    events = run / "events.jsonl"
    events.write_text('{"event": 1}\n{"eve', encoding="utf-8")
    assert list(kills.unreadable(tmp_path)) == []
    events.write_text('{"eve\n{"event": 2}\n', encoding="utf-8")
    assert list(kills.unreadable(tmp_path)) == [f"{events}:1 is torn"]


def test_a_document_that_is_half_written_is_noticed(kills: ModuleType, tmp_path: Path) -> None:
    for name in ("runs/one/run.json", "state/tasks.json"):
        path = tmp_path / ".noxline" / name
        path.parent.mkdir(parents=True)
        path.write_text('{"schema": 1', encoding="utf-8")
    assert [problem.endswith("is half-written") for problem in kills.unreadable(tmp_path)] == [True, True]


@pytest.mark.process
def test_a_process_that_is_left_is_found_by_its_parents_and_by_its_mark(kills: ModuleType, tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', 'print(1, flush=True); input()'])"
    with subprocess.Popen(
        [sys.executable, "-S", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "NOXLINE_ROOT": str(tmp_path)},
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        below, marked = kills.descendants(os.getpid()), kills.marked(tmp_path)
        child.communicate(b"\n")
    assert len(marked) == 2
    assert marked <= below
    assert not kills.marked(tmp_path)
