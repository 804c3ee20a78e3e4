"""What the pages say agrees with the code: links, settings, exit codes, layers, variables, fields."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from noxline.errors import PRECEDENCE, ExitCode
from noxline.model.gate import Result
from noxline.reports.run_json import to_document
from noxline.settings.loader import load, rules
from noxline.settings.metric_names import METRIC_NAMES
from tests.docs.pages import PAGES, ROOT, Block, anchors, blocks, inline_code, links, name, prose
from tests.reports.sample import full_run
from tests.test_architecture import LAYERS

README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "reference"
BLOCKS = [block for page in PAGES for block in blocks(page)]
# How the parts of noxline that sit in a task's processes speak with each other; nobody else needs them.
INTERNAL = {
    "NOXLINE_UNRECORDED",
    "NOXLINE_WORKERS",
    "NOXLINE_RECORD",
    "NOXLINE_RECORDING",
    "NOXLINE_MEASURE",
    "NOXLINE_GATE",
    "NOXLINE_COMPLETE",
}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        file = page.parent / target if target else page
        assert file.exists(), f"{name(page)} links to {link}"
        if anchor:
            assert anchor in anchors(file), f"{name(page)} links to {link}: there is no such heading"


def test_pages_of_the_site_do_not_link_outside_it() -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        for link in links(page):
            assert "://" in link or (page.parent / link.partition("#")[0]).resolve().is_relative_to(ROOT / "docs")


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "toml"], ids=str)
def test_settings_that_are_shown_can_be_loaded(block: Block, tmp_path: Path) -> None:
    assert block.file in ("config/pipeline.toml", "config/gates.toml", "pyproject.toml"), "say which file this is"
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n', encoding="utf-8")
    target = tmp_path / block.file
    target.parent.mkdir(exist_ok=True)
    target.write_text(block.text, encoding="utf-8")
    settings = load(tmp_path)
    assert settings.written
    rules(settings)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "python"], ids=str)
def test_python_that_is_shown_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec")


def test_blocks_were_found() -> None:
    languages = [block.language for block in BLOCKS]
    assert languages.count("toml") > 8
    assert languages.count("python") >= 2


@pytest.mark.parametrize("page", [README, REFERENCE / "exit-codes.md"], ids=name)
def test_exit_codes_stand_in_their_order(page: Path) -> None:
    told = [int(code) for code in re.findall(r"^\| `?(\d+)`? \|", page.read_text(encoding="utf-8"), re.MULTILINE)]
    assert told == [int(code) for code in PRECEDENCE]
    assert set(told) == {int(code) for code in ExitCode}


def test_the_layers_are_those_that_tests_hold() -> None:
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("<!-- layers -->")[2]
    rows = re.findall(r"^\| ((?:`\w+` ?)+)\|", table, re.MULTILINE)
    assert [tuple(re.findall(r"`(\w+)`", row)) for row in rows] == [tuple(layer) for layer in LAYERS]


def test_every_variable_of_noxline_is_described_and_no_other() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "noxline").rglob("*.py"))
    known = set(re.findall(r"[\"'](NOXLINE_[A-Z0-9_]*[A-Z0-9])[\"']", source)) - INTERNAL
    told = {code for code in inline_code(REFERENCE / "environment-variables.md") if code.startswith("NOXLINE_")}
    assert told == known


def test_every_field_of_run_json_is_described(tmp_path: Path) -> None:
    told = set(inline_code(REFERENCE / "run-json.md"))
    document = to_document(full_run(tmp_path))
    fields = {*document, *document["tasks"][0], *document["verdicts"][0], *document["findings"]["items"][0]}
    fields |= {*document["findings"], *document["missing"][0], *next(iter(document["metrics"].values()))}
    assert fields - told == set()
    assert {result.value for result in Result} <= told


def test_every_metric_that_pages_name_exists() -> None:
    families = {metric.partition(".")[0] for metric in METRIC_NAMES}
    for page in PAGES:
        named = [code for code in inline_code(page) if re.fullmatch(r"[a-z]+\.[a-z_0-9]+", code)]
        files = (".json", ".toml", ".txt", ".xml", ".ini", ".py", ".md", ".html", ".jsonl", ".sarif", ".diff")
        for code in named:
            if code.partition(".")[0] in families and not code.endswith(files):
                assert code in METRIC_NAMES or code in ("coverage.data", "coverage.root", "coverage.lcov"), (
                    f"{name(page)}: {code}"
                )


def test_pages_carry_no_traces_of_a_machine() -> None:
    for page in (*PAGES, *(ROOT / "docs" / "images").glob("*.svg")):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"/(?:root|home|tmp|work|Users)/\w", text), name(page)
        assert "@font-face" not in text, name(page)


def test_prose_is_read_without_code() -> None:
    assert "make ci      #" not in prose(README)


def test_changelog_fragments_are_named_by_their_kind() -> None:
    fragments = [path.name for path in (ROOT / "changelog").iterdir() if path.name != "README.md"]
    assert fragments
    assert all(re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed)\.md", fragment) for fragment in fragments)
