"""`noxline explain` names the cause of every kind of change that the fuzz makes, and `run` gives the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.inputs.test_index import git
from tests.reuse.world import WorkTree

pytestmark = pytest.mark.process
SOURCE = Path("src/b.py")


@dataclass(frozen=True)
class Kind:
    """A kind of change: how it is made, of which task, what is then decided, and which causes are named."""

    change: Callable[[WorkTree], object]
    causes: tuple[str, ...]
    task: str = "compile"
    decision: str = "run"
    before: Callable[[WorkTree], object] = field(default=lambda tree: None)


def written(tree: WorkTree, name: str = "src/b.py", text: str = "b = 3\n") -> None:
    path = tree.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def linked(tree: WorkTree, target: str = "far.txt") -> None:
    for name in ("far.txt", "near.txt"):
        (tree.root.parent / name).write_text(name, encoding="utf-8")
    link = tree.root / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(tree.root.parent / target)


def same_size(tree: WorkTree) -> None:
    path = tree.root / SOURCE
    status = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def same_second(tree: WorkTree) -> None:
    """Edit a file twice in an instant, with a look in between."""
    written(tree, text="b = 3\n")
    tree.explain("compile")
    written(tree, text="b = 4\n")


def edited_meanwhile(tree: WorkTree) -> None:
    """Have an input edited while its task reads, and left so."""

    def edit(task: str, moment: str) -> None:
        if (task, moment) == ("compile", "before"):
            written(tree)

    assert tree.run(meanwhile=edit).results["compile"].outcome.warnings == ("not kept: src/b.py changed while it ran",)


def restored(tree: WorkTree) -> None:
    git(tree.root, "checkout", "-q", "HEAD", "--", str(SOURCE))


def ran_after_an_edit(tree: WorkTree) -> None:
    written(tree)
    tree.run()


KINDS = {
    "content": Kind(written, ("src/b.py changed",)),
    "mode": Kind(lambda tree: (tree.root / SOURCE).chmod(0o755), ("src/b.py is executable now",)),
    "rename": Kind(
        lambda tree: (tree.root / SOURCE).rename(tree.root / "src/z.py"), ("src/b.py was renamed to src/z.py",)
    ),
    "delete": Kind(lambda tree: (tree.root / SOURCE).unlink(), ("src/b.py is gone",)),
    "a new file": Kind(lambda tree: written(tree, "src/new.py"), ("src/new.py is new",)),
    "restore": Kind(restored, ("src/b.py changed",), decision="reuse", before=ran_after_an_edit),
    "a new symlink": Kind(linked, ("link is new",), task="report"),
    "a symlink that leads elsewhere": Kind(
        lambda tree: linked(tree, "near.txt"), ("link changed",), task="report", before=linked
    ),
    "what lies behind a symlink": Kind(
        lambda tree: (tree.root.parent / "far.txt").write_text("other"), ("link changed",), task="report", before=linked
    ),
    "environment variable": Kind(lambda tree: tree.settings.environ.update(FLAGS="-O"), ("FLAGS is set",)),
    "a variable that nobody declared": Kind(
        lambda tree: tree.settings.environ.update(UNRELATED="1"), (), decision="reuse"
    ),
    "dependency version": Kind(lambda tree: tree.settings.packages.update(pytest="8.4.2"), ("pytest 8.4.1 → 8.4.2",)),
    "a dependency more": Kind(lambda tree: tree.settings.packages.update(tomli="2.0"), ("tomli 2.0 was added",)),
    "a dependency less": Kind(lambda tree: tree.settings.packages.pop("six"), ("six 1.0 was removed",)),
    "noxfile": Kind(lambda tree: setattr(tree.settings, "noxfile", "2"), ("noxfile.py changed",)),
    "settings": Kind(
        lambda tree: tree.settings.patterns.update(compile=("src", "pyproject.toml", "conf.toml")),
        ("the settings of its inputs changed", "conf.toml is new"),
    ),
    "touch without change": Kind(lambda tree: os.utime(tree.root / SOURCE, (1, 1)), (), decision="reuse"),
    "edit within the same second": Kind(same_second, ("src/b.py changed",)),
    "edit that keeps size and restores mtime": Kind(same_size, ("src/b.py changed",)),
    "edit while a task runs": Kind(
        edited_meanwhile, ("src/b.py changed",), before=lambda tree: tree.settings.environ.update(FLAGS="-O")
    ),
    "shard assignment": Kind(
        lambda tree: tree.settings.shards.update({"unit#1/2": ("t1", "t2", "t3"), "unit#2/2": ("t4",)}),
        ("other tests belong to this shard",),
        task="unit#1/2",
    ),
    "a file that git ignores, in a folder that is named": Kind(
        lambda tree: written(tree, "src/local.env", "other"), ("src/local.env changed",)
    ),
    "a file that git ignores, named itself": Kind(
        lambda tree: written(tree, "secret.env", "other"), ("secret.env changed",), task="bench"
    ),
    "a file that git ignores and nobody names": Kind(
        lambda tree: written(tree, "other.env", "other"), (), task="bench", decision="reuse"
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_cause_is_named(tmp_path: Path, name: str) -> None:
    kind, tree = KINDS[name], WorkTree.make(tmp_path / "one", tmp_path / "store")
    tree.run()
    kind.before(tree)
    if name != "edit while a task runs":
        tree.run()
    kind.change(tree)
    told = tree.explain(kind.task)
    assert told.decision == kind.decision
    causes = ("FLAGS is set", *kind.causes) if name == "edit while a task runs" else kind.causes
    assert sorted(told.changes) == sorted(causes)
    ran = tree.run()
    assert ran.results[kind.task].decision == {"run": "ran", "reuse": "reused"}[kind.decision]
    assert sorted(ran.reasons(kind.task)) == sorted(causes if kind.decision == "run" else ())
    assert ran.ends == tree.foretold()


def test_what_follows_depends_on_it_and_then_names_the_output(tmp_path: Path) -> None:
    tree = WorkTree.make(tmp_path / "one", tmp_path / "store")
    tree.run()
    written(tree)
    told = tree.explain("unit#1/2")
    assert (told.decision, told.reasons) == ("depends", ("compile",))
    assert tree.run().reasons("unit#1/2") == ("the output of compile changed",)


def test_a_result_that_was_not_kept_is_said_to_be_the_cause(tmp_path: Path) -> None:
    tree = WorkTree.make(tmp_path / "one", tmp_path / "store")
    tree.run(cached=False)
    told = tree.explain("compile")
    assert (told.decision, told.reasons, told.changes) == ("run", ("its last result was not kept",), ())
