"""What a test process is asked to run: its shard, by the split that all shards of a run read from one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from _noxline_split import Known, keep, split


def requested(environ: Mapping[str, str]) -> tuple[int, int] | None:
    """Return the shard asked for as (number, count), or None when all tests are to run."""
    text = environ.get("NOXLINE_SHARD", "")
    if not text:
        return None
    number, count = text.split("/")
    return int(number), int(count)


def mine(ids: list[str], groups: dict[str, str], environ: Mapping[str, str]) -> set[str]:
    """Return those of the collected ids that this shard runs.

    Nothing but the ids and the split's file counts, so all shards come to the same split. `groups` maps ids to the
    name of a group that is never torn.
    """
    shard = requested(environ)
    if shard is None:
        return set(ids)
    number, count = shard
    document = read(environ.get("NOXLINE_SPLIT", ""))
    known = Known(
        document.get("seconds"), document.get("uses"), document.get("costs"), {**document.get("groups", {}), **groups}
    )
    old = document.get("shards")
    blocks = keep(old, ids, known) if old and len(old) == count else split(ids, known, count)
    return set(blocks[number - 1])


def read(path: str) -> dict[str, Any]:
    """Return a JSON object; an empty one when the file is not there or not readable.

    A split only balances: without it the shards are still disjoint and complete, for all of them read the same file.
    """
    if not path:
        return {}
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
