"""Say what is wrong with a table of settings: every problem, with the path of its key and the way out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from noxline.errors import ConfigError, suggest
from noxline.settings.locate import KeyPath
from noxline.settings.rules import check_metric, example, parse_rule
from noxline.settings.schema import (
    TABLES,
    CacheSettings,
    QuarantineSettings,
    StageSettings,
    TestsSettings,
    decode_custom,
)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong; `path` is the key's, below the table."""

    path: KeyPath
    message: str
    hint: str = ""


def problems(table: str, data: Mapping[str, Any], heading: str = "") -> Iterator[Problem]:
    """Yield every problem of the table called "pipeline" or "gates".

    `heading` is where the table stands in its file: empty in a file of its own, "tool.noxline.pipeline" elsewhere.
    """
    for key, value in data.items():
        if key not in _fields(TABLES[table]):
            yield Problem(path=(key,), message=f"unknown key {key!r}{_in(heading)}", hint=_top_hint(table, key, value))
        elif (table, key) == ("pipeline", "stage"):
            yield from _stages(value, heading)
        elif (table, key) == ("gates", "rules"):
            yield from _rules(value)
        elif (table, key) in _TABLES:
            yield from _table(_TABLES[table, key], key, value, heading)
        elif (table, key) == ("gates", "quarantine"):
            yield from _quarantine(value, heading)
        else:
            yield from _value(TABLES[table], (key,), value, heading)


def _stages(stages: Any, heading: str) -> Iterator[Problem]:
    if not isinstance(stages, dict):
        yield Problem(
            path=("stage",), message=f"stage must be a table for each stage, not {_shown(stages)}", hint=_STAGE
        )
        return
    for name, stage in stages.items():
        below = ".".join(part for part in (heading, "stage", name) if part)
        if not isinstance(stage, dict):
            hint = _stage_hint(name) if name in _fields(StageSettings) else _STAGE
            yield Problem(path=("stage", name), message=f"stage.{name} must be a table, not {_shown(stage)}", hint=hint)
            continue
        for key, value in stage.items():
            path = ("stage", name, key)
            if key in _fields(StageSettings):
                yield from _value(StageSettings, path, value, below)
            else:
                hint = suggest(key, list(_fields(StageSettings)))
                yield Problem(path=path, message=f"unknown key {key!r}{_in(below)}", hint=hint)


def _table(kind: type[msgspec.Struct], key: str, value: Any, heading: str) -> Iterator[Problem]:
    if isinstance(value, dict):
        yield from _entries(kind, (key,), value, _below(heading, key))
    else:
        sample = _SAMPLES[key]
        hint = f"write [{key}] and below it lines like {sample}"
        yield Problem(path=(key,), message=f"{key} must be a table, not {_shown(value)}", hint=hint)


def _entries(kind: type[msgspec.Struct], path: KeyPath, table: Mapping[str, Any], below: str) -> Iterator[Problem]:
    """Yield every problem of the keys of a table of a fixed kind."""
    for key, value in table.items():
        if key in _fields(kind):
            yield from _value(kind, (*path, key), value, below)
        else:
            hint = _stage_hint(key) if key in _fields(StageSettings) else suggest(key, list(_fields(kind)))
            yield Problem(path=(*path, key), message=f"unknown key {key!r}{_in(below)}", hint=hint)


def _quarantine(entries: Any, heading: str) -> Iterator[Problem]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        yield Problem(
            path=("quarantine",), message=f"quarantine must be a table for each test, not {_shown(entries)}", hint=_TEST
        )
        return
    below = _below(heading, "quarantine")
    for index, entry in enumerate(entries):
        yield from _entries(QuarantineSettings, ("quarantine", index), entry, f"[{below}]")
        missing = [key for key in _fields(QuarantineSettings) if key not in entry]
        if missing:
            words = ", ".join(missing)
            yield Problem(path=("quarantine", index), message=f"an entry of [[{below}]] lacks {words}", hint=_TEST)


def _below(heading: str, key: str) -> str:
    return ".".join(part for part in (heading, key) if part)


_TABLES: Mapping[tuple[str, str], type[msgspec.Struct]] = {
    ("pipeline", "cache"): CacheSettings,
    ("pipeline", "tests"): TestsSettings,
}
_SAMPLES = {"cache": "size_gb = 5", "tests": "retries = 2"}
_TEST = "write [[quarantine]] with test, reason, owner and expires = 2026-03-31 below it"
_STAGE = "write a table for each stage, like [stage.tests]"


def _rules(table: Any) -> Iterator[Problem]:
    if not isinstance(table, dict):
        hint = f"write [rules] and below it lines like {example('complexity.max')}"
        yield Problem(path=("rules",), message=f"rules must be a table of bounds, not {_shown(table)}", hint=hint)
        return
    for metric, text in table.items():
        path = ("rules", metric)
        try:
            if isinstance(text, dict):
                yield _unquoted(path, metric, text)
            elif isinstance(text, str):
                parse_rule(metric, text, "")
            else:
                check_metric(metric, "")
                yield _bare(path, metric, text)
        except ConfigError as error:
            yield Problem(path=path, message=error.message, hint=error.hint)


def _unquoted(path: KeyPath, metric: str, inner: Mapping[str, Any]) -> Problem:
    name = f"{metric}.{next(iter(inner), 'name')}"
    hint = f"put the whole name in quotes: {example(name)}"
    return Problem(path=path, message=f"rules.{metric} is a table, not a bound", hint=hint)


def _bare(path: KeyPath, metric: str, value: Any) -> Problem:
    number = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
    message = f"the rule for {metric} must be an operator and a number in quotes, not {_shown(value)}"
    return Problem(path=path, message=message, hint=f"write it like: {example(metric, number)}")


def _value(kind: type[msgspec.Struct], path: KeyPath, value: Any, heading: str) -> Iterator[Problem]:
    """Yield what is wrong with one value; msgspec judges it, the words come from the schema."""
    key = str(path[-1])
    field = _fields(kind)[key]
    try:
        msgspec.convert(value, field.type, dec_hook=decode_custom)
    except ConfigError as error:
        yield Problem(path=path, message=f"{key}{_in(heading)}: {error.message}", hint=error.hint)
    except msgspec.ValidationError as error:
        yield _misfit(field, path, value, heading, str(error))
    else:
        yield from _repeated(path, value, heading)


def _misfit(field: msgspec.structs.FieldInfo, path: KeyPath, value: Any, heading: str, complaint: str) -> Problem:
    key = str(path[-1])
    expects, sample = _words(field)
    start = f"{key}{_in(heading)} must be {expects}"
    found = re.search(r"`\$\[(\d+)\]`$", complaint)
    if found is None:
        return Problem(path=path, message=f"{start}, not {_shown(value)}", hint=_whole_hint(key, value, sample))
    index = int(found[1])
    element = value[index]
    return Problem(
        path=(*path, index),
        message=f"{start}, and {_shown(element)} is not one",
        hint=_element_hint(key, element, sample),
    )


def _repeated(path: KeyPath, value: Any, heading: str) -> Iterator[Problem]:
    if isinstance(value, list):
        for index, element in enumerate(value):
            if element in value[:index]:
                message = f"{path[-1]}{_in(heading)} names {_shown(element)} twice"
                yield Problem(path=(*path, index), message=message, hint="take one of the two out")


def _whole_hint(key: str, value: Any, sample: str) -> str:
    if isinstance(value, str) and sample.startswith("["):
        version = _version(value) if key == "python" else value
        return f"write it as a list: {key} = [{_shown(version or value)}]"
    return f"write it like: {key} = {sample}"


def _element_hint(key: str, element: Any, sample: str) -> str:
    if key == "python" and isinstance(element, float):
        return f'put versions in quotes: {key} = ["3.10"] (without them, 3.10 is the number 3.1)'
    if key == "python" and isinstance(element, str):
        meant = _version(element)
        return f'did you mean "{meant}"?' if meant else f"noxline drives Python 3.8 and later: {key} = {sample}"
    if key == "env" and isinstance(element, str) and "=" in element:
        return "env names variables that the result depends on; it sets none"
    return f"write it like: {key} = {sample}"


def _version(text: str) -> str:
    """Return the version that a text like `py311`, `3.11.4`, `>=3.11` or `3.1` means, or ""."""
    found = re.fullmatch(r"\D*3\.?(\d{1,2})(?:\.[\d*]+)?", text)
    if found is None:
        return ""
    minor = "10" if found[1] == "1" else found[1]
    return f"3.{minor}" if int(minor) >= 8 else ""


def _top_hint(table: str, key: str, value: Any) -> str:
    near = suggest(key, list(_fields(TABLES[table])))
    elsewhere = next((name for name, kind in TABLES.items() if key in _fields(kind)), "")
    if elsewhere:
        return f"it belongs into config/{elsewhere}.toml, or below [tool.noxline.{elsewhere}] in pyproject.toml"
    if near.startswith("did you mean") or table != "pipeline":
        return near
    if key in _fields(StageSettings):
        return _stage_hint(key)
    if key in _fields(CacheSettings):
        return f"{key} belongs to the cache: write it below [cache]"
    return f"settings of a stage stand below [stage.{key}]" if isinstance(value, dict) else near


def _stage_hint(key: str) -> str:
    return f"{key} belongs to one stage: write it below [stage.tests], say"


def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.name: field for field in msgspec.structs.fields(kind)}


def _words(field: msgspec.structs.FieldInfo) -> tuple[str, str]:
    """Return what belongs into a field and an example of it, as the schema says."""
    extra = next(meta.extra for meta in field.type.__metadata__ if meta.extra)
    return extra["expects"], extra["example"]


def _in(heading: str) -> str:
    return f" in [{heading}]" if heading else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list" if value else "a list without anything in it"
    if isinstance(value, (str, bool)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
