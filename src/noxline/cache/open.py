"""The store that the settings and the variables of a run ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING

from noxline.cache import fetch
from noxline.cache.addresses import HTTP, PLACE, Address, parse_address
from noxline.cache.transport import Transport
from noxline.errors import MachineError
from noxline.model.cache import StoredFile
from noxline.ports import CacheStore
from noxline.settings.schema import CacheSettings

if TYPE_CHECKING:
    from noxline.cache.download import LocalBlobs
    from noxline.cache.layered import Layer
    from noxline.cache.remote import Access, RemoteStore

TIMEOUT = 10.0  # seconds of one request


def open_store(
    settings: CacheSettings,
    environ: Mapping[str, str],
    *,
    warn: Callable[[str], None],
    local: Layer,
    offline: bool = False,
) -> CacheStore:
    """Return the local store, with the remote one behind it where there is one.

    No request is made here. Raise ConfigError for settings or variables that cannot be, MachineError without the extra.
    """
    if settings.remote is None:
        return local
    address = parse_address(settings.remote)
    from noxline.cache.signing import Keyring, namespace_of, signer_of

    keys, namespace = Keyring(settings.keys), namespace_of(environ)
    if offline:
        return local
    _require_extra(address)
    if not keys:
        warn("nothing is taken from the remote cache: [cache] keys is empty (noxline cache keygen makes a pair)")
        return local
    while fetch.REFUSALS:
        warn(f"a run that is lent on the remote cache {address.text} is not used: {fetch.REFUSALS.pop()}")
    if fetch.OUTAGES:
        warn(f"the remote cache {address.text} is left alone for the rest of this run: {fetch.OUTAGES[0]}")
        return local
    from noxline.cache.layered import LayeredStore, Postbox
    from noxline.cache.remote import Access

    say = Postbox(warn)
    signer = None if settings.read_only else signer_of(environ)
    access = Access(namespace=namespace, keys=keys, signer=signer)
    remote = _remote(settings, environ, access, say=say, local=local)
    return LayeredStore(local, remote, say=say, read_only=signer is None)


def open_to_lend(
    settings: CacheSettings, environ: Mapping[str, str], *, warn: Callable[[str], None]
) -> RemoteStore | None:
    """Return the remote store of a run that signs for everybody, where a clone can ask it with a socket; None else."""
    from noxline.cache.remote import Access
    from noxline.cache.signing import TRUSTED, Keyring, namespace_of, signer_of

    signer, keys = signer_of(environ), Keyring(settings.keys)
    if settings.remote is None or settings.read_only or signer is None or namespace_of(environ) != TRUSTED:
        return None
    if parse_address(settings.remote).scheme != "http":
        return None
    access = Access(namespace=TRUSTED, keys=keys, signer=signer)
    return _remote(settings, environ, access, say=warn) if keys.may_sign(signer.public, TRUSTED) else None


def _remote(
    settings: CacheSettings,
    environ: Mapping[str, str],
    access: Access,
    *,
    say: Callable[[str], None],
    local: CacheStore | None = None,
) -> RemoteStore:
    from noxline.cache.breaker import Breaker
    from noxline.cache.remote import RemoteStore

    address, timeout = parse_address(settings.remote or ""), float(settings.timeout or TIMEOUT)
    breaker = Breaker(_transport(address, timeout, environ), address=address.text, timeout=timeout, say=say)
    return RemoteStore(breaker, access, say=say, local=_blobs_of(local))


def secret_variables(settings: CacheSettings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables that no task may see: whoever has them can write to the remote cache.

    All of noxline's own, and the credentials of the store's maker when those are what is used.
    """
    own = tuple(sorted(name for name in environ if name.startswith("NOXLINE_CACHE_")))
    address = parse_address(settings.remote) if settings.remote else None
    if address is None or address.scheme in HTTP:
        return own
    from noxline.cache.object_store import ambient_secrets

    return (*own, *ambient_secrets(address.scheme, environ))


def _transport(address: Address, timeout: float, environ: Mapping[str, str]) -> Transport:
    if address.scheme in HTTP:
        from noxline.cache.http import HttpTransport

        return HttpTransport(address.text, timeout=timeout, headers=fetch.credentials(environ))
    from noxline.cache.object_store import ObjectStoreTransport

    return ObjectStoreTransport(address.text, timeout=timeout, environ=environ)


def _blobs_of(local: CacheStore | None) -> LocalBlobs:
    """Return what gives the files that the local store has already: they need no download."""
    from noxline.cache.blobs import UnsoundError, read_blob
    from noxline.cache.disk import DiskStore

    def give(blob: StoredFile, file: IO[bytes]) -> bool:
        if not isinstance(local, DiskStore):
            return False
        try:
            file.write(read_blob(local.blobs, blob.size, blob.sha256))
        except (OSError, UnsoundError):
            return False  # not there, or damaged: the remote has it, and the local store finds its own damage
        return True

    return give


def _require_extra(address: Address) -> None:
    """Raise MachineError when a package of the extra `remote` is missing; none of them is imported for that."""
    needed = ("cryptography", "zstandard") if address.scheme in HTTP else ("cryptography", "zstandard", "obstore")
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        message = f"a remote cache needs {' and '.join(missing)}, which noxline is installed without"
        hint = "pip install 'noxline[remote]', or leave it out of this run with --offline"
        raise MachineError(message, place=PLACE, hint=hint)
