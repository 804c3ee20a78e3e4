"""What counts of a wheel, an sdist or another archive: the content of its members, not when and how it was packed."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIXES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar")
_EXECUTABLE = 0o111


def members(path: str) -> list[list[str]]:
    """Return name, kind and digest of each member, sorted; raise ValueError when it is no whole archive."""
    import lzma
    import tarfile
    import zipfile
    import zlib

    wheel = path.endswith((".whl", ".zip"))
    try:
        return sorted(_zipped(path) if wheel else _tarred(path))
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, RuntimeError) as error:
        raise ValueError(str(error)) from error


def _zipped(path: str) -> Iterator[list[str]]:
    import zipfile
    from hashlib import sha256

    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            executable = bool(entry.external_attr >> 16 & _EXECUTABLE)
            yield [entry.filename, "x" if executable else "f", sha256(archive.read(entry)).hexdigest()]


def _tarred(path: str) -> Iterator[list[str]]:
    import tarfile
    from hashlib import sha256

    with tarfile.open(path) as archive:
        for entry in archive:
            if file := archive.extractfile(entry) if entry.isfile() else None:
                kind = "x" if entry.mode & _EXECUTABLE else "f"
                yield [entry.name, kind, sha256(file.read()).hexdigest()]
            else:
                yield [entry.name, entry.type.decode("ascii"), entry.linkname]
