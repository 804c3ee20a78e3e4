from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.settings.detect.substitution import Scope, as_marker, expand_braces, holds, split_condition
from noxline.settings.detect.tox_find import find_tox, ranked_names
from noxline.settings.detect.tree import Tree

SETUP = "from setuptools import setup\nsetup(name='p', packages=['p'])\n"
TEST = "def test_a():\n    pass\n"


def project(**files: str) -> dict[str, str]:
    named = {name.replace("__", "/").replace("_ini", ".ini").replace("_toml", ".toml"): t for name, t in files.items()}
    return {"setup.py": SETUP, "p/__init__.py": "", "tests/test_a.py": TEST, **named}


def scope(**env: str) -> Scope:
    return Scope(name="py311", root=".", env=env, has=lambda _: False)


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("pytest {posargs}", "pytest "),
        ("pytest {posargs:tests -v}", "pytest tests -v"),
        ("{posargs:{toxinidir}/tests}", "./tests"),
        ("--basetemp={envtmpdir}", "--basetemp={tmp}"),
        ("--basetemp={env_tmp_dir}", "--basetemp={tmp}"),
        ("{envpython} -m x", "python -m x"),
        ("{env:UNSET:pytest} -v", "pytest -v"),
        ("{env:SET:other}", "value"),
        ("{envname}.xml", "py311.xml"),
        (r"\{kept\}", "{kept}"),
        ("{unknown_thing}", "{unknown_thing}"),
        ("a{:}b{/}c", "a:b/c"),
    ],
)
def test_placeholders(text: str, replaced: str) -> None:
    assert scope(SET="value").replace(text) == replaced


@given(st.text(alphabet="ab{}:\\ posargsenv[]", max_size=40))
def test_substitution_ends_on_any_text(text: str) -> None:
    assert isinstance(scope().replace(text), str)


@given(st.lists(st.sampled_from(["py{38,39}", "a", "{a,b}", "py3{10-12}", "-"]), max_size=4).map("".join))
def test_expanded_names_hold_no_braces(text: str) -> None:
    assert not any("{" in name or "}" in name for name in expand_braces(text))


@pytest.mark.parametrize(
    ("condition", "factors", "expected"),
    [
        ("py311", {"py311"}, True),
        ("py310,py311", {"py311"}, True),
        ("!py311", {"py311"}, False),
        ("py311-cov", {"py311"}, False),
        ("py311-!cov", {"py311"}, True),
        ("py3{10,11}", {"py311"}, True),
    ],
)
def test_factor_conditions(condition: str, factors: set[str], expected: bool) -> None:
    assert holds(condition, frozenset(factors)) is expected


def test_a_condition_needs_a_space_after_its_colon() -> None:
    assert split_condition("py311: x") == ("py311", "x")
    assert split_condition("git+https://example.org/x") == ("", "git+https://example.org/x")


def test_python_factors_become_markers() -> None:
    assert as_marker("py38,py39") == 'python_version == "3.8" or python_version == "3.9"'
    assert as_marker("!py38") == 'python_version != "3.8"'
    assert as_marker("cov") == ""


def test_tox_ini_is_read_whole(suite_of) -> None:
    suite = suite_of(
        project(
            tox_ini="""\
[tox]
envlist = py{310,311}, lint
[base]
deps =
    pytest>=7
[testenv]
deps =
    {[base]deps}
    py38: old
    cov: pytest-cov
    -r{toxinidir}/extra.txt
    .[speed]
setenv =
    MODE = {env:MODE:fast}
    WHERE={toxinidir}/x
    cov: COVERED=1
    COVERAGE_FILE=x
changedir = tests
commands =
    pip list
    {envpython} -m pytest --basetemp={envtmpdir} \\
        {toxinidir}/tests {posargs:-v}
    - pytest slow
    coverage report --fail-under=91
[testenv:lint]
commands = ruff check
""",
            **{"extra.txt": "attrs\n"},
        )
    )
    first, second = suite.commands
    assert first.argv == ("python", "-m", "pytest", "--basetemp={tmp}", "../tests", "-v")
    assert (first.origin.file, first.origin.line, first.ignore_failure) == ("tox.ini", 21, False)
    assert (second.argv, second.ignore_failure) == (("pytest", "slow"), True)
    assert suite.directory == "tests"
    assert dict(suite.env)["MODE"] == "fast"
    assert posixpath.isabs(dict(suite.env)["WHERE"])
    assert "COVERED" not in dict(suite.env)
    assert "COVERAGE_FILE" not in dict(suite.env)
    assert suite.extras == ("speed",)
    assert suite.sources[0][0].args == ("pytest>=7", 'old; python_version == "3.8"', "-r", "extra.txt")
    assert suite.sources[-1][0].args == ("pytest", 'old; python_version == "3.8"', "attrs")


def test_a_bound_of_the_coverage_report_is_kept(facts_of) -> None:
    text = "[testenv]\ncommands =\n  coverage run -m pytest\n  coverage report --fail-under=91\n"
    facts = facts_of(project(tox_ini=text))
    assert facts.coverage_fail_under is not None
    assert (facts.coverage_fail_under[0], facts.coverage_fail_under[1].line) == (91.0, 4)


def test_environment_files_are_read(suite_of) -> None:
    text = "[testenv]\nset_env = file|test.env\ncommands = pytest\n"
    suite = suite_of(project(tox_ini=text, **{"test.env": "# x\nexport A=1\nB='two'\n"}))
    assert suite.env == (("A", "1"), ("B", "two"))


def test_the_environment_that_tests_is_found_among_others(suite_of) -> None:
    text = "[tox]\nenvlist = lint, unit\n[testenv]\ncommands = flake8\n[testenv:unit]\ncommands = pytest -q tests\n"
    assert suite_of(project(tox_ini=text)).commands[0].argv == ("pytest", "-q", "tests")


def test_generative_sections_and_factors(suite_of) -> None:
    commands = "commands =\n  tests: pytest {posargs:-n auto}\n  mypy: mypy p\n"
    text = f"[tox]\nenvlist = py312-{{tests,mypy}}\n[testenv]\n{commands}"
    suite = suite_of(project(tox_ini=text))
    assert suite.commands[0].argv == ("pytest", "-n", "auto")
    assert ("pytest-xdist",) in [step.args for step in suite.sources[0]]


def test_pip_lines_of_tox_are_dependencies(suite_of) -> None:
    text = "[testenv]\ncommands_pre = pip install -U -r req.txt\ncommands =\n  python -m pip install x[y]\n  pytest\n"
    suite = suite_of(project(tox_ini=text, **{"req.txt": "pytest\n"}))
    assert suite.sources[0][0].args == ("-r", "req.txt", "x[y]")


def test_poetry_called_by_tox_leaves_the_choice_to_other_sources(suite_of) -> None:
    files = project(
        tox_ini="[testenv]\ncommands_pre = poetry install\ncommands = poetry run pytest\n",
        pyproject_toml='[tool.poetry]\nname = "p"\n[tool.poetry.group.test.dependencies]\npytest = "^8.0"\n',
    )
    suite = suite_of(files)
    assert suite.commands[0].argv == ("pytest",)
    assert suite.sources[0][0].args == ("pytest>=8.0,<9",)


def test_tox_section_of_setup_cfg(suite_of) -> None:
    files = project(**{"setup.cfg": "[tox:tox]\nenvlist = py311\n[testenv]\ndeps = nose\ncommands = nosetests\n"})
    suite = suite_of(files)
    assert (suite.commands[0].argv, suite.commands[0].origin.line) == (("nosetests",), 5)


def test_legacy_text_in_pyproject_has_lines_of_the_file(suite_of) -> None:
    text = '[tool.tox]\nlegacy_tox_ini = """\n[tox]\nenvlist = py311\n[testenv]\ncommands = pytest -q\n"""\n'
    command = suite_of(project(pyproject_toml=text)).commands[0]
    assert (command.argv, command.origin.file, command.origin.line) == (("pytest", "-q"), "pyproject.toml", 6)


NATIVE = """\
env_list = ["3.12", "lint"]
[env_run_base]
deps = ["pytest>=8", "-c constraints.txt"]
extras = ["speed"]
set_env = { A = "1", B = { replace = "env", name = "HOME_B", default = "two" } }
commands = [["pytest", "--basetemp={env_tmp_dir}", { replace = "posargs", default = ["tests"], extend = true }]]
[env.lint]
commands = [["ruff", "check"]]
[env.again]
commands = [{ replace = "ref", env = "env_run_base", key = "commands", extend = true }]
"""


@pytest.mark.parametrize("name", ["tox.toml", "pyproject.toml"])
def test_native_toml(suite_of, name: str) -> None:
    text = (
        NATIVE
        if name == "tox.toml"
        else NATIVE.replace("[env", "[tool.tox.env").replace("env_list", "[tool.tox]\nenv_list")
    )
    suite = suite_of(project(**{name: text}))
    assert suite.commands[0].argv == ("pytest", "--basetemp={tmp}", "tests")
    assert suite.commands[0].origin.line == (6 if name == "tox.toml" else 7)
    assert suite.env == (("A", "1"), ("B", "two"))
    assert suite.extras == ("speed",)
    assert suite.sources[0][0].args == ("pytest>=8", "-c", "constraints.txt")


def test_usual_pythons_come_first(make) -> None:
    tox = find_tox(Tree(make(project(tox_ini="[tox]\nenvlist = py38, py39, lint, py312, pypy3\n[testenv]\n"))))
    assert tox is not None
    assert ranked_names(tox)[0] == "py312"
    assert ranked_names(tox)[-1] in ("lint", "pypy3")


def test_a_tox_ini_without_tox_is_none(make) -> None:
    assert find_tox(Tree(make({"tox.ini": "[flake8]\nmax-line-length = 100\n"}))) is None


def test_comments_behind_values_are_no_part_of_them(suite_of) -> None:
    text = "[testenv]\nsetenv =\n  A = 0  # why\n  B = \\#1\ncommands = pytest -q  # quick\n"
    suite = suite_of(project(tox_ini=text))
    assert (suite.env, suite.commands[0].argv) == ((("A", "0"), ("B", "#1")), ("pytest", "-q"))


def test_commands_whose_files_did_not_come_along_are_left_out(facts_of) -> None:
    lines = "  pytest -q\n  pytest book.ipynb --nbval\n  pytest --settings=gone/x.ini\n"
    facts = facts_of(project(tox_ini=f"[testenv]\ncommands =\n{lines}"))
    assert [command.argv for command in facts.tests.commands] == [("pytest", "-q")]
    assert sum("is not run" in note for note in facts.notes) == 2


def test_a_single_command_is_kept_whatever_it_names(suite_of) -> None:
    suite = suite_of(project(tox_ini="[testenv]\ncommands = pytest gone.py\n"))
    assert suite.commands[0].argv == ("pytest", "gone.py")


@pytest.mark.parametrize(("folder", "directory", "argv"), [("tests", "tests", "../p"), (".work", "", "p")])
def test_a_working_folder_that_only_tox_makes_is_the_root(suite_of, folder: str, directory: str, argv: str) -> None:
    suite = suite_of(project(tox_ini=f"[testenv]\nchangedir = {folder}\ncommands = pytest {{toxinidir}}/p\n"))
    assert (suite.directory, suite.commands[0].argv) == (directory, ("pytest", argv))
