"""Events as plain data: one JSON object for each, named after its kind."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from noxline.model.event import Event


def encode(event: Event, *, at: float) -> dict[str, Any]:
    """Return an event as `{"event": "task-finished", "at": seconds since the start, ...}`.

    `at` is when the event was heard; an event that carries its own time keeps it.
    """
    return {"event": event_name(type(event)), "at": round(at, 3), **_fields(event)}


def event_name(kind: type) -> str:
    """Return the name of a kind of event: `TaskFinished` is `task-finished`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower()


def _fields(record: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return _fields(value)
    return value
