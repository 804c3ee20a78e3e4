"""What is taken out of coverage's collector is what its own contexts would say, and coverage itself misses nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noxline.sessions.impact_lines import ContextLines, context_lines
from noxline.sessions.measure import INJECTED
from tests.injected.environments import make_environment


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(INJECTED))
    import _noxline_lines

    return _noxline_lines


class Collector:
    """Stands in for that of coverage: it holds sets of numbers, and empties them when they are written."""

    def __init__(self) -> None:
        self.data: dict[str, set[int]] = {}
        self.branch = False
        self.packed_arcs = True
        self.written: dict[str, set[int]] = {}

    def flush_data(self) -> bool:
        for file, numbers in self.data.items():
            self.written.setdefault(file, set()).update(numbers)
            numbers.clear()
        return True

    def see(self, file: str, numbers: set[int]) -> None:
        self.data.setdefault(file, set()).update(numbers)


FILES = ("/p/a.py", "/p/b.py")
STEPS = st.one_of(
    st.tuples(st.just("see"), st.sampled_from(FILES), st.sets(st.integers(1, 9), min_size=1)),
    st.tuples(st.just("context"), st.sampled_from(["s", "t:1", "t:2", "f:1"])),
    st.tuples(st.sampled_from(["flush", "write"])),
)


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(STEPS, max_size=30), most=st.sampled_from([0, 5, 1000]))
def test_each_context_gets_what_it_saw_and_coverage_gets_all(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Any, ...]], most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(INJECTED))
        import _noxline_lines as injected

        patch.setattr(injected, "_MOST_NUMBERS", most)
        path = tmp_path_factory.mktemp("lines") / "trace" / "1.lines"
        collector, current, refused = Collector(), ["s"], list[str]()
        taken = injected.Lines(collector, str(path), lambda: current[0], refused.append)
        whole: dict[str, set[int]] = {}
        expected: dict[str, dict[str, set[int]]] = {}
        for step, *told in steps:
            if step == "see":
                collector.see(*told)
                for known in (whole, expected.setdefault(current[0], {})):
                    known.setdefault(told[0], set()).update(told[1])
            elif step == "context":
                taken.take()
                current[0] = told[0]
            elif step == "flush":
                collector.flush_data()
                assert collector.written == whole
            else:
                taken.write()
        collector.flush_data()
        assert collector.written == whole
        found = ContextLines()
        if path.exists():
            found.take(path, Path("/p"))
        seen = {c: {f"/p/{f}": set(n) for f, n in files.items()} for c, files in found.lines.items()}
        assert seen == expected
        assert not refused


def test_equal_sets_are_written_once(lines: Any, tmp_path: Path) -> None:
    collector, current, refused = Collector(), [""], list[str]()
    taken = lines.Lines(collector, str(tmp_path / "1.lines"), lambda: current[0], refused.append)
    for current[0] in ("t:1", "t:2", "t:3"):
        collector.see("a.py", {1, 2})
        taken.take()
    taken.write()
    told = json.loads((tmp_path / "1.lines").read_text())
    assert told["sets"] == [[0, [1, 2]]]
    assert told["contexts"] == {"t:1": [0], "t:2": [0], "t:3": [0]}


def test_a_fork_writes_nothing_and_its_coverage_still_gets_all(
    lines: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = Collector()
    taken = lines.Lines(collector, str(tmp_path / "1.lines"), lambda: "t:1", print)
    collector.see("a.py", {1})
    taken.take()
    collector.see("a.py", {2})
    monkeypatch.setattr(os, "getpid", lambda: -1)
    taken.write()
    collector.flush_data()
    assert collector.written == {"a.py": {1, 2}}
    assert not (tmp_path / "1.lines").exists()


def test_what_coverage_was_told_to_forget_does_not_come_back(lines: Any, tmp_path: Path) -> None:
    collector = Collector()
    taken = lines.Lines(collector, str(tmp_path / "1.lines"), lambda: "t:1", print)
    collector.see("a.py", {1})
    taken.take()
    collector.data = {}
    collector.see("a.py", {2})
    collector.flush_data()
    assert collector.written == {"a.py": {2}}
    collector.see("a.py", {1})
    taken.take()
    collector.flush_data()
    assert collector.written == {"a.py": {1, 2}}


@pytest.mark.parametrize(
    "change",
    [
        lambda collector: setattr(collector, "data", []),
        lambda collector: setattr(collector, "branch", None),
        lambda collector: setattr(collector, "packed_arcs", False),
        lambda collector: delattr(Collector, "flush_data"),
    ],
)
def test_a_collector_that_is_not_known_is_left_alone(
    lines: Any, monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None]
) -> None:
    monkeypatch.setattr(Collector, "flush_data", Collector.flush_data)  # put back afterwards

    class Coverage:
        _collector = Collector()

    assert lines.lines_of(Coverage(), "", str, print) is not None
    Coverage._collector = Collector()
    change(Coverage._collector)
    assert lines.lines_of(Coverage(), "", str, print) is None
    assert lines.lines_of(object(), "", str, print) is None


def test_an_unknown_way_to_pack_branches_is_said(tmp_path: Path) -> None:
    told = {"branch": True, "files": ["/p/a.py"], "sets": [[0, [5]]], "contexts": {"t:1": [0]}}
    (tmp_path / "1.lines").write_text(json.dumps(told) + "\n")
    found = ContextLines()
    found.take(tmp_path / "1.lines", Path("/p"))
    assert "1.lines" in found.unclear
    assert found.lines == {}


def test_what_cannot_be_written_is_said_and_what_is_damaged_is_not_read(lines: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused: list[str] = []
    collector = Collector()
    taken = lines.Lines(collector, str(tmp_path / "file" / "1.lines"), lambda: "t:1", refused.append)
    collector.see("a.py", {1})
    collector.flush_data()
    taken.write()
    assert len(refused) == 1
    assert collector.written == {"a.py": {1}}
    (tmp_path / "2.lines").write_text('{"branch": false, "files": ["/p/a.py"], "sets": [[0, [5')
    found = ContextLines()
    found.take(tmp_path / "2.lines", Path("/p"))
    assert found.unclear == "2.lines is damaged"


CODE = """
import threading

def one(n):
    for i in range(n):
        if i % 2:
            yield i
    else:
        n = 0

class Two:
    def go(self, n):
        while n:
            n -= 1
            try:
                assert n
            except AssertionError:
                return [x for x in one(5)]

def three(n):
    thread = threading.Thread(target=lambda: list(one(n)))
    thread.start()
    thread.join()
"""
RUN = """
import coverage, os, sys
way, branch, folder, root = sys.argv[1:]
os.makedirs(folder)
kept = {"core": "ctrace"} if coverage.version_info >= (7, 4) else {}
with open(folder + "/rc", "w") as stream:
    stream.write("[run]\\nbranch = %s\\n%s" % (branch, "core = ctrace\\n" if kept else ""))
measured = coverage.Coverage(
    data_file=folder + "/coverage.data", data_suffix=True, config_file=folder + "/rc", include=[root + "/*"]
)
measured.start()
import _noxline_lines as lines
current = ["s"]
taken = None
if way == "taken":
    taken = lines.lines_of(measured, folder + "/trace/1.lines", lambda: current[0], print)
    assert taken is not None
def switch(name):
    if taken is not None:
        taken.take()
    current[0] = name
    if taken is None:
        measured.switch_context(name)
switch("s")
sys.path.insert(0, root)
import code_of_mine as mine
switch("t:1")
list(mine.one(1))
switch("s")
switch("t:2")
mine.Two().go(3)
switch("f:1")
mine.three(4)
switch("t:1")
list(mine.one(3))
switch("s")
list(mine.one(0))
measured.stop()
measured.save()
"""


def whole(output: Path) -> dict[str, set[object]]:
    from coverage import CoverageData

    (found,) = output.glob("coverage.data*")
    data = CoverageData(basename=str(found))
    data.read()
    return {
        file: set((data.arcs(file) if data.has_arcs() else data.lines(file)) or ()) for file in data.measured_files()
    }


@pytest.mark.process
@pytest.mark.parametrize("version", ["", "7.6.1", "6.5.0"])
def test_real_contexts_are_those_of_coverage_itself(tmp_path: Path, version: str) -> None:
    python = make_environment(tmp_path / "env", "3.11", f"coverage=={version}") if version else sys.executable
    root = tmp_path / "project"
    root.mkdir()
    (root / "code_of_mine.py").write_text(CODE)
    for branch in ("false", "true"):
        found = {}
        for way in ("switched", "taken"):
            output = tmp_path / f"{way}-{branch}"
            subprocess.run(
                [str(python), "-c", RUN, way, branch, str(output), str(root)],
                env={**os.environ, "PYTHONPATH": str(INJECTED)},
                check=True,
                timeout=60,
            )
            told = context_lines(output, root)
            assert not told.unclear
            found[way] = told.lines, told.arcs, told.branch, whole(output)
        lines, arcs, branches, _ = found["taken"]
        assert found["taken"] == found["switched"]
        assert branches == (branch == "true")
        assert set(lines) == {"s", "t:1", "t:2", "f:1"}
        assert set(arcs) == (set(lines) if branches else set())
