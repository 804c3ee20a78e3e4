"""Notes the names of the environment variables that this process reads by `os.environ`."""

from __future__ import annotations

import os
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from _noxline_audit import Recorder


class Copy:
    """Values that are taken in the very order in which the names were given: they are passed on, not looked at."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._count = 0

    def goes_on(self, name: str) -> bool:
        """Tell whether this name is the next one; then it counts as taken."""
        if self._count < len(self.names) and self.names[self._count] == name:
            self._count += 1
            return True
        return False

    def taken(self) -> list[str]:
        """Return what was taken of a copy that did not come to its end: it was none."""
        return self.names[: self._count] if self._count < len(self.names) else []


class Variables:
    """Knows which variables the process began with, and which it has changed itself: those are no inputs."""

    def __init__(self, recorder: Recorder, environ: Any) -> None:
        self._recorder = recorder
        self._environ = environ
        self._began = dict(environ._data)
        self._changed: set[str] = set()
        self._copies: dict[int, Copy] = {}  # by thread

    def read(self, key: Any) -> None:
        """Note a name that was asked for."""
        try:
            name = os.fsdecode(key)
            copy = self._copies.get(get_ident())
            if copy is not None:
                if copy.goes_on(name):
                    return
                del self._copies[get_ident()]
                for early in copy.taken():
                    self._note(early)
            self._note(name)
        except Exception:  # noqa: BLE001, S110 - a record that is lost costs less than a program that breaks
            pass

    def _note(self, name: str) -> None:
        if name not in self._changed:
            self._recorder.note("V" if self._environ.encodekey(name) in self._began else "U", name)

    def changed(self, key: Any) -> None:
        """Take notice of a variable that was set or deleted, perhaps back to what it was."""
        name = os.fsdecode(key)
        raw = self._environ.encodekey(name)
        same = self._environ._data.get(raw) == self._began.get(raw)
        (self._changed.discard if same else self._changed.add)(name)

    def listed(self, keys: Iterator[Any]) -> Iterator[Any]:
        """Note that all names were asked for; a copy of the values, as for a child process, may follow."""
        copy = Copy()
        try:
            self._recorder.note("V", "*")
            self._copies[get_ident()] = copy
        except Exception:  # noqa: BLE001, S110 - see `read`
            pass
        for key in keys:
            copy.names.append(os.fsdecode(key))
            yield key


def watch(recorder: Recorder) -> None:
    """Begin to note what is read from `os.environ`."""
    variables = Variables(recorder, os.environ)

    class Watched(type(os.environ)):  # type: ignore[misc]  # the class behind os.environ is private
        def __getitem__(self, key: Any) -> Any:
            variables.read(key)
            return super().__getitem__(key)

        def __contains__(self, key: object) -> bool:
            variables.read(key)
            return bool(super().__contains__(key))

        def __setitem__(self, key: Any, value: Any) -> None:
            super().__setitem__(key, value)
            variables.changed(key)

        def __delitem__(self, key: Any) -> None:
            super().__delitem__(key)
            variables.changed(key)

        def __iter__(self) -> Iterator[Any]:
            return variables.listed(super().__iter__())

    os.environ.__class__ = Watched
