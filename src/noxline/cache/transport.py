"""What the remote store asks of a server: small whole objects under names."""

from __future__ import annotations

from typing import Protocol


class Transport(Protocol):
    """Gives and takes objects by name; safe to use from several threads. Every method raises TransportError.

    A name is made of letters, digits and `._-` with slashes between, and never has a part `..`.
    """

    def exists(self, name: str) -> bool:
        """Tell whether there is an object under this name."""

    def get(self, name: str, limit: int) -> bytes | None:
        """Return an object; None when there is none. One of more than `limit` bytes is garbage, and is not read."""

    def put_new(self, name: str, data: bytes) -> bool:
        """Create an object; False when there was one already, which stays as it is."""

    def replace(self, name: str, data: bytes) -> None:
        """Write an object, in place of the one that may be there."""

    def close(self) -> None:
        """Cut all connections, also those in use by other threads; may be called twice."""
