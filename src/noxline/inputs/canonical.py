"""One way to write plain data as bytes: tagged, with lengths, so that no two values are ever written alike.

The digest of such bytes is a fingerprint's key. `SCHEMA` is part of every fingerprint.
"""

from __future__ import annotations

from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# 1: the first.
SCHEMA = 1


def encode(value: object) -> bytes:
    """Return text, a number, a boolean, None, or lists and mappings of them as bytes; mappings in order of their keys.

    >>> encode({"b": [1, True], "a": "x"})
    b'd2:s1:as1:xs1:bl2:i1:1b1:1'
    """
    write = _WRITERS.get(type(value))
    if write is None:
        raise TypeError(f"no plain data: {type(value).__name__}")
    return write(value)


def _text(value: str) -> bytes:
    # Not "surrogateescape": it would write the name of an undecodable file as that of a decodable one.
    return _tagged(b"s", value.encode("utf-8", "surrogatepass"))


def _mapping(value: dict[str, object]) -> bytes:
    items = sorted(value.items())
    return b"d%d:%b" % (len(items), b"".join([encode(part) for item in items for part in item]))


def _list(value: list[object]) -> bytes:
    return b"l%d:%b" % (len(value), b"".join([encode(part) for part in value]))


def _tagged(tag: bytes, data: bytes) -> bytes:
    return b"%b%d:%b" % (tag, len(data), data)


_WRITERS: dict[type, Callable[[Any], bytes]] = {
    str: _text,
    dict: _mapping,
    list: _list,
    tuple: _list,
    bool: lambda value: b"b1:%d" % value,
    int: lambda value: _tagged(b"i", repr(value).encode()),
    float: lambda value: _tagged(b"f", repr(value).encode()),
    type(None): lambda _: b"n0:",
}


def digest(value: object) -> str:
    """Return the SHA-256 of plain data, in hexadecimal digits."""
    return sha256(encode(value)).hexdigest()
