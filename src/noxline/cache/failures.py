"""How it goes wrong to ask a server; a module of its own, for a fresh clone imports next to nothing."""

from __future__ import annotations


class TransportError(Exception):
    """The server could not be asked, or what it answered is no answer. The message names neither it nor credentials."""


class TimedOutError(TransportError):
    """The request took longer than a request may."""


class RefusedError(TransportError):
    """The server answered, and will not do it: no rights, no space, no such method."""


class GarbageError(TransportError):
    """What came is not what was asked for: too long, too short, or nothing that noxline ever wrote."""


class MissingError(TransportError):
    """An entry is there, and a file of it is not: most likely the server throws away what is old."""
