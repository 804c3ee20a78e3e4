"""What `noxline init` would write, and what it leaves alone."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from noxline.gates.defaults import DEFAULT_RULES
from noxline.model.stage import NotApplicable
from noxline.settings.facts import Origin
from noxline.settings.loader import load, rules
from noxline.settings.scaffold import PlannedFile, default_rules, plan_files, write
from tests.settings.project_facts import facts_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]  # only Python 3.10 has it installed

ALL = ("noxfile.py", "config/pipeline.toml", "config/gates.toml", "Makefile", ".github/workflows/ci.yml")


def plan(root: Path, **changes: object) -> Mapping[str, PlannedFile]:
    return {file.name: file for file in plan_files(root, facts_of(root, **changes), load(root))}


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(text.encode())


def test_an_empty_project_gets_everything_once(tmp_path: Path) -> None:
    files = plan(tmp_path)
    assert tuple(files) == ALL
    assert write(tuple(files.values())) == ALL
    assert plan(tmp_path) == {}


def test_what_is_written_reads_back_as_the_defaults(tmp_path: Path) -> None:
    write(tuple(plan(tmp_path).values()))
    settings = load(tmp_path)
    assert settings.written
    written = [(rule.metric, rule.operator, rule.bound, rule.binding) for rule in rules(settings)]
    assert written == [(rule.metric, rule.operator, rule.bound, True) for rule in DEFAULT_RULES]


def test_every_key_of_the_pipeline_can_be_uncommented(tmp_path: Path) -> None:
    text = plan(tmp_path)["config/pipeline.toml"].new
    keys = re.sub(r"^# (?=\[stage|\[cache|\[tests|[a-z_]+ = )", "", text, flags=re.MULTILINE)
    put(tmp_path, "config/pipeline.toml", keys)
    settings = load(tmp_path)
    assert settings.pipeline.python == ("3.10", "3.11")
    assert settings.pipeline.stage["tests"].timeout == 900
    assert None not in [
        getattr(settings.pipeline.stage["tests"], key) for key in settings.pipeline.stage["tests"].__struct_fields__
    ]
    assert None not in [getattr(settings.pipeline.cache, key) for key in settings.pipeline.cache.__struct_fields__]
    assert list(tomllib.loads(keys)["cache"]) == list(settings.pipeline.cache.__struct_fields__)
    assert tomllib.loads(text) == {}


def test_the_noxfile_runs_with_plain_nox(tmp_path: Path) -> None:
    text = plan(tmp_path)["noxfile.py"].new
    header = re.search(r"^# /// script\n((?:# .*\n)+)# ///\n", text)
    assert header is not None
    assert tomllib.loads(header[1].replace("# ", "")) == {"dependencies": ["nox", "noxline"]}
    assert [type(node).__name__ for node in ast.parse(text).body] == ["Expr", "ImportFrom", "Expr"]


def test_the_projects_own_bound_for_coverage_is_kept(tmp_path: Path) -> None:
    given = (85.5, Origin(file="setup.cfg", line=12, key="fail_under"))
    text = plan(tmp_path, coverage_fail_under=given)["config/gates.toml"].new
    assert 'in % (the bound is that of setup.cfg:12 fail_under)\n"coverage.line_percent" = ">= 85.5"\n' in text
    no_bound = facts_of(tmp_path, coverage_fail_under=(0.0, given[1]))
    assert default_rules(no_bound)[0].bound == 90


def test_rules_that_could_never_be_judged_are_comments(tmp_path: Path) -> None:
    write(tuple(plan(tmp_path, tests=NotApplicable(reason="no tests were found"), sources=()).values()))
    assert [rule.metric for rule in rules(load(tmp_path))] == ["security.critical", "security.high"]
    text = (tmp_path / "config/gates.toml").read_text()
    assert '# not judged here: no tests were found\n# "tests.seconds" = "< 300"\n' in text
    assert "test:" not in (tmp_path / "Makefile").read_text()


def test_an_own_noxfile_stays(tmp_path: Path) -> None:
    put(tmp_path, "noxfile.py", "import nox\n\n@nox.session\ndef test(session): ...\n")
    files = plan(tmp_path)
    assert not files["noxfile.py"].changes
    assert files["noxfile.py"].note == "your noxfile stays as it is: its sessions are stages of the pipeline"
    assert files["Makefile"].new.endswith("test:\n\t$(NOXLINE) run test\n")
    write(tuple(files.values()))
    assert plan(tmp_path) == {}


def test_settings_in_pyproject_are_not_written_a_second_time(tmp_path: Path) -> None:
    put(tmp_path, "pyproject.toml", "[tool.noxline.pipeline]\n[tool.noxline.gates]\n")
    assert "config/pipeline.toml" not in plan(tmp_path)
    assert "config/gates.toml" not in plan(tmp_path)


def test_a_file_of_that_name_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "config/gates.toml", "[doors]\n")
    file = plan(tmp_path)["config/gates.toml"]
    assert not file.changes
    assert file.note == "this file is not noxline's; write its settings below [tool.noxline.gates] in pyproject.toml"


MAKE_TEST = ".PHONY: test\ntest:\n\t$(NOXLINE) run tests\n"
MAKE_CI = ".PHONY: ci\nci:\n\t$(NOXLINE) ci\n"
INTRO = "# Without noxline on the machine: make ci NOXLINE='uvx noxline'\nNOXLINE ?= noxline\n"


@pytest.mark.parametrize(
    ("old", "added"),
    [
        ("all:\n\techo\n", f"\n{INTRO}\n{MAKE_CI}\n{MAKE_TEST}"),
        ("all:\n\techo", f"\n\n{INTRO}\n{MAKE_CI}\n{MAKE_TEST}"),
        ("ci: all\n\techo\n", f"\n{INTRO}\n{MAKE_TEST}"),
        ("lint test::\n\techo\n", f"\n{INTRO}\n{MAKE_CI}"),
        ("ci := 3\nX = test: y\n", f"\n{INTRO}\n{MAKE_CI}\n{MAKE_TEST}"),
        ("NOXLINE = noxline\n", f"\n{MAKE_CI}\n{MAKE_TEST}"),
        ("", f"{INTRO}\n{MAKE_CI}\n{MAKE_TEST}"),
    ],
)
def test_targets_are_added_below_what_stands_there(tmp_path: Path, old: str, added: str) -> None:
    put(tmp_path, "Makefile", old)
    files = plan(tmp_path)
    assert files["Makefile"].new == old + added
    write(tuple(files.values()))
    assert plan(tmp_path) == {}


def test_a_makefile_with_both_targets_is_not_touched(tmp_path: Path) -> None:
    put(tmp_path, "makefile", "ci test:\n\techo\n")
    assert not {"Makefile", "makefile"} & set(plan(tmp_path))


def test_a_makefile_without_tabs_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "Makefile", ".RECIPEPREFIX = >\nall:\n> echo\n")
    file = plan(tmp_path)["Makefile"]
    assert (file.changes, file.note) == (False, "it sets .RECIPEPREFIX; add yourself: ci, test")


def test_the_workflow_is_one_line_on_the_projects_pythons(tmp_path: Path) -> None:
    text = plan(tmp_path)[".github/workflows/ci.yml"].new
    assert "          python-version: |\n            3.10\n            3.11\n" in text
    assert text.endswith("      - run: pipx run noxline ci\n")
    assert text.count("- run:") == 1
    assert all(re.search(r"@[0-9a-f]{40} # v[0-9.]+$", line) for line in text.splitlines() if "uses:" in line)
    put(tmp_path, "config/pipeline.toml", 'python = ["3.12"]\n')
    assert "|\n            3.12\n" in plan(tmp_path)[".github/workflows/ci.yml"].new


def test_a_workflow_that_runs_noxline_is_enough(tmp_path: Path) -> None:
    put(tmp_path, ".github/workflows/checks.yaml", "- run: uvx noxline ci\n")
    assert ".github/workflows/ci.yml" not in plan(tmp_path)


def test_another_workflow_of_that_name_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, ".github/workflows/ci.yaml", "on: push\n")
    file = plan(tmp_path)[".github/workflows/ci.yaml"]
    assert (file.changes, file.note) == (False, "stays as it is; add the step: - run: pipx run noxline ci")
