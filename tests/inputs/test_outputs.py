from __future__ import annotations

import json
import os
import sqlite3
import zipfile
from pathlib import Path

import pytest

from noxline.inputs.outputs import output_digest, output_view


def folder(root: Path, files: dict[str, str | bytes], run: str = "20260131-142530-9f3a") -> Path:
    output = root / ".noxline" / "runs" / run / "tasks" / "t" / "output"
    for name, content in files.items():
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    output.mkdir(parents=True, exist_ok=True)
    return output


def view(root: Path, files: dict[str, str | bytes], run: str = "20260131-142530-9f3a") -> dict[str, str]:
    return output_view(str(folder(root, files, run)), str(root))


def test_a_view_names_each_file_relative_to_the_output(tmp_path: Path) -> None:
    assert list(view(tmp_path, {"b/c.txt": "1", "a.txt": "2"})) == ["a.txt", "b/c.txt"]


def test_a_task_that_left_nothing_has_an_empty_view(tmp_path: Path) -> None:
    assert output_view(str(tmp_path / "absent"), str(tmp_path)) == {}
    assert output_digest({}) == output_digest({})


def test_the_digest_depends_on_names_and_contents(tmp_path: Path) -> None:
    digests = {
        output_digest(view(tmp_path / str(number), files))
        for number, files in enumerate(({"a": "1"}, {"b": "1"}, {"a": "2"}, {"a": "1", "b": "1"}, {}))
    }
    assert len(digests) == 5


@pytest.mark.parametrize("name", ["order.txt", "report.bin", "metrics.json"])
def test_unknown_files_count_without_the_places_they_were_made_in(tmp_path: Path, name: str) -> None:
    seen = []
    for clone, run in (("one", "20260131-142530-9f3a"), ("another/two", "20260201-000000-0000")):
        root = tmp_path / clone
        output = root / ".noxline" / "runs" / run / "tasks" / "t" / "output"
        text = f"\xff root {root}/src, output {output}/x, other {root}/.noxline/runs/{run}/tasks/u/output, {root}.\n"
        seen.append(view(root, {name: text.encode("latin-1")}, run))
    assert seen[0] == seen[1]
    assert seen[0] != view(tmp_path / "three", {name: f"root {tmp_path}/three/src2".encode()})


def test_an_unknown_file_counts_byte_by_byte_otherwise(tmp_path: Path) -> None:
    first = view(tmp_path / "a", {"x.json": '{"generated_at": "2026-01-01", "list": [1, 2]}'})
    second = view(tmp_path / "b", {"x.json": '{"generated_at": "2026-01-02", "list": [1, 2]}'})
    third = view(tmp_path / "c", {"x.json": '{"generated_at": "2026-01-01", "list": [2, 1]}'})
    assert len({first["x.json"], second["x.json"], third["x.json"]}) == 3


def test_durations_and_what_sqlite_leaves_beside_its_files_do_not_count(tmp_path: Path) -> None:
    assert view(tmp_path, {"durations.json": "{}", "htmlcov/status.json": "{}", "coverage.data.1-journal": ""}) == {}


def test_files_with_a_process_in_their_name_stand_under_one(tmp_path: Path) -> None:
    line = json.dumps({"event": "start", "runner": "pytest", "python": "3.12.1", "pid": 7}) + "\n"
    seen = view(tmp_path, {"tests/7-1.jsonl": line, "tests/9-1.jsonl": line, "tests/deep/7-1.jsonl": line})
    assert list(seen) == ["tests/deep/7-1.jsonl", "tests/*.jsonl"]


@pytest.mark.parametrize(
    "name",
    [
        "junit.xml",
        "bandit.json",
        "a.sarif",
        "coverage.data.host.1.Xa",
        "tests/7-1.jsonl",
        "dist/a.whl",
        "dist/a.tar.gz",
    ],
)
def test_a_damaged_file_of_a_known_kind_counts_by_its_bytes(tmp_path: Path, name: str) -> None:
    (one,) = view(tmp_path / "a", {name: b"\x00broken"}).values()
    (same,) = view(tmp_path / "b", {name: b"\x00broken"}).values()
    (other,) = view(tmp_path / "c", {name: b"\x00Broken"}).values()
    assert one == same != other


def test_a_damaged_file_beside_whole_ones_takes_nothing_from_them(tmp_path: Path) -> None:
    line = json.dumps({"event": "test", "id": "a", "outcome": "passed"}) + "\n"
    changed = line.replace("passed", "skipped")
    first, second, third = (
        view(tmp_path / name, {"tests/1-1.jsonl": good, "tests/2-1.jsonl": bad})
        for name, good, bad in (("a", line, "torn"), ("b", changed, "torn"), ("c", line, "turn"))
    )
    assert len({first["tests/*.jsonl"], second["tests/*.jsonl"], third["tests/*.jsonl"]}) == 3


def test_links_count_by_where_they_lead(tmp_path: Path) -> None:
    views = []
    for name, target in (("a", "x"), ("b", "x"), ("c", "y")):
        output = folder(tmp_path / name, {"x/1": "", "y/1": ""})
        (output / "link").symlink_to(output / target)
        views.append(output_view(str(output), str(tmp_path / name)))
    assert views[0] == views[1]
    assert views[0]["link"] != views[2]["link"]
    assert "link/1" not in views[0]


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
def test_a_pipe_is_named_and_never_opened(tmp_path: Path) -> None:
    output = folder(tmp_path, {})
    os.mkfifo(output / "pipe")
    assert list(output_view(str(output), str(tmp_path))) == ["pipe"]


@pytest.mark.skipif(os.name == "nt", reason="no executable bit")
def test_the_executable_bit_counts(tmp_path: Path) -> None:
    output = folder(tmp_path, {"run.sh": "true"})
    before = output_view(str(output), str(tmp_path))
    (output / "run.sh").chmod(0o755)
    assert output_view(str(output), str(tmp_path)) != before


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    output = folder(tmp_path, {"secret": "x"})
    (output / "secret").chmod(0)
    with pytest.raises(PermissionError):
        output_view(str(output), str(tmp_path))


def test_the_whole_of_a_run_reads_the_same_in_another_clone(tmp_path: Path) -> None:
    first, second = (
        view(tmp_path / clone, whole_output(tmp_path / clone, pid=pid, when=when), run)
        for clone, pid, when, run in (("one", 71, "13:00", "r1"), ("longer/two", 4711, "23:59", "r2"))
    )
    assert first == second
    assert sorted(first) == ["coverage.data", "dist/a-1.whl", "htmlcov/index.html", "junit.xml", "tests/*.jsonl"]


def whole_output(root: Path, *, pid: int, when: str) -> dict[str, str | bytes]:
    """Return what a small test run leaves, with all that differs from run to run."""
    record = [
        {"event": "start", "runner": "pytest", "python": "3.12.1", "rootdir": str(root), "pid": pid},
        {"event": "test", "id": "a.py::b", "outcome": "passed", "seconds": pid / 7},
        {"event": "end", "exit_code": 0, "seconds": pid},
    ]
    return {
        f"coverage.data.host{pid}.{pid}.XkLm": coverage_data(root, pid),
        f"tests/{pid}-1.jsonl": "".join(json.dumps(row) + "\n" for row in record),
        "junit.xml": f'<testsuite hostname="h{pid}" time="{pid}"><testcase name="b"/></testsuite>',
        "durations.json": f'{{"a.py::b": {pid}}}',
        "htmlcov/index.html": f"<p>created at 2026-01-31 {when} +0000</p>",
        "dist/a-1.whl": wheel(root, minute=pid % 60),
    }


def coverage_data(root: Path, pid: int) -> bytes:
    path = root.with_name(f"{root.name}.sqlite")
    path.parent.mkdir(parents=True, exist_ok=True)
    data = sqlite3.connect(path)
    data.executescript(
        """CREATE TABLE meta (key text, value text); CREATE TABLE file (id integer, path text);
        CREATE TABLE context (id integer, context text); CREATE TABLE tracer (file_id integer, tracer text);
        CREATE TABLE line_bits (file_id integer, context_id integer, numbits blob);
        CREATE TABLE arc (file_id integer, context_id integer, fromno integer, tono integer);"""
    )
    data.execute("INSERT INTO meta VALUES ('when', ?)", (str(pid),))
    data.execute("INSERT INTO file VALUES (?, ?)", (pid, f"{root}/src/a.py"))
    data.execute("INSERT INTO context VALUES (1, '')")
    data.execute("INSERT INTO arc VALUES (?, 1, -1, 1)", (pid,))
    data.commit()
    data.close()
    return path.read_bytes()


def wheel(root: Path, minute: int) -> bytes:
    path = root.with_name(f"{root.name}.whl")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a/__init__.py", (2026, 1, 31, 13, minute, 0)), "x = 1\n")
    return path.read_bytes()
