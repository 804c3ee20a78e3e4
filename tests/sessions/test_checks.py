"""The sessions `lint`, `types`, `complexity`, `duplication` and `docs` with commands that only pretend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from noxline.sessions.complexity import run_complexity
from noxline.sessions.docs import documentation_command, run_docs, warning_messages
from noxline.sessions.duplication import run_duplication
from noxline.sessions.lint import format_findings, formats_with_ruff, run_lint
from noxline.sessions.types import mypy_findings, pyright_findings, run_types
from tests.sessions.samples import Answer, EndedError, FakeSession, SkippedError, facts, tool

EMPTY_SARIF = json.dumps({"runs": [{"tool": {"driver": {"name": "ruff"}}, "results": []}]})


@pytest.fixture(autouse=True)
def _no_installing(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("lint", "types", "docs"):
        monkeypatch.setattr(f"noxline.sessions.{module}.install_tool", lambda *_: None)


def tools(output: Path) -> list[tuple[str, str]]:
    return [(row["tool"], row["status"]) for row in json.loads((output / "tools.json").read_text())]


def test_nothing_runs_while_nox_only_installs(root: Path, tmp_path: Path) -> None:
    session = FakeSession(install_only=True)
    run_complexity(session, facts(root))
    run_duplication(session, facts(root))
    assert session.ran == []
    assert {"radon>=6.0", "jscpd>=5.0"} <= set(session.installed)
    assert not (tmp_path / "output").exists()


@pytest.mark.process
def test_complexity_names_the_worst_and_what_was_not_measured(root: Path, output: Path) -> None:
    block = {"type": "method", "name": "run", "classname": "A", "complexity": 12, "lineno": 7}
    cc = {"a.py": [block, {**block, "type": "class", "complexity": 99}], "b.py": {"error": "invalid syntax"}}
    named = json.dumps({str(root / name): entry for name, entry in cc.items()})
    session = FakeSession({"radon cc": Answer(out=named), "radon mi": Answer(out='{"a.py": {"mi": 50.0}}')})
    run_complexity(session, facts(root))
    assert json.loads((output / "radon.json").read_text()) == {"cc": cc, "mi": {"a.py": {"mi": 50.0}}}
    assert session.lines == ["  12  a.py:7 A.run", "not measured: b.py: invalid syntax"]
    assert tools(output) == [("radon", "worked")]


@pytest.mark.process
def test_the_maintainability_of_a_long_table_is_not_measured(root: Path, output: Path) -> None:
    (root / "src/demo/table.py").write_text("T = (\n" + "    1,\n" * 500 + ")\n", encoding="utf-8")
    (root / "src/demo/long.py").write_text("class A:\n" + "    a = 1\n" * 600, encoding="utf-8")
    session = FakeSession({"radon cc": Answer(out="{}"), "radon mi": Answer(out="{}")})
    run_complexity(session, facts(root))
    cc, mi = session.ran
    assert set(cc) - set(mi) == {"cc", str(root / "src/demo/table.py")}
    assert session.lines == ["maintainability not measured: src/demo/table.py: a statement of more than 500 lines"]


@pytest.mark.process
def test_complexity_without_an_answer_is_no_figure(root: Path, output: Path) -> None:
    with pytest.raises(EndedError, match="radon could not run: boom"):
        run_complexity(FakeSession({"radon": Answer(code=1, err="boom\n")}), facts(root))
    assert not (output / "radon.json").exists()
    assert tools(output) == [("radon", "unavailable")]


@pytest.mark.process
def test_no_source_is_a_skip(root: Path) -> None:
    for run in (run_complexity, run_duplication):
        with pytest.raises(SkippedError, match="no Python source"):
            run(FakeSession(), facts(root, sources=()))


@pytest.mark.process
def test_duplication_names_places_relative_to_the_root(root: Path, output: Path) -> None:
    part = {"name": str(root / "src" / "demo" / "__init__.py"), "start": 1, "end": 9}
    clone = {"lines": 9, "firstFile": part, "secondFile": {**part, "start": 11, "end": 19}}
    report = {"duplicates": [clone], "statistics": {"total": {"duplicatedLines": 9, "lines": 40}}}
    session = FakeSession({"jscpd": Answer(files={output / "jscpd.json": json.dumps(report)})})
    run_duplication(session, facts(root))
    names = json.loads((output / "jscpd.json").read_text())["duplicates"][0]
    assert names["firstFile"]["name"] == names["secondFile"]["name"] == "src/demo/__init__.py"
    assert session.lines[0] == "   9 lines  src/demo/__init__.py:1-9  =  src/demo/__init__.py:11-19"
    assert session.lines[-1] == "9 of 40 lines stand more than once"


def test_lint_passes_when_ruff_does(root: Path, output: Path) -> None:
    session = FakeSession({"sarif": Answer(files={output / "lint.sarif": EMPTY_SARIF})})
    run_lint(session, facts(root, lint=tool("ruff", "ruff", "check", "--fix", "src")))
    assert len(session.ran) == 1
    assert "--no-fix" in session.ran[0]
    assert "--fix" not in session.ran[0]
    assert "src" in session.ran[0]
    assert session.lines == ["format not checked: project does not use ruff format"]


def test_lint_adds_what_ruff_format_would_change(root: Path, output: Path) -> None:
    (root / "pyproject.toml").write_text("[tool.ruff.format]\n", encoding="utf-8")
    diff = "--- a.py\n+++ a.py\n@@ -3,2 +3 @@\n-x\n+y\n"
    answers = {
        "sarif": Answer(files={output / "lint.sarif": EMPTY_SARIF}),
        "ruff format": Answer(code=1, out=diff),
    }
    with pytest.raises(EndedError, match="ruff found problems"):
        run_lint(FakeSession(answers), facts(root, lint=tool("ruff", "ruff", "check")))
    results = json.loads((output / "lint.sarif").read_text())["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ["format"]


def test_lint_that_cannot_run_is_no_finding(root: Path, output: Path) -> None:
    with pytest.raises(EndedError, match="ruff could not run: unknown rule"):
        run_lint(
            FakeSession({"ruff check": Answer(code=2, err="unknown rule\n")}),
            facts(root, lint=tool("ruff", "ruff", "check")),
        )
    assert tools(output) == [("ruff", "unavailable")]


@pytest.mark.parametrize(
    ("name", "text", "uses"),
    [
        ("pyproject.toml", "[tool.ruff.format]\n", True),
        ("pyproject.toml", "[tool.ruff]\nline-length = 99\n", False),
        ("ruff.toml", "[format]\n", True),
        (".pre-commit-config.yaml", "  - id: ruff-format\n", True),
        ("tox.ini", "commands = ruff format --check\n", True),
        ("noxfile.py", 'session.run("ruff", "format")', True),
        ("Makefile", "format:\n\tblack .\n", False),
    ],
)
def test_evidence_for_ruff_format(tmp_path: Path, name: str, text: str, *, uses: bool) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert formats_with_ruff(tmp_path) is uses


def test_format_findings_name_each_file_once() -> None:
    diff = "--- a.py\n+++ a.py\n@@ -3,2 +3 @@\n+x\n@@ -9 +9 @@\n--- b.py\n+++ b.py\n@@ -0,0 +1 @@\n"
    assert [(f.file, f.line) for f in format_findings(diff)] == [("a.py", 3), ("b.py", 1)]


def test_types_fail_with_what_mypy_found(root: Path, output: Path) -> None:
    said = 'a.py:3: error: Unused "type: ignore" comment  [unused-ignore]\na.py:9:1: note: see\nFound 1 error\n'
    with pytest.raises(EndedError, match="mypy found problems"):
        run_types(FakeSession({"mypy": Answer(code=1, out=said)}), facts(root, types=(tool("mypy", directory="lib"),)))
    (run,) = json.loads((output / "types.sarif").read_text())["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["unused-ignore"]
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "lib/a.py"
    assert tools(output) == [("mypy", "worked")]


def test_a_type_checker_that_breaks_off_is_unavailable(root: Path, output: Path) -> None:
    with pytest.raises(EndedError, match="mypy could not work: mypy ended with exit code 2: no such option"):
        run_types(FakeSession({"mypy": Answer(code=2, err="no such option\n")}), facts(root, types=(tool("mypy"),)))
    assert json.loads((output / "types.sarif").read_text())["runs"] == []
    assert tools(output) == [("mypy", "unavailable")]


def test_mypy_lines() -> None:
    text = "C:\\x\\a.py:3:5: error: Name: odd  [name-defined]\nb.py:1: error: no code\nc.py: error: whole file\n"
    assert [(f.line, f.rule, f.message) for f in mypy_findings(text)] == [
        (3, "name-defined", "Name: odd"),
        (1, "error", "no code"),
    ]


def test_pyright_report(tmp_path: Path) -> None:
    row = {"file": str(tmp_path / "a.py"), "severity": "error", "message": "m", "rule": "reportX"}
    rows = [{**row, "range": {"start": {"line": 4}}}, {**row, "severity": "information"}]
    (found,) = pyright_findings(json.dumps({"generalDiagnostics": rows}), tmp_path)
    assert (found.file, found.line, found.rule) == ("a.py", 5, "reportX")
    assert pyright_findings("npm: not found", tmp_path) == []


def test_docs_count_the_warnings_of_sphinx(root: Path, output: Path, tmp_path: Path) -> None:
    warned = {output / "sphinx-warnings.txt": "docs/a.rst:3: \x1b[31mWARNING\x1b[0m: no label\n  more of it\n"}
    session = FakeSession({"sphinx-build": Answer(files=warned, out="build succeeded\n")}, bin=str(tmp_path / "bin"))
    run_docs(session, facts(root, docs=tool("sphinx-build", "sphinx-build", "docs", "{out}/html")))
    report = json.loads((output / "docs.json").read_text())
    assert report == {"warnings": 1, "tool": "sphinx-build", "messages": ["docs/a.rst:3: WARNING: no label"]}
    assert str(output / "html") in session.ran[0]


def test_docs_that_break_off_have_no_count(root: Path, output: Path, tmp_path: Path) -> None:
    said = "sphinx.errors.ThemeError: no theme named 'furo'\nPlease report this\n"
    session = FakeSession({"sphinx-build": Answer(code=2, err=said)}, bin=str(tmp_path / "bin"))
    with pytest.raises(EndedError, match=r"could not run: sphinx\.errors\.ThemeError: no theme named 'furo'"):
        run_docs(session, facts(root, docs=tool("sphinx-build", "sphinx-build", "docs", "{out}/html")))
    assert not (output / "docs.json").exists()
    assert tools(output) == [("sphinx-build", "unavailable")]


def test_docs_that_take_warnings_for_errors_are_counted(root: Path, output: Path, tmp_path: Path) -> None:
    said = "WARNING -  A page is not in the nav\nAborted with 1 warnings in strict mode!\n"
    session = FakeSession({"mkdocs": Answer(code=1, err=said)}, bin=str(tmp_path / "bin"))
    with pytest.raises(EndedError, match="warnings for errors"):
        run_docs(session, facts(root, docs=tool("mkdocs", "mkdocs", "build", "--strict", "-d", "{out}/html")))
    assert json.loads((output / "docs.json").read_text())["warnings"] == 1


def test_documentation_commands(tmp_path: Path) -> None:
    html, log = tmp_path / "html", tmp_path / "log"
    assert documentation_command(tool("mkdocs", "mkdocs", "-d", "{out}/html"), tmp_path, log, tmp_path) == [
        "mkdocs",
        "-d",
        str(html),
    ]
    sphinx = documentation_command(
        tool("sphinx-build", "sphinx-build", "-d", "x", "docs", "{out}/html"), tmp_path, log, tmp_path
    )
    assert sphinx == ["sphinx-build", "-d", "x", "docs", str(html), "-E", "--keep-going", "-w", str(log)]


def test_only_warnings_are_warnings() -> None:
    text = "reading sources... warnings will be shown\na.rst:1: ERROR: bad\nWARNING:  x\nno warnings: here\n"
    assert warning_messages(text) == ["a.rst:1: ERROR: bad", "WARNING:  x"]
