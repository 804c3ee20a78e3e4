"""Take what coverage has seen out of its collector, context by context, and give it back whenever coverage asks.

`switch_context` of coverage writes each context to its database, which takes longer than many a test. Here equal sets
of lines are kept once, and written at the end: a JSON object a line, of files, of sets of numbers, and of the sets of
each context. With branches a number stands for two lines, as the C tracer packs them (sessions/impact_lines.py).
"""

from __future__ import annotations

import json
import os
from _thread import RLock
from collections.abc import Callable
from itertools import compress
from typing import Any

SUFFIX = ".lines"
_SINCE = (6, 2)  # since when the collector keeps sets of numbers
_MOST_NUMBERS = 1_000_000  # that are kept in memory


class Lines:
    """The sets of one process; `context` tells which one runs, `path` where they go, `refuse` that this failed."""

    def __init__(self, collector: Any, path: str, context: Callable[[], str], refuse: Callable[[str], None]) -> None:
        self._collector = collector
        self._data = collector.data
        self._refuse = refuse
        self._path = path
        self._context = context
        self._pid = os.getpid()
        self._sets: dict[str, dict[frozenset[int], int]] = {}  # by file: the number of each set
        self._contexts: dict[str, tuple[int, ...] | dict[int, None]] = {}
        self._lock = RLock()  # other threads import, or ask coverage
        self._count = 0
        self._numbers = 0
        self._missing: dict[str, set[int]] = {}  # what coverage is to get back
        self._branch = bool(collector.branch)
        _intercept(collector, self._give_back)

    def take(self) -> None:
        """Let what was seen since the last time belong to the context that ran until now."""
        with self._lock:
            self._take()

    def _take(self) -> None:
        if self._collector.data is not self._data:
            self._begin_again()
        data = self._data
        files = list(compress(data, data.values()))  # at once: other threads add files
        if not files:
            return
        found = []
        for file in files:
            seen = data[file]
            part = frozenset(seen)
            seen.difference_update(part)  # the tracer holds on to the set, and may have added to it meanwhile
            numbers = self._sets.setdefault(file, {})
            number = numbers.get(part)
            if number is None:
                number = numbers[part] = self._new(file, part)
            found.append(number)
        context = self._context()
        known = self._contexts.get(context)
        if known is None:
            self._contexts[context] = tuple(found)  # which takes less than what can grow
        else:
            more = known if isinstance(known, dict) else dict.fromkeys(known)
            more.update(dict.fromkeys(found))
            self._contexts[context] = more
        if self._numbers > _MOST_NUMBERS:
            self.write()

    def _begin_again(self) -> None:
        """Take notice that coverage was told to forget all that it had seen."""
        self.write()
        self._data, self._missing = self._collector.data, {}

    def _new(self, file: str, part: frozenset[int]) -> int:
        self._missing.setdefault(file, set()).update(part)
        self._numbers += len(part)
        self._count += 1
        return self._count - 1

    def write(self) -> None:
        """Append what was taken to the file, and forget it."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        if os.getpid() != self._pid or not self._contexts:
            return
        files = list(self._sets)
        sets = {n: (at, sorted(part)) for at, file in enumerate(files) for part, n in self._sets[file].items()}
        first = self._count - len(sets)
        told = {"branch": self._branch, "files": files, "sets": [sets[number] for number in sorted(sets)]}
        # A list for each context, all at once, would keep garbage collection busy.
        contexts = (
            "%s: %s" % (json.dumps(name), [number - first for number in found])
            for name, found in self._contexts.items()
        )
        text = '%s, "contexts": {%s}}' % (json.dumps(told, ensure_ascii=False)[:-1], ", ".join(contexts))
        self._sets, self._contexts, self._numbers = {}, {}, 0
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            with open(self._path, "a", encoding="utf-8") as stream:
                stream.write(text + "\n")
        except (OSError, UnicodeError) as error:  # the tests go on
            self._refuse("what the tests executed cannot be written: %s" % error)

    def hand_over(self) -> None:
        """Write what is known, and let coverage write what it gets back: the process may end without its asking."""
        self._collector.flush_data()

    def _give_back(self) -> None:
        """Put back what was taken: coverage is about to look; at the end that is the last that is heard of it."""
        if os.getpid() == self._pid:
            self.take()
            self.write()
        for file, numbers in self._missing.items():
            self._data.setdefault(file, set()).update(numbers)
        self._missing = {}


def lines_of(coverage: Any, path: str, context: Callable[[], str], refuse: Callable[[str], None]) -> Lines | None:
    """Return what takes the lines of a running measurement; None where its collector is not one that is known."""
    from coverage import version_info

    collector = getattr(coverage, "_collector", None)
    data, branch = getattr(collector, "data", None), getattr(collector, "branch", None)
    packed = getattr(getattr(collector, "core", collector), "packed_arcs", False)
    known = version_info[:2] >= _SINCE and type(data) is dict and isinstance(branch, bool) and packed
    return Lines(collector, path, context, refuse) if known and hasattr(collector, "flush_data") else None


def _intercept(collector: Any, before: Callable[[], None]) -> None:
    flush = collector.flush_data

    def flush_data() -> Any:
        before()
        return flush()

    collector.flush_data = flush_data
