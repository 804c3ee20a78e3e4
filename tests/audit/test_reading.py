"""What processes left in their folder, and strace where it is there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from noxline.audit.reading import BEGIN, TRACE, read_observed
from noxline.audit.tracer import find_tracer, tracing_argv


@pytest.fixture
def used(tmp_path: Path) -> Path:
    folder = tmp_path / "used"
    folder.mkdir()
    (folder / BEGIN).write_text('{"at": 10.0, "pid": 1, "own": false}')
    return folder


def test_records_from_before_the_session_and_cut_lines_do_not_count(used: Path, tmp_path: Path) -> None:
    (used / "5.txt").write_bytes(
        b"P 9.0 python\nR 9.5 early.txt\nR 11.0 a b.txt\nR 11.0 back\\\\nslash\\n.txt\nnonsense\nR x y\n\nR 12.0 cut"
    )
    found = read_observed(used, tmp_path)
    assert found is not None
    assert found.reads == {"a b.txt", "back\\nslash\n.txt"}
    assert (found.processes, found.traced) == (1, False)


def test_a_task_that_never_came_to_its_session_was_not_observed(used: Path, tmp_path: Path) -> None:
    (used / BEGIN).unlink()
    assert read_observed(used, tmp_path) is None


def test_a_trace_without_what_nox_and_git_read_and_what_interpreters_look_through(used: Path, tmp_path: Path) -> None:
    root = tmp_path
    lines = [
        f'1 11.0 open("{root}/noxfile.py", O_RDONLY) = 3',
        '2 11.0 execve("/usr/bin/git", ["git"], 0x1) = 0',
        f'2 11.0 open("{root}/listed.txt", O_RDONLY) = 3',
        f"5 11.0 getdents64(3<{root}>, 0x1, 32768) = 48",
        f'5 11.0 access("{root}/ignored.txt", F_OK) = 0',
        f'5 11.0 access("{root}/flag", F_OK) = 0',
        f'5 11.0 open("{root}/library.so", O_RDONLY) = 3',
        f'6 11.0 open("{root}/a.txt", O_RDONLY) = 3',
        f'6 9.0 open("{root}/early.txt", O_RDONLY) = 3',
        f"6 11.0 getdents64(3<{root}/src>, 0x1, 32768) = 48",
    ]
    (used / TRACE).write_text("\n".join(lines) + "\n")
    (used / "5.txt").write_text("P 10.5 python\nI 11.0 ignored.txt\n")
    (root / "src").mkdir()
    found = read_observed(used, root)
    assert found is not None
    assert found.reads == {"flag", "library.so", "a.txt"}
    assert found.listed == {"src"}
    assert (found.processes, found.traced) == (1, True)


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="strace exists on Linux only")
def test_strace_sees_what_other_programs_do(used: Path, tmp_path: Path, real_component: Callable[[str], str]) -> None:
    real_component("strace")
    program, problem = find_tracer(tmp_path)
    if not program:
        if os.environ.get("NOXLINE_REQUIRE_COMPONENTS"):
            pytest.fail(f"{problem}, and this run demands it")
        pytest.skip(problem)
    root = tmp_path / "pro ject"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "café.txt").write_text("x")
    script = "cd sub; cat café.txt; ls .; test -e flag; echo x > out.txt; cat out.txt; mv out.txt moved.txt; exit 3"
    (used / BEGIN).write_text('{"at": 0, "pid": 0, "own": true}')
    argv = tracing_argv(program, ("sh", "-c", script), used / TRACE)
    done = subprocess.run(argv, cwd=root, capture_output=True, timeout=60)
    assert done.returncode == 3
    found = read_observed(used, root)
    assert found is not None
    assert found.reads == {"sub/café.txt"}
    assert (found.listed, found.missing, found.writes) == ({"sub"}, {"sub/flag"}, {"sub/moved.txt"})


@pytest.mark.process
def test_a_machine_without_strace_is_told_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_tracer(tmp_path)[0] == ""
    assert "strace" in find_tracer(tmp_path)[1]
    broken = tmp_path / "strace"
    broken.write_text("#!/bin/sh\necho 'ptrace: Operation not permitted' >&2\nexit 1\n")
    broken.chmod(0o755)
    if sys.platform == "linux":
        assert find_tracer(tmp_path) == ("", "strace does not work: ptrace: Operation not permitted")
