"""Load a project's settings, or say with file, line and hint everything that is wrong in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from noxline.errors import ConfigError
from noxline.settings.explain import Problem, problems
from noxline.settings.rules import rules
from noxline.settings.schema import GatesSettings, PipelineSettings, Settings, decode_custom
from noxline.settings.sources import find_tables

__all__ = ["load", "rules"]


def load(root: Path) -> Settings:
    """Return the settings of the project at `root`; without any, the defaults. Raise ConfigError for bad ones."""
    tables, strangers = find_tables(root)
    found = list(strangers)
    for table in tables.values():
        found += [(table.place(p.path), p) for p in problems(table.name, table.data, table.heading)]
    if found:
        raise _combined(found)
    data = {name: table.data for name, table in tables.items()}
    return Settings(
        pipeline=msgspec.convert(data.get("pipeline", {}), PipelineSettings, dec_hook=decode_custom),
        gates=msgspec.convert(data.get("gates", {}), GatesSettings, dec_hook=decode_custom),
        written=bool(tables),
        origins={key: place for table in tables.values() for key, place in table.origins()},
        places={"gates.quarantine": tables["gates"].places("quarantine")} if "gates" in tables else {},
    )


def _combined(found: Sequence[tuple[str, Problem]]) -> ConfigError:
    """Return one error for all problems: a single one as itself, several as a list in the order of their places."""
    if len(found) == 1:
        place, problem = found[0]
        return ConfigError(problem.message, place=place, hint=problem.hint)
    rows = [
        f"  {place}: {problem.message}" + (f"\n    {problem.hint}" if problem.hint else "")
        for place, problem in sorted(found, key=_in_reading_order)
    ]
    return ConfigError("\n".join((f"{len(found)} problems in the settings", *rows)))


def _in_reading_order(found: tuple[str, Problem]) -> tuple[str, int]:
    file, _, line = found[0].partition(":")
    return file, int(line or 0)
