from __future__ import annotations

import pytest

from noxline.model.stage import NotApplicable
from noxline.settings.facts import Runner

SETUP = "from setuptools import setup\nsetup(name='p', packages=['p'])\n"
BASE = {"setup.py": SETUP, "p/__init__.py": "", "tests/test_a.py": "def test_a():\n    pass\n"}
UNIT = "import unittest\nclass A(unittest.TestCase):\n    def test_a(self):\n        pass\n"
PROJECT = '[project]\nname = "p"\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'


def args(suite) -> list[tuple[str, ...]]:
    return [tuple(arg for step in source for arg in step.args) for source in suite.sources]


def test_pytest_is_run_when_it_is_configured(suite_of) -> None:
    suite = suite_of({**BASE, "pytest.ini": "[pytest]\ntestpaths = tests\n"})
    assert suite.commands[0].argv == ("pytest",)
    assert suite.paths == ("tests",)
    assert args(suite)[-1] == ("pytest",)


def test_coverage_in_addopts_is_turned_off_and_its_bound_kept(facts_of) -> None:
    facts = facts_of({**BASE, "pytest.ini": "[pytest]\naddopts = -q --cov=p\n    --cov-fail-under=87\n"})
    assert facts.tests.no_cov
    assert facts.coverage_fail_under[0] == 87
    assert ("pytest", "pytest-cov") in args(facts.tests)


def test_quiet_addopts_turn_nothing_off(suite_of) -> None:
    assert not suite_of({**BASE, "pytest.ini": "[pytest]\naddopts = -q\n"}).no_cov


@pytest.mark.parametrize(
    ("files", "argv"),
    [
        ({"tests/test_a.py": UNIT}, ("python", "-m", "pytest")),
        ({"tests/a_tests.py": UNIT}, ("python", "-m", "unittest", "discover", "-s", "tests", "-p", "*tests.py")),
        (
            {"tests/__init__.py": "", "tests/test_a.py": f"{UNIT}def load_tests(l, t, p):\n    return t\n"},
            ("python", "-m", "unittest", "discover", "-s", "tests", "-t", "."),
        ),
        ({"runtests.py": "import unittest\n", "tests/test_a.py": UNIT}, ("python", "runtests.py")),
        ({"test/alltests.py": "import unittest\n", "test/test_a.py": UNIT}, ("python", "test/alltests.py")),
        ({"runtests.py": "", "tests/test_a.py": UNIT, "dev-requirements.txt": "pytest\n"}, ("python", "-m", "pytest")),
        (
            {"tests/test_a.py": UNIT, "Makefile": "PY = python3\ntest: x\n\t@$(PY) -m unittest -v ${T}\n"},
            ("python", "-m", "unittest", "-v"),
        ),
        ({"tests/test_a.py": UNIT, "Makefile": "test:\n\tdocker run x | tee y\n"}, ("python", "-m", "pytest")),
    ],
)
def test_the_command_is_guessed_from_the_files(suite_of, files: dict[str, str], argv: tuple[str, ...]) -> None:
    assert suite_of({"setup.py": SETUP, "p/__init__.py": "", **files}).commands[0].argv == argv


def test_a_noxfile_gives_a_hint(suite_of) -> None:
    run = "session.run('coverage', 'run', '-m', 'pytest', *session.posargs)"
    text = f"import nox\n@nox.session\ndef tests(session):\n    {run}\n"
    command = suite_of({**BASE, "noxfile.py": text}).commands[0]
    assert (command.argv, command.origin.line) == (("python", "-m", "pytest"), 4)


@pytest.mark.parametrize(
    ("pyproject", "argv", "line"),
    [
        (
            '[tool.hatch.envs.default.scripts]\ntest = "pytest {args:tests}"\ncov = ["test --cov", "report"]\n',
            ("pytest", "tests"),
            2,
        ),
        (
            '[tool.hatch.envs.t.scripts]\nrun = "coverage run -m pytest {args}"\ntest = "run"\n',
            ("python", "-m", "pytest"),
            3,
        ),
        ('[tool.hatch.envs.hatch-test]\nextra-dependencies = ["attrs"]\n', ("pytest", "tests"), 1),
        ('[tool.pdm.scripts]\ntest = {cmd = "pytest -q"}\n', ("pytest", "-q"), 2),
        (
            '[tool.pdm.scripts]\nunit = "pytest -q"\ntest = {composite = ["lint", "unit"]}\nlint = "ruff check"\n',
            ("pytest", "-q"),
            3,
        ),
        ('[tool.poe.tasks]\ntest = "pytest tests"\n', ("pytest", "tests"), 2),
        (
            '[tool.poe.tasks.test]\nsequence = ["mypy", "unit"]\n[tool.poe.tasks.unit]\ncmd = "pytest -x"\n',
            ("pytest", "-x"),
            1,
        ),
        ('[tool.taskipy.tasks]\ntest = "python -m unittest && echo done"\n', ("python", "-m", "unittest"), 2),
    ],
)
def test_named_scripts(suite_of, pyproject: str, argv: tuple[str, ...], line: int) -> None:
    command = suite_of({**BASE, "pyproject.toml": pyproject}).commands[0]
    assert (command.argv, command.origin.line) == (argv, line)


def test_hatch_dependencies_come_with_its_script(suite_of) -> None:
    text = (
        '[tool.hatch.envs.test]\ndependencies = ["pytest>=8", "x"]\n[tool.hatch.envs.test.scripts]\ntest = "pytest"\n'
    )
    assert args(suite_of({**BASE, "pyproject.toml": text})) == [("pytest>=8", "x"), ("pytest", "x")]


def test_groups_include_groups_and_a_cycle_ends(suite_of) -> None:
    text = (
        '[dependency-groups]\ntest = ["pytest", {include-group = "More"}]\nmore = ["x==1", {include-group = "test"}]\n'
    )
    suite = suite_of({**BASE, "pyproject.toml": PROJECT + text})
    assert args(suite) == [("pytest", "x==1"), ("pytest", "x")]
    assert suite.sources[0][0].origin.line == 7


def test_an_extra_is_installed_with_the_project(suite_of) -> None:
    text = '[project]\nname = "p"\n[project.optional-dependencies]\nfast = ["x"]\ntesting = ["pytest", "p[fast]"]\n'
    suite = suite_of({**BASE, "pyproject.toml": text})
    assert suite.extras == ("testing",)
    assert args(suite) == [(), ("pytest", "x")]


def test_an_extra_with_pins_is_spelled_out_so_that_it_can_be_loosened(suite_of) -> None:
    text = "setup(name='p', packages=['p'], extras_require={'test': ['pytest==3.0', 'x']})"
    suite = suite_of({**BASE, "setup.py": text})
    assert suite.extras == ()
    assert args(suite) == [("pytest==3.0", "x"), ("pytest", "x")]


def test_setup_script_is_read_without_running_it(suite_of) -> None:
    text = "raise SystemExit\nNEED = ['pytest', 'mock']\nsetup(name='p', packages=['p'], tests_require=NEED + ['y'])\n"
    suite = suite_of({**BASE, "setup.py": text})
    assert args(suite) == [("pytest", "mock", "y")]
    assert suite.sources[0][0].origin.line == 3


@pytest.mark.parametrize(
    "name",
    [
        "requirements-dev.txt",
        "dev-requirements.txt",
        "test_requirements.txt",
        "requirements/test.txt",
        "tests/requirements.txt",
        "requirements/testing.in",
        "requirements-tests.txt",
        "requirements/requirements-tests.txt",
        "requirements_dev.txt",
        "test-reqs.txt",
        "requirements.txt",
    ],
)
def test_requirement_files_in_their_spellings(suite_of, name: str) -> None:
    suite = suite_of({**BASE, name: "pytest==8.0  # pinned\nx>=2 \\\n  --hash=sha256:0\n-e .\n"})
    assert args(suite) == [("-r", name), ("pytest", "x")]


def test_included_files_count(suite_of) -> None:
    suite = suite_of(
        {**BASE, "requirements/test.txt": "-r base.txt\n", "requirements/base.txt": "-r test.txt\npytest\n"}
    )
    assert args(suite) == [("-r", "requirements/test.txt"), ("pytest",)]


def test_the_runner_is_added_where_no_source_names_it(suite_of) -> None:
    suite = suite_of({**BASE, "requirements-test.txt": "x\n", "pytest.ini": "[pytest]\nasyncio_mode = auto\n"})
    assert args(suite)[0] == ("-r", "requirements-test.txt", "pytest", "pytest-asyncio")


def test_addresses_are_left_out_of_the_last_source(suite_of) -> None:
    deps = '"pytest", "a @ git+https://example.org/a@1", "git+https://example.org/b#egg=b", "git+https://example.org/c"'
    suite = suite_of({**BASE, "pyproject.toml": f"[dependency-groups]\ntest = [{deps}]\n"})
    assert args(suite)[-1] == ("pytest", "a", "b")


def test_imports_are_the_last_resort_and_conditional_ones_do_not_count(suite_of) -> None:
    optional = "try:\n    import jinja2\nexcept ImportError:\n    pass\n"
    text = f"import os, yaml\nimport p\nfrom . import helper\nimport tests.other\n{optional}"
    suite = suite_of({**BASE, "tests/test_b.py": f"{text}def test_b():\n    pass\n"})
    assert args(suite) == [("PyYAML", "pytest"), ("pytest",)]


UV_LOCK = """\
[[package]]
name = "p"
version = "1"
source = { editable = "." }

[package.dev-dependencies]
tests = [
    { name = "pytest" },
]

[package.metadata]
"""
GROUPS = '[dependency-groups]\ntests = ["pytest"]\n'


def test_uv_lock_comes_first(suite_of) -> None:
    suite = suite_of({**BASE, "pyproject.toml": PROJECT + GROUPS, "uv.lock": UV_LOCK})
    assert suite.sources[0][0].kind == "uv-lock"
    assert args(suite) == [("--no-default-groups", "--group", "tests"), ("pytest",)]


def test_a_uv_lock_that_lacks_the_group_is_passed_over(suite_of) -> None:
    suite = suite_of({**BASE, "pyproject.toml": PROJECT + GROUPS, "uv.lock": UV_LOCK.replace("tests", "other")})
    assert args(suite) == [("pytest",)]


def test_a_lock_runner_without_a_lock_falls_back_to_the_groups(suite_of) -> None:
    tox = "[testenv]\nrunner = uv-venv-lock-runner\ndependency_groups = tests\ncommands = pytest\n"
    assert args(suite_of({**BASE, "pyproject.toml": PROJECT + GROUPS, "tox.ini": tox})) == [("pytest",)]


POETRY = """\
[tool.poetry]
name = "p"
[tool.poetry.dependencies]
python = "^3.9"
[tool.poetry.group.dev.dependencies]
pytest = "^8.0"
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""


def test_new_poetry_lock(suite_of) -> None:
    lock = (
        '[[package]]\nname = "pytest"\nversion = "8.1"\ngroups = ["dev"]\nmarkers = "python_version < \\"4\\""\n'
        'files = [\n    {file = "x", hash = "y"},\n]\n\n'
        '[[package]]\nname = "sphinx"\nversion = "5"\ngroups = ["docs"]\n'
    )
    suite = suite_of({**BASE, "pyproject.toml": POETRY, "poetry.lock": lock})
    assert (suite.sources[0][0].kind, args(suite)[0]) == ("pins", ('pytest==8.1; python_version < "4"',))
    assert args(suite)[1] == ("pytest>=8.0,<9",)


def test_old_poetry_lock_is_followed_from_the_requirements(suite_of) -> None:
    lock = (
        '[[package]]\nname = "pytest"\nversion = "8.1"\n[package.dependencies]\n'
        'colorama = {version = "*", markers = "sys_platform == \\"win32\\""}\n'
        '[[package]]\nname = "colorama"\nversion = "1"\n[[package]]\nname = "unrelated"\nversion = "2"\n'
    )
    suite = suite_of({**BASE, "pyproject.toml": POETRY, "poetry.lock": lock})
    assert args(suite)[0] == ('colorama==1; (sys_platform == "win32")', "pytest==8.1")


def test_pdm_lock_and_pipfile_lock(suite_of) -> None:
    pyproject = PROJECT + '[tool.pdm.dev-dependencies]\ntest = ["pytest"]\n'
    package = '[[package]]\nname = "{}"\nversion = "8.2"\ngroups = ["{}"]\n'
    lock = package.format("pytest", "test") + package.format("x", "doc")
    pipfile = '{"develop": {"pytest": {"version": "==8.3", "markers": "python_version > \'3\'"}}}'
    suite = suite_of({**BASE, "pyproject.toml": pyproject, "pdm.lock": lock, "Pipfile.lock": pipfile})
    assert args(suite)[:3] == [("pytest==8.2",), ("pytest==8.3; python_version > '3'",), ("pytest",)]


def test_pylock(suite_of) -> None:
    package = '[[packages]]\nname = "pytest"\nversion = "8.2"\n'
    lock = f'lock-version = "1.0"\n{package}marker = "\'test\' in dependency_groups"\n'
    assert args(suite_of({**BASE, "pyproject.toml": PROJECT + GROUPS, "pylock.toml": lock}))[0] == ("pytest==8.2",)


def test_no_tests(facts_of) -> None:
    facts = facts_of({"setup.py": SETUP, "p/__init__.py": "", "tox.ini": "[testenv]\ncommands = pytest\n"})
    assert facts.tests == NotApplicable(reason="no tests found")


def test_doctests_alone_are_tests(suite_of) -> None:
    files = {
        "setup.py": SETUP,
        "p/__init__.py": "",
        "pytest.ini": "[pytest]\naddopts = --doctest-modules\ntestpaths = p\n",
    }
    assert suite_of(files).commands[0].runner is Runner.PYTEST


def test_files_that_hold_tests(suite_of) -> None:
    files = {
        "tests/helper_tests.py": UNIT,
        "tests/test_support.py": "X = 1\n",
        "tests/data/test_x.py": UNIT,
        "docs/test_d.py": UNIT,
        "tests/skipped/test_s.py": UNIT,
        "build/test_b.py": UNIT,
        "ignored/test_i.py": UNIT,
        ".gitignore": "/ignored/\n",
        "p/tests.py": "import re\nclass TestNode: ...\n",
        "p/test_inside.py": UNIT,
        "pytest.ini": "[pytest]\nnorecursedirs = skipped\n",
    }
    assert suite_of({**BASE, **files}).files == ("p/test_inside.py", "tests/helper_tests.py", "tests/test_a.py")


def test_a_missing_script_is_not_run(suite_of) -> None:
    suite = suite_of({**BASE, "tox.ini": "[testenv]\ncommands = python tests/gone_test.py\n"})
    assert suite.commands[0].argv == ("python", "-m", "pytest")


SCRIPT = f"{UNIT}unittest.main()\n"
GUARDED = f"{UNIT}if __name__ == '__main__':\n    unittest.main()\n"


def test_files_that_run_themselves_are_run_one_by_one_where_they_lie(suite_of) -> None:
    files = {"setup.py": SETUP, "p/__init__.py": "", "test/testa.py": SCRIPT, "test/testb.py": GUARDED}
    suite = suite_of({**files, "test/testc.py": f"{UNIT}        main()\n"})
    assert [command.argv for command in suite.commands] == [
        ("python", "testa.py"), ("python", "testb.py"), ("python", "-m", "unittest", "testc.py"),
    ]  # fmt: skip
    assert suite.directory == "test"


def test_a_guarded_main_does_not_keep_a_file_from_being_collected(suite_of) -> None:
    suite = suite_of({"setup.py": SETUP, "p/__init__.py": "", "tests/test_a.py": GUARDED})
    assert [command.argv for command in suite.commands] == [("python", "-m", "pytest")]


EXTRAS = '[project.optional-dependencies]\nnet = ["h2>=3"]\nzone = ["pytz"]\nlint = ["ruff"]\n'


def test_without_a_declaration_the_extras_that_modules_cannot_do_without_are_installed(suite_of) -> None:
    source = "def zone():\n    import pytz\n"
    files = {"pyproject.toml": PROJECT + EXTRAS, "p/__init__.py": source, "p/net.py": "import h2.config\n"}
    suite = suite_of({**files, "tests/test_a.py": "import pytest\ndef test_a():\n    pass\n"})
    assert args(suite) == [("pytest", "h2>=3"), ("pytest",)]


def test_plugins_are_known_by_fixtures_and_marks(suite_of) -> None:
    text = "import pytest\n@pytest.mark.timeout(3)\ndef test_a(mocker, freezer):\n    pass\n"
    own = "import pytest\n@pytest.fixture\ndef freezer():\n    return 1\n"
    files = {"setup.py": SETUP, "p/__init__.py": "", "tests/test_a.py": text, "tests/conftest.py": own}
    assert args(suite_of(files))[0] == ("pytest", "pytest-mock", "pytest-timeout")
