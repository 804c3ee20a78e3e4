"""What the pages say of reuse is what the code does: the parts of a fingerprint, reasons, defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from noxline.inputs.defaults import default_patterns
from noxline.inputs.fingerprint import difference, fingerprint
from noxline.inputs.patterns import matcher
from noxline.inputs.variables import NAMES, PREFIXES
from noxline.sessions.catalog import STANDARD
from tests.docs.pages import ROOT, inline_code

EXPLANATION = ROOT / "docs" / "explanation" / "reuse.md"
HOW_TO = ROOT / "docs" / "how-to" / "reuse.md"
SETTINGS = ROOT / "docs" / "reference" / "settings.md"
DAY = 24 * 3600.0


def components(**parts: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "definition": {"noxline": "1"},
        "inputs": "old",
        "variables": {},
        "environment": {"platform": {}, "distributions": {"pytest": "8.4.1"}},
        "programs": {},
        "needs": {"build": "1"},
    }
    return fingerprint(**{**plain, **parts})[1]  # type: ignore[arg-type]


def rows(page: Path, heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its first two lines."""
    section = page.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in cells] for cells in table[2:]]


def test_the_table_has_each_part_of_a_fingerprint() -> None:
    told = [cells[0] for cells in rows(EXPLANATION, "The fingerprint")]
    assert set(told) == components().keys() - {"schema"}


def test_the_variables_that_always_count_are_named() -> None:
    known = {f"{prefix}*" for prefix in PREFIXES} | NAMES
    for page in (EXPLANATION, ROOT / "docs" / "reference" / "environment-variables.md"):
        assert known <= set(inline_code(page))


@pytest.mark.parametrize(
    ("told", "after"),
    [
        ("ran: pytest 8.4.1 → 8.4.2", {"environment": {"platform": {}, "distributions": {"pytest": "8.4.2"}}}),
        ("ran: the output of build changed", {"needs": {"build": "2"}}),
        ("ran: TZ is set", {"variables": {"TZ": "UTC"}}),
        ("ran: src/a.py changed", {"inputs": "new"}),
    ],
)
def test_reasons_are_those_of_a_difference(told: str, after: dict[str, object]) -> None:
    lists = {"old": {"src/a.py": "1"}, "new": {"src/a.py": "2"}}
    assert told in inline_code(EXPLANATION)
    assert [f"ran: {reason}" for reason in difference(components(), components(**after), lists.get)] == [told]


def test_every_other_reason_stands_in_the_source() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "noxline").rglob("*.py"))
    table = rows(EXPLANATION, "Decisions, and their reasons")
    told = [match[1] for cells in table for match in re.finditer(r"`ran: (it[^`]*|what[^`]*)`", cells[0])]
    assert len(told) >= 8
    for reason in told:
        assert reason.partition(" 25 h")[0] in source


def test_defaults_of_age_and_exclusiveness_are_those_of_the_catalog() -> None:
    text = " ".join(SETTINGS.read_text(encoding="utf-8").split())
    aged = [stage.name for stage in STANDARD if stage.max_age == DAY]
    alone = [stage.name for stage in STANDARD if stage.exclusive]
    assert f"`max_age` is 24 h for {' and '.join(f'`{name}`' for name in aged)}" in text
    assert f"{' and '.join(f'`{name}`' for name in alone)} is `exclusive`" in text
    assert [stage.name for stage in STANDARD if stage.max_age] == aged


def test_the_table_of_default_inputs_has_every_standard_stage() -> None:
    told = {code for cells in rows(HOW_TO, "Narrow the inputs") for code in re.findall(r"`([a-z]+)`", cells[0])}
    assert told == {stage.name for stage in STANDARD}


@pytest.mark.parametrize(
    ("stage", "file", "counts"),
    [
        ("tests", "README.md", False),
        ("tests", "docs/index.md", False),
        ("tests", ".github/workflows/ci.yml", False),
        ("tests", "data/values.json", True),
        ("lint", "data/values.txt", False),
        ("lint", "ruff.toml", True),
        ("types", "src/a.pyi", True),
        ("complexity", "tests/test_a.py", False),
        ("complexity", "src/a.py", True),
        ("coverage", "tests/test_a.py", True),
        ("docs", "tests/test_a.py", False),
        ("docs", "README.md", True),
        ("build", "README.md", True),
        ("hooks", "README.md", True),
        ("security", "tests/test_a.py", True),
        ("sbom", "src/a.py", False),
        ("sbom", "pyproject.toml", True),
        ("", "README.md", True),
    ],
)
def test_the_table_of_default_inputs_is_right(stage: str, file: str, *, counts: bool) -> None:
    patterns = default_patterns(stage, sources=("src",), test_dirs=("tests",), mentioned="", test_paths=())
    assert matcher(patterns)(file) is counts
