#!/usr/bin/env python3
"""Write the tables of docs/reference that follow from types, and the JSON Schemas: `python docs/generate_tables.py`.

A page keeps its own text; what stands between `<!-- generated: NAME -->` and `<!-- end -->` is replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

import msgspec

from noxline.errors import PRECEDENCE, ExitCode
from noxline.gates.defaults import DEFAULT_RULES, producer
from noxline.sessions.catalog import STANDARD
from noxline.settings.json_schema import schema
from noxline.settings.metric_names import METRIC_NAMES
from noxline.settings.schema import (
    TABLES,
    CacheSettings,
    GatesSettings,
    PipelineSettings,
    QuarantineSettings,
    StageSettings,
    TestsSettings,
)

DOCS = Path(__file__).parent
_BLOCK = re.compile(r"(<!-- generated: (?P<name>[\w -]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C, SIGTERM)",
    ExitCode.INTERNAL: "a bug in noxline; the traceback is in the file that the message names",
    ExitCode.USAGE: "wrong usage, wrong settings, or a machine that lacks something",
    ExitCode.TASK_FAILED: "a task failed",
    ExitCode.GATE_FAILED: "a gate failed",
    ExitCode.INCONCLUSIVE: "a rule could not be judged, or nothing ran",
    ExitCode.PASSED: "passed",
}


def filled(text: str) -> str:
    """Return a page with its generated blocks as they are now."""
    return _BLOCK.sub(lambda match: f"{match[1]}\n{TABLES_BY_NAME[match['name']]()}\n\n{match[3]}", text)


def files() -> dict[Path, str]:
    """Return every file that this script writes, with its content."""
    pages = [path for path in sorted(DOCS.rglob("*.md")) if "<!-- generated: " in path.read_text(encoding="utf-8")]
    found = {path: filled(path.read_text(encoding="utf-8")) for path in pages}
    schemas = {DOCS / "reference" / f"{name}.schema.json": json.dumps(schema(name), indent=2) + "\n" for name in TABLES}
    return {**found, **schemas}


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _keys(kind: type[msgspec.Struct], *, without: Collection[str] = ()) -> str:
    rows = []
    for field in msgspec.structs.fields(kind):
        if field.name in without:
            continue
        metas = field.type.__metadata__
        description = next(meta.description for meta in metas if meta.description)
        extra = next(meta.extra for meta in metas if meta.extra)
        rows.append((f"`{field.name}`", description, extra["expects"], f"`{field.name} = {extra['example']}`"))
    return _table(("key", "meaning", "value", "example"), rows)


def _rules_key() -> str:
    return _keys(GatesSettings, without=("quarantine",)).replace("`rules = ", "`")


def _metrics() -> str:
    rows = (
        (f"`{name}`", known.measures, known.unit or "", f"`{producer(name)}`" if producer(name) else "")
        for name, known in METRIC_NAMES.items()
    )
    return _table(("metric", "what it counts", "unit", "stage"), rows)


def _default_rules() -> str:
    return _table(("metric", "bound"), ((f"`{rule.metric}`", f"`{rule.text}`") for rule in DEFAULT_RULES))


def _stages() -> str:
    rows = (
        (
            f"`{stage.name}`",
            stage.doc,
            stage.runs_on.value,
            ", ".join(f"`{name}`" for name in stage.requires),
            ", ".join(f"`{tag}`" for tag in stage.tags),
        )
        for stage in STANDARD
    )
    return _table(("stage", "what it does", "Python", "needs", "tags"), rows)


def _names() -> str:
    rows = ((f"`{stage.name}`", ", ".join(f"`{name}`" for name in sorted(stage.aliases))) for stage in STANDARD)
    return _table(("standard stage", "names of sessions that stand for it"), rows)


def _exit_codes() -> str:
    return _table(("code", "meaning"), ((f"`{int(code)}`", _MEANINGS[code]) for code in PRECEDENCE))


TABLES_BY_NAME: Mapping[str, Callable[[], str]] = {
    "pipeline keys": lambda: _keys(PipelineSettings, without=("tests", "cache", "stage")),
    "tests keys": lambda: _keys(TestsSettings),
    "quarantine keys": lambda: _keys(QuarantineSettings),
    "cache keys": lambda: _keys(CacheSettings),
    "stage keys": lambda: _keys(StageSettings),
    "gates keys": _rules_key,
    "metrics": _metrics,
    "default rules": _default_rules,
    "standard stages": _stages,
    "session names": _names,
    "exit codes": _exit_codes,
}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
