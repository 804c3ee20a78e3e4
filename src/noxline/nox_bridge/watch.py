"""Notes what a noxfile reads while it loads; standard library only, for it runs beside any nox."""

from __future__ import annotations

import os
import pathlib
import sys
from pathlib import Path
from typing import Any


class Watch:
    """Notes what a noxfile reads while it loads: files, folders, whether paths exist, variables, processes.

    What code in the files below `blind` folders opens is left out.
    """

    def __init__(self, blind: tuple[str, ...] = ()) -> None:
        self.on = False
        self._blind = blind
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self.kinds: set[str] = set()
        self.variables: set[str] = set()
        self.processes: set[str] = set()

    def start(self) -> None:
        """Begin to watch; a process can do this once, for hooks cannot be taken out again."""
        self._stat = os.stat
        os.stat = self._watched_stat  # exists() and is_dir() raise no audit event
        accessor = getattr(pathlib, "_NormalAccessor", None)
        if accessor is not None:  # Python 3.10's Path took its own copy of os.stat when it was imported
            accessor.stat = staticmethod(self._watched_stat)
        sys.addaudithook(self._hear)
        sys.meta_path.append(self)  # comes last: sees the imports that found nothing
        watch = self

        class Watched(type(os.environ)):  # type: ignore[misc]  # the class behind os.environ is private
            def __getitem__(self, key: str) -> str:
                watch.variable(key)
                return str(super().__getitem__(key))

            def __contains__(self, key: object) -> bool:
                watch.variable(key)
                return bool(super().__contains__(key))

            def __iter__(self) -> Any:
                watch.variable("*")
                return super().__iter__()

            def copy(self) -> dict[str, str]:
                watch.variable("*")
                return dict(super().copy())

        os.environ.__class__ = Watched
        self.on = True

    def variable(self, key: Any) -> None:
        """Note that a variable was read; `*` stands for all of them."""
        if self.on:
            self.variables.add(os.fsdecode(key))

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:  # noqa: ARG002 - the protocol's
        """Note where a module would have to appear that could not be imported."""
        if self.on and not path:
            self.files.update((_absolute(f"{name}.py"), _absolute(f"{name}/__init__.py")))

    def _watched_stat(self, path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        if self.on and isinstance(path, str | bytes | os.PathLike):
            self.kinds.add(_absolute(path))
        return self._stat(path, *args, **kwargs)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            # Asking for a frame is an event too, hence only here.
            if not (self._blind and sys._getframe(1).f_code.co_filename.startswith(self._blind)):
                self._opened(*args)
        elif event in {"os.listdir", "os.scandir"}:
            self._listed(args[0], by=sys._getframe(1).f_code.co_filename)
        elif event == "subprocess.Popen":
            self.processes.add(Path(str(args[0])).name)
        elif event in {"os.system", "os.posix_spawn", "os.fork"}:
            self.processes.add("a command")

    def _listed(self, path: Any, *, by: str) -> None:
        if _is_import(by):
            return
        folder = "." if path is None else path
        if isinstance(folder, str | bytes):
            self.folders.add(_absolute(folder))

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        if not isinstance(path, str | bytes) or (flags or 0) & (os.O_WRONLY | os.O_RDWR) or "w" in (mode or ""):
            return
        name = _absolute(path)
        if name.endswith(".pyc"):
            from importlib.util import source_from_cache

            try:
                name = source_from_cache(name)
            except ValueError:
                return  # a byte-code file of nobody's source
        self.files.add(name)


def _is_import(filename: str) -> bool:
    return filename.startswith("<frozen importlib")


def _absolute(path: Any) -> str:
    """Return a path made absolute by its spelling alone: resolving it would itself ask the disk."""
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - see above
