"""The last line of a stored file: it shows a torn or changed one, and with a key who wrote it, and where it belongs."""

from __future__ import annotations

from hashlib import sha256

from noxline.inputs.canonical import encode

SCHEMA = 1
_OPEN, _KEYED = b"sha256:", b"hmac-sha256:"


class SealError(ValueError):
    """The seal of a file is missing, broken, or not that of this place and key."""


def derived_key(secret: bytes) -> bytes:
    """Return the key of the local seals that belongs to a run's signing key, and betrays nothing of it."""
    import hmac

    return hmac.new(secret, b"noxline: seals of the local store", "sha256").digest()


def seal(body: bytes, about: str, mac_key: bytes | None) -> bytes:
    """Return a body of one line with its seal; `about` is where it belongs, and it fits nowhere else."""
    return b"%b\n%b\n" % (body, _tag(body, about, mac_key))


def unseal(data: bytes, about: str, mac_key: bytes | None) -> bytes:
    """Return the body of a sealed file; raise SealError. With a key, only what was sealed with that key is taken."""
    from hmac import compare_digest

    if data[-1:] != b"\n":
        raise SealError("it is torn")
    body, _, tag = data[:-1].rpartition(b"\n")
    if mac_key is not None and not tag.startswith(_KEYED):
        raise SealError("no trusted run wrote it")
    if not compare_digest(tag, _tag(body, about, mac_key)):
        raise SealError("it was changed, or was not written by a run like this one" if mac_key else "it was changed")
    return body


def unchecked(data: bytes) -> bytes:
    """Return the body of a sealed file whose key is not at hand; raise SealError when it is torn."""
    body, _, tag = data[:-1].rpartition(b"\n")
    if data[-1:] != b"\n" or len(tag) not in (len(_OPEN) + 64, len(_KEYED) + 64):
        raise SealError("it is torn")
    return body


def is_keyed(data: bytes) -> bool:
    """Tell whether a file was sealed with a key."""
    return data[:-1].rpartition(b"\n")[2].startswith(_KEYED)


def _tag(body: bytes, about: str, mac_key: bytes | None) -> bytes:
    message = encode(["noxline", SCHEMA, about]) + body
    if mac_key is None:
        return _OPEN + sha256(message).hexdigest().encode()
    import hmac

    return _KEYED + hmac.new(mac_key, message, "sha256").hexdigest().encode()
