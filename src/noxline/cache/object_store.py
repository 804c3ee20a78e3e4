"""S3, Google's and Azure's object stores and a directory, through obstore. What is created is never overwritten."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from noxline.cache.failures import GarbageError, RefusedError, TimedOutError, TransportError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

T = TypeVar("T")
SCHEMES = ("s3", "gs", "az", "file")
_LOOK_FIRST = 65_536  # bytes from which on it is cheaper to look whether an object is there than to send it

# Variables of noxline's own, and the setting of obstore that each stands for.
_OWN: Mapping[str, Mapping[str, str]] = {
    "s3": {
        "NOXLINE_CACHE_S3_ACCESS_KEY_ID": "access_key_id",
        "NOXLINE_CACHE_S3_SECRET_ACCESS_KEY": "secret_access_key",  # pragma: allowlist secret - a name
        "NOXLINE_CACHE_S3_SESSION_TOKEN": "session_token",
        "NOXLINE_CACHE_S3_ENDPOINT": "endpoint",
        "NOXLINE_CACHE_S3_REGION": "region",
    },
    "gs": {"NOXLINE_CACHE_GS_SERVICE_ACCOUNT_KEY": "service_account_key"},  # pragma: allowlist secret - a name
    "az": {
        "NOXLINE_CACHE_AZ_ACCOUNT_NAME": "account_name",
        "NOXLINE_CACHE_AZ_ACCOUNT_KEY": "account_key",  # pragma: allowlist secret - a name
        "NOXLINE_CACHE_AZ_SAS_TOKEN": "sas_token",
        "NOXLINE_CACHE_AZ_ENDPOINT": "endpoint",
    },
    "file": {},
}
# What the makers' own libraries take credentials from, when noxline is given none.
_AMBIENT = {
    "s3": re.compile(r"AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|.*TOKEN.*|.*CREDENTIALS.*|ROLE_ARN|PROFILE)"),
    "gs": re.compile(r"GOOGLE_(.*CREDENTIALS.*|.*SERVICE_ACCOUNT.*|OAUTH_.*)|CLOUDSDK_AUTH_.*"),
    "az": re.compile(r"AZURE_.*(KEY|TOKEN|SECRET|SAS|PASSWORD|CERTIFICATE|CLIENT_ID|CREDENTIAL).*|(IDENTITY|MSI)_.*"),
    "file": re.compile("(?!)"),
}


class ObjectStoreTransport:
    """Objects below a prefix of a bucket, or of a directory. The store is opened with the first request."""

    def __init__(self, address: str, *, timeout: float, environ: Mapping[str, str]) -> None:
        self._address = address
        self._timeout = timeout
        self._environ = environ

    @cached_property
    def _store(self) -> ObjectStore:
        from obstore import store

        parts = urlsplit(self._address)
        if parts.scheme == "file":
            return store.LocalStore(unquote(parts.path), mkdir=True)
        client = {"timeout": f"{self._timeout:g}s", "connect_timeout": f"{self._timeout:g}s"}
        given = _given(parts.scheme, self._environ)
        if given.get("endpoint", "").startswith("http://"):
            client["allow_http"] = "true"
        kinds: Mapping[str, Any] = {"s3": store.S3Store, "gs": store.GCSStore, "az": store.AzureStore}
        prefix = parts.path.strip("/") or None
        # Retrying is the breaker's to refuse: a second try would double what an outage costs.
        opened: ObjectStore = kinds[parts.scheme](
            parts.netloc, prefix=prefix, config=given, client_options=client, retry_config={"max_retries": 0}
        )
        return opened

    def exists(self, name: str) -> bool:
        """Tell whether there is an object under this name."""
        return self._do(lambda: bool(self._store.head(name))) is not None

    def get(self, name: str, limit: int) -> bytes | None:
        """Return an object; None when there is none."""
        return self._do(lambda: self._read(name, limit))

    def put_new(self, name: str, data: bytes) -> bool:
        """Create an object; False when there was one already."""
        if len(data) > _LOOK_FIRST and self.exists(name):
            return False
        return self._write(name, data, "create")

    def replace(self, name: str, data: bytes) -> None:
        """Write an object, in place of the one that may be there."""
        self._write(name, data, "overwrite")

    def close(self) -> None:
        """Do nothing: each request ends by its own time-out."""

    def _read(self, name: str, limit: int) -> bytes:
        result = self._store.get(name)
        size = result.meta["size"]
        if size > limit:
            raise GarbageError(f"an object is larger than it may be ({size} bytes)")
        data = bytes(result.bytes())
        if len(data) != size:
            raise GarbageError(f"an object was cut short ({len(data)} of {size} bytes)")
        return data

    def _write(self, name: str, data: bytes, mode: Any) -> bool:
        written = self._do(lambda: self._put(name, data, mode))
        if written is None:
            raise TransportError("there is no such bucket, container or directory")
        return written

    def _put(self, name: str, data: bytes, mode: Any) -> bool:
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            self._store.put(name, data, mode=mode, use_multipart=False)
        except (AlreadyExistsError, PreconditionError):
            return False
        return True

    def _do(self, work: Callable[[], T]) -> T | None:
        """Do one thing with the store; None when the object is not there."""
        from obstore import exceptions

        try:
            return work()
        except (exceptions.NotFoundError, FileNotFoundError):
            return None
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError, PermissionError) as error:
            raise RefusedError(_first_line(error)) from error
        except (exceptions.BaseError, OSError, ValueError) as error:
            raise _outage(error) from error


def variables(scheme: str) -> tuple[str, ...]:
    """Return the variables of noxline's own that a kind of store reads."""
    return tuple(_OWN[scheme])


def ambient_secrets(scheme: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables that hold this store's credentials when noxline is given none of its own.

    They must not reach any task: who has them can write to the cache.
    """
    if _has_credentials(scheme, environ):
        return ()
    return tuple(sorted(name for name in environ if _AMBIENT[scheme].fullmatch(name)))


def _has_credentials(scheme: str, environ: Mapping[str, str]) -> bool:
    return bool(set(_given(scheme, environ)) - {"endpoint", "region", "account_name"})


def _given(scheme: str, environ: Mapping[str, str]) -> dict[str, str]:
    return {setting: environ[name] for name, setting in _OWN[scheme].items() if environ.get(name)}


def _outage(error: Exception) -> TransportError:
    text = _first_line(error)
    timed_out = re.search(r"timed? ?out", str(error), re.IGNORECASE)
    return (TimedOutError if timed_out else TransportError)(text)


def _first_line(error: Exception) -> str:
    """Return what went wrong in a few words, without what may stand behind an address's question mark."""
    return re.sub(r"\?\S+", "?…", (str(error) or type(error).__name__).splitlines()[0])[:200]
