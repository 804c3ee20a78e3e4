"""Without the ordinary way, over plain data: the same decisions for the same reasons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noxline.inputs.canonical import digest
from noxline.inputs.fingerprint import fingerprint
from noxline.inputs.index import Index
from noxline.warm.decide import decisions
from tests.inputs.test_index import git, write

pytestmark = pytest.mark.process
SOURCES = ("src",)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("a", "b"):
        write(root, f"src/{name}.py", f"{name} = 1")
    write(root, ".gitignore", ".noxline")
    git(root, "init", "-q")
    git(root, "add", ".")
    return root


def looked(root: Path) -> Index:
    index = Index(str(root), str(root / ".noxline" / "state" / "index"), pytest.fail)
    index.refresh()
    return index


def snapshot(root: Path) -> dict[str, Any]:
    """Return what a rehearsal would keep of two tasks, the second of which needs the first; keep the index as well."""
    index = looked(root)
    rows = []
    for name, needs in (("unit", ()), ("after", ("unit",))):
        listed = index.select(SOURCES)
        made = fingerprint(
            definition={"name": name}, inputs=listed.digest, variables={}, environment={}, programs={}, needs={}
        )
        rows.append((name, SOURCES, made[1], needs))
        write(root, f".noxline/state/inputs/{listed.digest}", listed.text.decode())
    index.save()
    return {"plan": rows, "store": str(root / "store")}


CHANGES: dict[str, Callable[[Path], object]] = {
    "src/b.py changed": lambda root: (root / "src/b.py").write_text("b = 2"),
    "src/b.py is executable now": lambda root: (root / "src/b.py").chmod(0o755),
    "src/b.py is gone": lambda root: (root / "src/b.py").unlink(),
    "src/c.py is new": lambda root: (root / "src/c.py").write_text("c"),
    "src/b.py was renamed to src/c.py": lambda root: (root / "src/b.py").rename(root / "src/c.py"),
}


@pytest.mark.parametrize("cause", CHANGES)
def test_the_cause_is_named_and_what_follows_depends(root: Path, cause: str) -> None:
    known = snapshot(root)
    assert decisions(str(root), known, looked(root)) == {"unit": "reuse", "after": "reuse"}
    CHANGES[cause](root)
    assert decisions(str(root), known, looked(root)) == {"unit": f"run: {cause}", "after": "depends on unit"}


def test_an_earlier_state_is_left_to_the_store(root: Path) -> None:
    known = snapshot(root)
    write(root, "src/b.py", "b = 2")
    index = looked(root)
    key = digest({**known["plan"][0][2], "inputs": index.digest(SOURCES)})
    write(root, f"store/{key[:2]}/{key}.json", "")
    assert decisions(str(root), known, index) is None
