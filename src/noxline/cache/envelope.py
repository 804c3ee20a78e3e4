"""A signed object as bytes: one line with the key and the signature, then the content.

Nothing of the content is looked at, not even decompressed, before its signature holds.
"""

from __future__ import annotations

import binascii

from noxline.cache.failures import GarbageError
from noxline.cache.signing import Keyring, Signer, Statement

HEADER = 256  # bytes of the first line at most
_MAGIC = b"noxline-1 "


class ForeignError(Exception):
    """An object of noxline that this run does not trust; the message says why."""


def seal(statement: Statement, signer: Signer) -> bytes:
    """Return the statement's content with its signature."""
    signature = binascii.b2a_base64(signer.sign(statement), newline=False)
    return b"%b%b %b\n%b" % (_MAGIC, signer.public.encode(), signature, statement.content)


def unseal(data: bytes, keys: Keyring, *, namespace: str, kind: str, name: str) -> bytes:
    """Return the content of a sealed object.

    Raise GarbageError for what noxline never wrote, ForeignError for what no listed key signed as this very object.
    """
    header, newline, content = data[:HEADER].partition(b"\n")
    if not newline or not header.startswith(_MAGIC):
        raise GarbageError("it sends something else than noxline wrote there")
    key, _, signature = header.removeprefix(_MAGIC).decode("ascii", "replace").partition(" ")
    if not signature:
        raise ForeignError("it is not signed")
    if not keys.may_sign(key, namespace):
        raise ForeignError(f"[cache] keys lists no such key for {namespace}: {key[:60]}")
    content = data[len(header) + 1 :]
    statement = Statement(namespace=namespace, kind=kind, name=name, content=content)
    if not keys.verify(key, _decoded(signature), statement):
        raise ForeignError("its signature does not hold for this place and content")
    return content


def _decoded(signature: str) -> bytes:
    try:
        data = binascii.a2b_base64(signature)
    except ValueError:
        return b""  # no signature at all, which does not hold either
    return data if binascii.b2a_base64(data, newline=False).decode() == signature else b""  # one signature, one text
