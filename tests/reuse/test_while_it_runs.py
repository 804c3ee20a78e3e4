"""An input that is edited while its task runs: the result counts for this run and is not kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.reuse.world import WorkTree

pytestmark = pytest.mark.process


@pytest.mark.parametrize("name", ["src/a.py", "src/local.env", "secret.env", "link"])
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
@pytest.mark.parametrize("back", [True, False], ids=["put back", "left"])
def test_the_result_is_not_kept(tmp_path: Path, name: str, known: bool, back: bool) -> None:
    """Also when the file is put back with its times, and when the environment was not known before."""
    tree = WorkTree.make(tmp_path / "one", tmp_path / "store")
    outside = tmp_path / "far.txt"
    outside.write_text("far\n", encoding="utf-8")
    (tree.root / "link").symlink_to(outside)
    task = {"secret.env": "bench", "link": "report"}.get(name, "compile")
    path = outside if name == "link" else tree.root / name
    data, status = path.read_bytes(), path.stat()

    def put_back() -> None:
        path.write_bytes(data)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def meanwhile(running: str, moment: str) -> None:
        if running == task and moment == "before":
            path.write_bytes(data[::-1])
        elif running == task and back:
            put_back()

    unknown = frozenset() if known else frozenset({task})
    first = tree.run(meanwhile=meanwhile, unknown=unknown)
    assert any("not kept" in warning for warning in first.results[task].outcome.warnings)
    put_back()
    second = tree.run()
    assert task in second.decided("ran")
    assert second.ends == tree.foretold()


def test_an_edit_before_a_later_task_starts_counts_for_that_task(tmp_path: Path) -> None:
    tree = WorkTree.make(tmp_path / "one", tmp_path / "store")
    path = tree.root / "secret.env"  # git ignores it; `bench`, which names it, runs last and alone
    data = path.read_bytes()

    def meanwhile(running: str, moment: str) -> None:
        if running == "compile" and moment == "before":
            path.write_bytes(data[::-1])

    assert tree.run(meanwhile=meanwhile).ends == tree.foretold()
    path.write_bytes(data)
    assert tree.run().ends == tree.foretold()


def test_the_reason_names_each_kind_of_change(tmp_path: Path) -> None:
    tree = WorkTree.make(tmp_path / "one", tmp_path / "store")
    tree.run()
    (tree.root / "src" / "b.py").write_text("b = 3\n", encoding="utf-8")
    assert tree.run().reasons("compile") == ("src/b.py changed",)
    (tree.root / "src" / "b.py").chmod(0o755)
    assert tree.run().reasons("compile") == ("src/b.py is executable now",)
    (tree.root / "src" / "b.py").unlink()
    assert tree.run().reasons("compile") == ("src/b.py is gone",)
    (tree.root / "src" / "n.py").write_text("", encoding="utf-8")
    assert tree.run().reasons("compile") == ("src/n.py is new",)
    (tree.root / "src" / "local.env").write_text("other", encoding="utf-8")
    assert tree.run().reasons("compile") == ("src/local.env changed",)
    tree.settings.environ["FLAGS"] = "-O"
    ran = tree.run()
    assert ran.reasons("compile") == ("FLAGS is set",)
    assert ran.reasons("unit#1/2") == ("the output of compile changed",)
    tree.settings.packages["pytest"] = "8.4.2"
    assert tree.run().reasons("compile") == ("pytest 8.4.1 → 8.4.2",)
    tree.settings.noxfile = "2"
    assert tree.run().reasons("compile") == ("noxfile.py changed",)
    tree.settings.patterns["compile"] = ("src",)
    assert tree.run().reasons("compile")[0] == "the settings of its inputs changed"
    tree.settings.shards = {"unit#1/2": ("t1",), "unit#2/2": ("t2", "t3", "t4")}
    assert tree.run().reasons("unit#1/2") == ("other tests belong to this shard",)
    assert tree.run(forced=frozenset({"bench"})).reasons("bench") == ("--force",)


def test_an_output_that_is_the_same_stops_what_follows(tmp_path: Path) -> None:
    tree = WorkTree.make(tmp_path / "one", tmp_path / "store")
    tree.run()
    path = tree.root / "src" / "pkg" / "c.py"
    tree.settings.patterns["compile"] = ("pyproject.toml",)
    tree.run()
    path.write_text(path.read_text(encoding="utf-8") + "# said\n", encoding="utf-8")
    assert tree.run().decided("ran") == {"parse"}
