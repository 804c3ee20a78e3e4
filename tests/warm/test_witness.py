"""What a run read is as it was, or it is noticed; what changed while it was read is believed by nobody."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from noxline.nox_bridge.watch import Watch
from noxline.warm import trace, witness


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    """Return a watch that saw a file, a folder, and that something is not there."""
    (tmp_path / "file").write_text("1", encoding="utf-8")
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    watch = Watch()
    watch.files, watch.folders = trace.Looked(witness.numbers_of), trace.Looked(witness.names_in)
    watch.kinds = trace.Looked(witness.kind_of)
    watch.files.add(str(tmp_path / "file"))
    watch.folders.add(str(tmp_path / "folder"))
    watch.kinds.update([str(tmp_path / "absent"), str(tmp_path / "folder")])
    return watch


def seen(watch: Watch, root: Path, programs: tuple[str, ...] = ()) -> witness.Witnesses:
    return trace.witnesses(watch, root / "elsewhere", programs=programs, store="/nowhere", entries=())


def same_size(root: Path) -> None:
    status = (root / "file").stat()
    (root / "file").write_text("2", encoding="utf-8")
    os.utime(root / "file", ns=(status.st_atime_ns, status.st_mtime_ns))


def retyped(root: Path) -> None:
    (root / "folder" / "inner").rmdir()
    (root / "folder" / "inner").touch()


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": same_size,
    "gone": lambda root: (root / "file").unlink(),
    "a new name": lambda root: (root / "folder" / "new").touch(),
    "a name gone": lambda root: (root / "folder" / "inner").rmdir(),
    "a name of another kind": retyped,
    "something where nothing was": lambda root: (root / "absent").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_after_the_look_is_noticed(watch: Watch, tmp_path: Path, change: str) -> None:
    found = seen(watch, tmp_path)
    assert witness.hold(found)
    CHANGES[change](tmp_path)
    assert not witness.hold(found)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_look_and_note_is_refused(watch: Watch, tmp_path: Path, change: str) -> None:
    CHANGES[change](tmp_path)
    with pytest.raises(trace.MovedError):
        seen(watch, tmp_path)


def test_what_is_only_touched_still_holds(watch: Watch, tmp_path: Path) -> None:
    found = seen(watch, tmp_path)
    os.utime(tmp_path / "file", (1, 1))
    (tmp_path / "folder" / "__pycache__").mkdir()
    assert witness.hold(found)


def test_programs_count_by_what_is_in_them(watch: Watch, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("1", encoding="utf-8")
    found = seen(watch, tmp_path, (str(program),))
    program.write_text("2", encoding="utf-8")
    assert not witness.hold(found)


def test_variables_count_but_for_those_of_the_terminal() -> None:
    base = {"A": "1", "SHLVL": "1", "TMUX": "x"}
    assert witness.variables_digest(base) == witness.variables_digest({"A": "1", "SHLVL": "2"})
    assert witness.variables_digest(base) != witness.variables_digest({**base, "A": "2"})
    assert witness.variables_digest(base) != witness.variables_digest({**base, "B": ""})
