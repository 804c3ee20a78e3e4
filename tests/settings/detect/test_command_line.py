from __future__ import annotations

import shlex

import pytest

from noxline.settings.detect.command_line import positional, read_line, uses_cov
from noxline.settings.facts import Runner


@pytest.mark.parametrize(
    ("line", "clean", "runner"),
    [
        ("py.test -x", "pytest -x", Runner.PYTEST),
        ("coverage run -m pytest tests", "python -m pytest tests", Runner.PYTEST),
        ("coverage run --source pkg -p -m pytest -q", "python -m pytest -q", Runner.PYTEST),
        ("python -W error -m coverage run --branch -m unittest -v", "python -W error -m unittest -v", Runner.UNITTEST),
        ("coverage run --rcfile=x tests/run.py a", "python tests/run.py a", Runner.SCRIPT),
        ("pytest --cov=a --cov-branch --cov-report term-missing -n auto", "pytest -n auto", Runner.PYTEST),
        ("pytest --cov pkg --cov-report=xml tests", "pytest tests", Runner.PYTEST),
        ("pytest --cov --cov-config=tox.ini", "pytest", Runner.PYTEST),
        ("pytest --junitxml=x.xml --junit-xml y.xml -v", "pytest -v", Runner.PYTEST),
        ("uv run --group test pytest -q", "pytest -q", Runner.PYTEST),
        ("uv run -m pytest", "-m pytest", None),
        ("poetry run coverage run -m pytest", "python -m pytest", Runner.PYTEST),
        ("/bin/pytest", "pytest", Runner.PYTEST),
        ("python3.12 -m unittest discover", "python -m unittest discover", Runner.UNITTEST),
        ("python -bb runtests.py", "python -bb runtests.py", Runner.SCRIPT),
        ("python manage.py test", "python manage.py test", Runner.SCRIPT),
        ("zope-testrunner --test-path=src", "zope-testrunner --test-path=src", Runner.SCRIPT),
        ("python -m pkg.tests", "python -m pkg.tests", Runner.SCRIPT),
        ("python setup.py test", "python setup.py test", None),
        ("python tools/tasks.py test_with x", "python tools/tasks.py test_with x", Runner.SCRIPT),
        ("python tools/report.py test.log", "python tools/report.py test.log", None),
        ("mypy src", "mypy src", None),
        ("sphinx-build -b doctest docs out", "sphinx-build -b doctest docs out", None),
        ("coverage report --fail-under=90", "coverage report --fail-under=90", None),
        ("python -c 'import test'", "python -c 'import test'", None),
    ],
)
def test_coverage_and_launchers_go_and_the_runner_is_named(line: str, clean: str, runner: Runner | None) -> None:
    found = read_line(tuple(shlex.split(line)))
    assert (shlex.join(found.argv), found.runner) == (clean, runner)


@pytest.mark.parametrize(
    ("line", "bound"),
    [
        ("coverage report --fail-under=98.5", 98.5),
        ("python -m coverage report --fail-under 90", 90.0),
        ("pytest --cov=x --cov-fail-under=100", 100.0),
        ("diff-cover x.xml --fail-under=100", None),
        ("pytest", None),
    ],
)
def test_only_pytest_and_coverage_set_a_coverage_bound(line: str, bound: float | None) -> None:
    assert read_line(tuple(line.split())).fail_under == bound


def test_variables_before_a_command_are_kept_apart() -> None:
    found = read_line(("env", "A=1", "pytest"))
    assert (found.argv, found.env) == (("pytest",), (("A", "1"),))


def test_values_of_options_are_no_paths() -> None:
    assert positional(("python", "-m", "pytest", "-m", "slow", "--ignore", "x", "tests", "-q")) == ("tests",)


def test_cov_is_seen_in_any_of_its_forms() -> None:
    assert uses_cov(("-q", "--cov"))
    assert uses_cov(("--cov-fail-under=80",))
    assert not uses_cov(("--color=yes",))
