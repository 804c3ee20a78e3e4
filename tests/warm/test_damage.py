"""One changed byte in any file that noxline keeps: never a wrong result, and of what results rest on, a warning."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.warm.small import Small

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]

# Results rest on them; of the others (reasons, durations, what a start had to ask for) only words or time are lost.
WARNED = frozenset({"entries", "blobs", "index"})


def kinds(small: Small) -> dict[str, list[Path]]:
    """Return all kept files by what they are."""
    state, store = small.root / ".noxline" / "state", small.store / "v1"
    found: dict[str, list[Path]] = {}
    for root in (state, store):
        for path in sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size):
            found.setdefault(path.relative_to(root).parts[0], []).append(path)
    return found


def change_one_byte(path: Path, chance: random.Random) -> None:
    """Change one byte, and leave size and mode."""
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
    path.write_bytes(data)


def warned_of_damage(small: Small) -> list[str]:
    done = small.ci()
    assert done.code == 0, done.out + done.err
    assert done.left == small.expected()
    warnings = done.document("run.json")["warnings"]
    return [text for text in warnings if "damaged" in text or "cannot be used" in text]


def test_any_byte_of_any_kept_file(tmp_path: Path) -> None:
    small, chance = Small.make(tmp_path), random.Random(0)
    small.warmed()
    names = set(kinds(small))
    assert names >= {"entries", "blobs", "ledger", "usage", "index", "fingerprints", "inputs", "listing", "warm"}
    for name in sorted(names):
        small.warmed()
        for path in kinds(small)[name]:
            change_one_byte(path, chance)
        warnings = warned_of_damage(small)
        assert len({text.split(" (")[0] for text in warnings}) == len(warnings), warnings
        assert warnings or name not in WARNED, name
    assert small.warmed().left == small.expected()
