"""Who wrote it: Ed25519 signatures over what an object is, where it may lie, and its content.

A key is listed with the namespaces it may sign for. What is signed says the namespace, the kind and the name, so a
signature is worth nothing for another key, another namespace or another kind of object.

A fresh clone verifies before it imports anything else: no dataclasses, no regular expressions, and of cryptography only
what does the work.
"""

from __future__ import annotations

import binascii
from hashlib import sha256

from noxline.inputs.canonical import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

# 1: the first.
SCHEMA = 1
TRUSTED = "trusted"
ANY_SCOPE = "scope/*"
SIGNING_KEY = "NOXLINE_CACHE_SIGNING_KEY"
SCOPE = "NOXLINE_CACHE_SCOPE"
_PUBLIC, _PRIVATE = "ed25519:", "ed25519-private:"
_DOMAIN = b"noxline cache object\0"
_ALNUM = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_LONGEST_SCOPE = 100
_KEYGEN = "noxline cache keygen makes a pair of keys"


class Statement:
    """What a signature vouches for: this content is the object `kind`, `name` of this namespace."""

    __slots__ = ("content", "kind", "name", "namespace")

    def __init__(self, *, namespace: str, kind: str, name: str, content: bytes) -> None:
        self.namespace, self.kind, self.name, self.content = namespace, kind, name, content

    def message(self) -> bytes:
        """Return the bytes that are signed."""
        named = {"schema": SCHEMA, "namespace": self.namespace, "kind": self.kind, "name": self.name}
        return _DOMAIN + encode(named | {"sha256": sha256(self.content).hexdigest()})


class Signer:
    """Signs with a private key; never shows it."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != 32:
            raise ValueError("a private key has 32 bytes")
        self._seed = seed

    @property
    def _key(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._seed)

    @property
    def public(self) -> str:
        """Return the public key, as settings list it."""
        return _PUBLIC + _text(self._key.public_key().public_bytes_raw())

    def sign(self, statement: Statement) -> bytes:
        """Return the signature of a statement."""
        return self._key.sign(statement.message())


class Keyring:
    """The public keys of the settings, each with the namespaces that it may sign for."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._namespaces: dict[str, set[str]] = {}
        for line in lines:
            key, namespace = _listed(line)
            self._namespaces.setdefault(key, set()).add(namespace)

    def __bool__(self) -> bool:
        return bool(self._namespaces)

    def may_sign(self, key: str, namespace: str) -> bool:
        """Tell whether a public key is listed for a namespace."""
        wider = ANY_SCOPE if namespace.startswith("scope/") else TRUSTED
        return bool(self._namespaces.get(key, set()) & {namespace, wider})

    def verify(self, key: str, signature: bytes, statement: Statement) -> bool:
        """Tell whether a listed key signed the statement."""
        if not self.may_sign(key, statement.namespace):
            return False
        try:
            _public_key(_bytes(key, _PUBLIC)).verify(signature, statement.message())
        except Exception as error:
            from cryptography.exceptions import InvalidSignature  # half the time of the check, and seldom needed

            if not isinstance(error, InvalidSignature | ValueError):
                raise
            return False
        return True


def _public_key(data: bytes) -> Ed25519PublicKey:
    """Return a key that verifies; raise ValueError for bytes that are none."""
    try:
        # What the public function calls: its module costs three times as much to import as all that the check needs.
        from cryptography.hazmat.bindings._rust import openssl

        return openssl.ed25519.from_public_bytes(data)
    except (ImportError, AttributeError):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        return Ed25519PublicKey.from_public_bytes(data)


def generate() -> tuple[str, str]:
    """Return a new private key and its public key, as text."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = Ed25519PrivateKey.generate().private_bytes_raw()
    return _PRIVATE + _text(seed), Signer(seed).public


def signer_of(environ: Mapping[str, str]) -> Signer | None:
    """Return the signer of the variables; None without a key; raise ConfigError, without its text, for a bad one."""
    text = environ.get(SIGNING_KEY, "").strip()
    if not text:
        return None
    try:
        return Signer(_bytes(text, _PRIVATE))
    except ValueError:
        from noxline.errors import ConfigError

        # Without the cause: its text may quote the key.
        raise ConfigError("the signing key cannot be read", place=SIGNING_KEY, hint=_KEYGEN) from None


def namespace_of(environ: Mapping[str, str]) -> str:
    """Return the namespace that this run writes: "trusted", or "scope/NAME".

    >>> namespace_of({}), namespace_of({"NOXLINE_CACHE_SCOPE": "pr-12"})
    ('trusted', 'scope/pr-12')
    """
    scope = environ.get(SCOPE, "").strip()
    if scope in ("", TRUSTED):
        return TRUSTED
    if not _is_scope(scope):
        from noxline.errors import ConfigError

        hint = "letters, digits and ._- make a name, for instance pr-12"
        raise ConfigError(f"{scope!r} is no name of a scope", place=SCOPE, hint=hint)
    return f"scope/{scope}"


def _is_scope(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_SCOPE and name[0] in _ALNUM and (_ALNUM | set("._-")).issuperset(name)


def _listed(line: str) -> tuple[str, str]:
    """Return a key of the settings and the namespace it may sign for."""
    key, _, namespace = line.strip().partition(" ")
    namespace = namespace.strip() or TRUSTED
    scoped = namespace.startswith("scope/") and _is_scope(namespace.removeprefix("scope/"))
    try:
        sound = len(_bytes(key, _PUBLIC)) == 32 and (namespace in (TRUSTED, ANY_SCOPE) or scoped)
    except ValueError:
        sound = False
    if not sound:
        from noxline.errors import ConfigError

        hint = f'"ed25519:…", or "ed25519:… {ANY_SCOPE}" for pull requests; {_KEYGEN}'
        shown = "a private key" if line.startswith(_PRIVATE) else repr(line)
        raise ConfigError(f"{shown} is no public key", place="[cache] keys", hint=hint)
    return key, namespace


def _text(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _bytes(text: str, prefix: str) -> bytes:
    if not text.startswith(prefix):
        raise ValueError(f"no {prefix}")
    data = binascii.a2b_base64(text.removeprefix(prefix))
    if _text(data) != text.removeprefix(prefix):  # one key, one text: two would be two entries of the ring
        raise ValueError("no base64 as it is written")
    return data
