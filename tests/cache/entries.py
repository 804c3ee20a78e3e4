"""Entries and outputs for tests of the stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from noxline.cache.disk import DiskStore
from noxline.inputs.canonical import digest
from noxline.model.cache import CacheEntry, Fingerprint, Kept, StoredFile

FILES: Mapping[str, bytes] = {"junit.xml": b"<testsuite/>", "html/index.html": b"<p>" * 50, "html/empty": b""}
LOG, INPUTS = b"collected 3 items\n", b'{"src/a.py": "00"}'


def stored(path: str, data: bytes, *, executable: bool = False) -> StoredFile:
    return StoredFile(path=path, size=len(data), sha256=sha256(data).hexdigest(), executable=executable)


def fingerprint(name: str) -> Fingerprint:
    components = {"task": name, "inputs": {"src/a.py": "0" * 64}}
    return Fingerprint(digest=digest(components), components=components)


def entry(
    name: str = "tests-3.12", files: Mapping[str, bytes] = FILES, log: bytes = LOG, **changes: object
) -> CacheEntry:
    given: dict[str, object] = {
        "fingerprint": fingerprint(name),
        "task": name,
        "seconds": 4.5,
        "cpu_seconds": 4.0,
        "setup_seconds": 0.5,
        "warnings": ("nothing was measured",),
        "output_digest": "1" * 64,
        "files": tuple(stored(path, data, executable=path.endswith(".sh")) for path, data in files.items()),
        "log": stored("log.txt", log),
        "inputs": stored("inputs.json", INPUTS),
        "created": 1_700_000_000.0,
        "writer": "1.0",
    }
    return CacheEntry(**{**given, **changes})  # type: ignore[arg-type]


def kept(folder: Path, name: str = "tests-3.12", files: Mapping[str, bytes] = FILES, log: bytes = LOG) -> Kept:
    """Write what a task would have left below a folder."""
    output = folder / "made" / name / "output"
    for path, data in files.items():
        file = output / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(0o755 if path.endswith(".sh") else 0o644)
    output.mkdir(parents=True, exist_ok=True)
    (output.parent / "log.txt").write_bytes(log)
    made = entry(name, files, log)
    return Kept(entry=made, output=str(output), log=str(output.parent / "log.txt"), inputs=INPUTS)


def content(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@dataclass
class Desk:
    """A store in a folder, and what it warned of."""

    folder: Path
    warnings: list[str] = field(default_factory=list)

    def store(self, *, limit: int = 10**9, scope: str = "", mac_key: bytes | None = None) -> DiskStore:
        place = str(self.folder / "cache")
        return DiskStore(place, warn=self.warnings.append, limit=limit, scope=scope, mac_key=mac_key)

    def restored(self, store: DiskStore, name: str = "tests-3.12") -> dict[str, bytes] | None:
        """Return what a task's result gives back, its log as "log.txt"; None for a miss."""
        found = store.find(fingerprint(name).digest)
        target = self.folder / "run" / name
        if found is None or not store.restore(found, target / "output", target / "log.txt"):
            return None
        return {**content(target / "output"), "log.txt": (target / "log.txt").read_bytes()}

    def files(self, area: str) -> list[Path]:
        return sorted(path for path in (self.folder / "cache" / "v1" / area).rglob("*") if path.is_file())
