"""Stand-ins for the functions of `os` that tell an audit hook nothing, or not enough."""

from __future__ import annotations

import os
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from _noxline_audit import Recorder


class Wrapped:
    """A stand-in for a function of `os`: no descriptor, so that classes can hold it as they can hold a built-in."""

    def __init__(self, recorder: Recorder, original: Callable[..., Any]) -> None:
        self._recorder = recorder
        self._original = self.__wrapped__ = original
        self.__name__ = self.__qualname__ = original.__name__
        self.__doc__ = original.__doc__
        self.__module__ = "os"
        supported: tuple[set[Any], ...] = (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks)
        for functions in supported:
            if original in functions:
                functions.add(self)

    def __repr__(self) -> str:
        return repr(self._original)

    def __reduce__(self) -> str:
        return self.__name__


class Stat(Wrapped):
    """`os.stat`, which raises no audit event: it is how Python asks whether a path exists."""

    def __call__(self, path: Any, **options: Any) -> os.stat_result:
        if path.__class__ is str and path in self._recorder.seen_before:
            return self._original(path, **options)  # type: ignore[no-any-return]  # whatever was replaced
        try:
            found: os.stat_result = self._original(path, **options)
        except (FileNotFoundError, NotADirectoryError):
            self._recorder.looked(path, options.get("dir_fd"), None)
            raise
        self._recorder.looked(path, options.get("dir_fd"), found)
        return found


class Access(Wrapped):
    """`os.access`, which raises no audit event either."""

    def __call__(self, path: Any, mode: int, **options: Any) -> bool:
        allowed = bool(self._original(path, mode, **options))
        try:
            fd = options.get("dir_fd")
            found = self._recorder.stat(path, dir_fd=fd)
        except OSError:
            found = None
        self._recorder.looked(path, options.get("dir_fd"), found)
        return allowed


class Open(Wrapped):
    """`os.open`, whose audit event does not tell relative to which folder a path is."""

    def __call__(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> Any:
        if dir_fd is None:
            return self._original(path, flags, mode)
        recorder, me = self._recorder, get_ident()
        try:
            name = recorder.inside(path, dir_fd)
            if name:
                recorder.note_open(name, path, flags, dir_fd)
        except Exception:  # noqa: BLE001, S110 - see Recorder.looked
            pass
        recorder.silent.add(me)
        try:
            return self._original(path, flags, mode, dir_fd=dir_fd)
        finally:
            recorder.silent.discard(me)
