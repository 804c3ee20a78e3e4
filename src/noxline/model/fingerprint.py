"""The named components that decide whether a result may be reused; their digest is the key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

# Part of every digest. 1: the first form.
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """Components by kind and name: `parts["file"]["src/a.py"]` is a digest, `parts["package"]["pytest"]` a version.

    Kinds: `stage`, `shard`, `session` (the noxfile and what it imports), `argv`, `variable`, `file`, `package`,
    `interpreter`, `platform`, `program` (outside the environment), `need` (digest of a needed task's outputs).
    """

    parts: Mapping[str, Mapping[str, str]]

    @cached_property
    def canonical(self) -> bytes:
        """Return the one spelling of these components: JSON, keys sorted, no spaces, UTF-8."""
        return json.dumps(
            {"schema": SCHEMA, "parts": self.parts}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode("utf-8", "surrogatepass")

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the canonical form, in hex."""
        return sha256(self.canonical).hexdigest()


_WORDS = {
    "file": "input {change}: {name}",
    "variable": "variable {change}: {name}",
    "argv": "command line changed",
    "session": "session source {change}: {name}",
    "shard": "tests of this shard changed",
    "stage": "stage settings changed: {name}",
    "need": "output of {name} changed",
    "program": "program {change}: {name}",
}


def differences(old: Fingerprint, new: Fingerprint) -> tuple[str, ...]:
    """Return one line for each component that differs, the likeliest causes first.

    >>> was = Fingerprint(parts={"package": {"pytest": "8.4.1"}, "file": {"src/a.py": "1"}})
    >>> now = Fingerprint(parts={"package": {"pytest": "8.4.2"}, "file": {"src/a.py": "2", "src/b.py": "1"}})
    >>> differences(was, now)
    ('input changed: src/a.py', 'input added: src/b.py', 'pytest 8.4.1 → 8.4.2')
    """
    kinds = dict.fromkeys([*_WORDS, *sorted({*old.parts, *new.parts} - set(_WORDS))])
    return tuple(
        line for kind in kinds for line in _kind_differences(kind, old.parts.get(kind, {}), new.parts.get(kind, {}))
    )


def _kind_differences(kind: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[str]:
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        change = "added" if was is None else "removed" if now is None else "changed"
        if kind in _WORDS:
            yield _WORDS[kind].format(change=change, name=name)
        elif was is None or now is None:
            yield f"{name} {now or was} {change}"
        else:
            yield f"{name} {was} → {now}"
