"""The address of a remote cache, as settings write it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from noxline.errors import ConfigError

PLACE = "[cache] remote"
HTTP = ("http", "https")
SCHEMES = (*HTTP, "s3", "gs", "az", "file")
_EXAMPLES = '"https://cache.example.org/noxline", "s3://bucket/noxline" or "file:///mnt/cache"'


@dataclass(frozen=True, slots=True)
class Address:
    """A sound address without credentials: it can be shown to anybody."""

    text: str
    scheme: str


def parse_address(text: str) -> Address:
    """Return an address; raise ConfigError for what is none, without showing a password that it may hold.

    >>> parse_address("s3://bucket/noxline").scheme
    's3'
    """
    try:
        parts = urlsplit(text.strip())
        problem = _problem(parts)
    except ValueError as error:  # a port or a bracket that cannot be
        raise ConfigError(f"the address cannot be read: {error}", place=PLACE, hint=_EXAMPLES) from error
    if problem:
        raise ConfigError(problem[0], place=PLACE, hint=problem[1])
    return Address(text.strip().rstrip("/"), parts.scheme)


def _problem(parts: SplitResult) -> tuple[str, str] | None:
    if "@" in parts.netloc:
        hint = "put them into NOXLINE_CACHE_TOKEN, or NOXLINE_CACHE_USER and NOXLINE_CACHE_PASSWORD"
        return "the address holds credentials, which settings must not", hint
    if parts.scheme not in SCHEMES:
        return f"{parts.scheme or 'nothing'}:// is no kind of remote cache", f"write {_EXAMPLES}"
    if parts.query or parts.fragment or parts.port == 0:
        return "an address has no ? and no # part and no port 0", f"write {_EXAMPLES}"
    return _directory_problem(parts) if parts.scheme == "file" else _server_problem(parts)


def _directory_problem(parts: SplitResult) -> tuple[str, str] | None:
    sound = not parts.netloc and parts.path.startswith("/")
    return None if sound else ("a directory is named by its absolute path", 'write "file:///mnt/cache"')


def _server_problem(parts: SplitResult) -> tuple[str, str] | None:
    return None if parts.hostname else ("the address names no server and no bucket", f"write {_EXAMPLES}")
