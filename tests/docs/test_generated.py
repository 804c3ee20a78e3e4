"""What is generated is as the generators would write it now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from noxline.cli.group import COMMANDS
from tests.docs.pages import ROOT, name

DOCS = ROOT / "docs"


def script(file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{file}", DOCS / f"{file}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CLI, TABLES = script("generate_cli"), script("generate_tables")


def test_the_page_of_commands_is_current() -> None:
    assert CLI.TARGET.read_text(encoding="utf-8") == CLI.page(), "run: python docs/generate_cli.py"


def test_the_page_of_commands_has_every_command_and_option() -> None:
    page = CLI.page()
    assert [f"## noxline {command}" for command in COMMANDS] == [x for x in page.splitlines() if x.startswith("## ")]
    for option in ("--fail-fast", "--failed", "--fix", "--dry-run", "--format", "-j, --jobs N"):
        assert f"| `{option}" in page


@pytest.mark.parametrize("path", TABLES.files(), ids=name)
def test_tables_and_schemas_are_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == TABLES.files()[path], "run: python docs/generate_tables.py"


def test_every_table_stands_on_a_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in TABLES.files())
    for table in TABLES.TABLES_BY_NAME:
        assert f"<!-- generated: {table} -->" in pages


def test_a_block_is_replaced_and_its_surroundings_stay() -> None:
    text = "before\n<!-- generated: exit codes -->\nold\n<!-- end -->\nafter\n"
    filled = TABLES.filled(text)
    assert "old" not in filled
    assert "| `130` | interrupted" in filled
    assert filled.startswith("before\n")
    assert filled.endswith("<!-- end -->\nafter\n")
    assert TABLES.filled(filled) == filled
