"""Write reports as tools leave them, and look at what was read."""

from __future__ import annotations

import json
from pathlib import Path

from noxline.ports import Reading

ROOT = Path("/project")


def leave(output: Path, **reports: object) -> Path:
    """Write reports into an output directory; `pip_audit=` becomes `pip-audit.json`, a string is written as it is."""
    output.mkdir(parents=True, exist_ok=True)
    for name, content in reports.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (output / f"{name.replace('_', '-')}.json").write_text(text, encoding="utf-8")
    return output


def values(reading: Reading) -> dict[str, float]:
    return {metric.name: metric.value for metric in reading.metrics}


def reasons(reading: Reading, name: str) -> list[str]:
    return [missing.reason for missing in reading.missing if missing.name == name]


def hint(reading: Reading, name: str) -> str:
    return next(metric.hint for metric in reading.metrics if metric.name == name)


def places(reading: Reading) -> list[tuple[str, str, str, int | None]]:
    return [(f.tool, f.rule, f.file, f.line) for f in reading.findings]


def statuses(reading: Reading) -> dict[str, str]:
    return {tool.tool: tool.status for tool in reading.tools}
