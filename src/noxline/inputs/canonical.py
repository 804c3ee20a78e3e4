"""One way to write plain data as bytes: tagged, with lengths, so that no two values are ever written alike.

The digest of such bytes is a fingerprint's key. `SCHEMA` is part of every fingerprint.
"""

from __future__ import annotations

from hashlib import sha256

# 1: the first.
SCHEMA = 1


def encode(value: object) -> bytes:
    """Return text, a number, a boolean, None, or lists and mappings of them as bytes; mappings in order of their keys.

    >>> encode({"b": [1, True], "a": "x"})
    b'd2:s1:as1:xs1:bl2:i1:1b1:1'
    """
    kind = type(value)
    if kind is str:
        # Not "surrogateescape": it would write the name of an undecodable file as that of a decodable one.
        data = value.encode("utf-8", "surrogatepass")  # type: ignore[attr-defined]
        return b"s%d:%b" % (len(data), data)
    if kind is dict:
        items = sorted(value.items())  # type: ignore[attr-defined]
        return b"d%d:%b" % (len(items), b"".join([encode(part) for item in items for part in item]))
    if kind is list or kind is tuple:
        return b"l%d:%b" % (len(value), b"".join([encode(part) for part in value]))  # type: ignore[arg-type,attr-defined]
    if kind is bool:
        return b"b1:%d" % (value is True)
    if kind is int or kind is float:
        data = repr(value).encode()
        return b"%b%d:%b" % (b"i" if kind is int else b"f", len(data), data)
    if value is None:
        return b"n0:"
    raise TypeError(f"no plain data: {kind.__name__}")


def digest(value: object) -> str:
    """Return the SHA-256 of plain data, in hexadecimal digits."""
    return sha256(encode(value)).hexdigest()
