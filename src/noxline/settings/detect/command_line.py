"""Read one command line: take coverage and launchers out, and tell what runs the tests in it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace

from noxline.settings.facts import Runner

# Options of `coverage run` that take a value of their own.
RUN_VALUES = {
    "--source",
    "--source-pkgs",
    "--omit",
    "--include",
    "--rcfile",
    "--context",
    "--concurrency",
    "--data-file",
}
SLIPCOVER_VALUES = {"--source", "--omit", "--out", "--json", "--fail-under", "--threshold"}
COV_FLAGS = {"--cov-branch", "--cov-append", "--cov-reset", "--no-cov-on-fail", "--no-cov"}
COV_VALUES = {"--cov-report", "--cov-config", "--cov-fail-under", "--cov-context", "--cov-precision"}
# Reports into the project's tree; noxline has its own.
REPORT_VALUES = {"--junitxml", "--junit-xml"}
PYTEST_VALUES = {
    "-m", "-k", "-c", "-p", "-o", "-W", "-n", "-r", "--ignore", "--ignore-glob", "--deselect", "--rootdir", "--dist",
    "--maxfail", "--durations", "--tb", "--confcutdir", "--basetemp", "--timeout", "--override-ini", "--import-mode",
}  # fmt: skip
PYTHON_VALUES = {"-W", "-X", "--check-hash-based-pycs"}
PYTHON = re.compile(r"(python|pypy)(\d+(\.\d+)?)?(\.exe)?$|py$")
SCRIPT_PROGRAMS = {
    "zope-testrunner",
    "trial",
    "stestr",
    "nosetests",
    "nose2",
    "green",
    "ward",
    "behave",
    "ptr",
    "testr",
}
SCRIPT_MODULES = {"nose", "nose2", "twisted.trial", "testtools.run", "zope.testrunner", "stestr", "ward", "doctest"}
RUNNER_MODULES = {"pytest": Runner.PYTEST, "py.test": Runner.PYTEST, "unittest": Runner.UNITTEST}
TEST_PART = re.compile(r"(run_?)?tests?$|test_|selftest$")
# Launchers, and those of their options that take a value.
LAUNCHERS = {
    ("uv", "run"): {
        "--group",
        "--extra",
        "--with",
        "--python",
        "-p",
        "--package",
        "--only-group",
        "--directory",
        "--env-file",
    },
    ("poetry", "run"): set[str](),
    ("pdm", "run"): {"-p", "--project"},
    ("pipenv", "run"): set[str](),
    ("rye", "run"): set[str](),
    ("hatch", "run"): set[str](),
    ("xvfb-run",): {"-n", "-s", "--server-args"},
    ("time",): set[str](),
    ("exec",): set[str](),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """A command line after cleaning: `runner` is None when it runs no tests, `fail_under` a coverage bound in it."""

    argv: tuple[str, ...]
    runner: Runner | None = None
    fail_under: float | None = None
    env: tuple[tuple[str, str], ...] = ()


def read_line(argv: tuple[str, ...]) -> Line:
    """Clean a command line and classify it."""
    argv, env = take_variables(argv)
    argv = take_launcher(argv)
    if not argv:
        return Line(argv=(), env=env)
    if argv[:1] == ("env",):
        return replace(read_line(argv[1:]), env=env + take_variables(argv[1:])[1])
    argv = (program(argv[0]), *argv[1:])
    argv = take_coverage(argv)
    bound = fail_under(argv)
    runner = classify(argv)
    if runner is Runner.PYTEST:
        argv = without_cov_options(argv)
    return Line(argv=argv, runner=runner, fail_under=bound, env=env)


def program(word: str) -> str:
    """Return the plain name of a program: paths into the environment and old spellings go."""
    name = posixpath.basename(word)
    if PYTHON.match(name):
        return "python"
    if name in ("py.test", "pytest.exe"):
        return "pytest"
    return name if word.startswith(("/", "{")) or "/bin/" in word else word


def take_variables(argv: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Split `NAME=value` words off the front."""
    env = []
    while argv and re.match(r"[A-Za-z_]\w*=", argv[0]):
        name, _, value = argv[0].partition("=")
        env.append((name, value))
        argv = argv[1:]
    return argv, tuple(env)


def take_launcher(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Take off a program that only starts another one in the environment (`uv run`, `poetry run`)."""
    for words, values in LAUNCHERS.items():
        if argv[: len(words)] == words:
            return take_launcher(skip_options(argv[len(words) :], values))
    return argv


def skip_options(argv: tuple[str, ...], values: set[str]) -> tuple[str, ...]:
    """Leave out options at the front, with the values of those that take one."""
    index = 0
    while index < len(argv) and argv[index].startswith("-"):
        if argv[index] in ("-m", "--module"):
            break
        if argv[index] == "--":
            return argv[index + 1 :]
        index += 2 if argv[index] in values else 1
    return argv[index:]


def module_index(argv: tuple[str, ...]) -> int | None:
    """Return where the module of a `python [options] -m MODULE` stands."""
    if argv[:1] != ("python",):
        return None
    index = 1
    while index < len(argv) and argv[index].startswith("-"):
        if argv[index] == "-m":
            return index + 1 if index + 1 < len(argv) else None
        index += 2 if argv[index] in PYTHON_VALUES else 1
    return None


def take_coverage(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Turn `coverage run ... X` into what X is without coverage; anything else stays."""
    at = module_index(argv)
    before: tuple[str, ...] = ("python",)
    words = argv
    if at is not None and argv[at] in ("coverage", "slipcover"):
        before, words = argv[: at - 1], argv[at:]
    if words[:2] == ("coverage", "run"):
        rest = skip_options(words[2:], RUN_VALUES)
    elif words[:1] == ("slipcover",):
        rest = skip_options(words[1:], SLIPCOVER_VALUES)
    else:
        return argv
    return (*before, "-m", *rest[1:]) if rest[:1] == ("-m",) or rest[:1] == ("--module",) else (*before, *rest)


def fail_under(argv: tuple[str, ...]) -> float | None:
    """Return the coverage bound that the options of a command of pytest or coverage set."""
    reports = argv[:1] == ("pytest",) or {"pytest", "coverage"} & set(argv[:3])
    for index, word in enumerate(argv if reports else ()):
        if found := re.match(r"--(?:cov-)?fail-under(?:=(.*))?$", word):
            value = found[1] or (argv[index + 1] if index + 1 < len(argv) else "")
            return float(value) if re.fullmatch(r"\d+(\.\d+)?", value) else None
    return None


def without_cov_options(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Take the options of pytest-cov out of a pytest command, and those that write reports."""
    kept: list[str] = []
    index = 0
    while index < len(argv):
        word = argv[index]
        following = argv[index + 1] if index + 1 < len(argv) else "-"
        if word in COV_VALUES | REPORT_VALUES or (word == "--cov" and not following.startswith("-")):
            index += 2
        elif (
            word == "--cov"
            or word.startswith("--cov=")
            or word.partition("=")[0] in COV_VALUES | COV_FLAGS | REPORT_VALUES
        ):
            index += 1
        else:
            kept.append(word)
            index += 1
    return tuple(kept)


def uses_cov(options: tuple[str, ...]) -> bool:
    """Tell whether options turn pytest-cov on or speak to it."""
    return any(word == "--cov" or word.startswith(("--cov=", "--cov-", "--no-cov")) for word in options)


def classify(argv: tuple[str, ...]) -> Runner | None:
    """Return what runs the tests in a command without coverage; None when it runs none."""
    if not argv:
        return None
    if argv[0] == "pytest":
        return Runner.PYTEST
    if argv[0] == "python":
        return classify_python(argv)
    if argv[0] in SCRIPT_PROGRAMS:
        return Runner.SCRIPT
    if argv[0] == "django-admin" and "test" in argv[1:]:
        return Runner.SCRIPT
    return Runner.SCRIPT if looks_like_test_script(argv[0]) and "/" in argv[0] else None


def classify_python(argv: tuple[str, ...]) -> Runner | None:
    """Classify a command of the interpreter."""
    at = module_index(argv)
    if at is not None:
        return classify_module(argv[at])
    words = skip_options(argv[1:], PYTHON_VALUES)
    if not words or words[0] == "-":
        return None
    if posixpath.basename(words[0]) == "manage.py":
        return Runner.SCRIPT if words[1:2] == ("test",) else None
    return Runner.SCRIPT if looks_like_test_script(words[0]) or is_test_task(words) else None


def classify_module(module: str) -> Runner | None:
    """Classify a module that the interpreter runs."""
    if module in RUNNER_MODULES:
        return RUNNER_MODULES[module]
    is_script = module in SCRIPT_MODULES or any(TEST_PART.match(part) for part in module.split("."))
    return Runner.SCRIPT if is_script else None


def looks_like_test_script(path: str) -> bool:
    """Tell whether a script's path says that it runs tests."""
    folders, _, name = path.rpartition("/")
    if not name.endswith((".py", ".sh")) or name in ("setup.py", "conftest.py"):
        return False
    is_entry = name.startswith("run") or name in ("__init__.py", "__main__.py")
    return "test" in name.lower() or (is_entry and "test" in folders.lower())


def is_test_task(words: tuple[str, ...]) -> bool:
    """Tell whether a script that holds several tasks is asked for its tests: `python make.py test`."""
    is_script = words[0].endswith(".py") and posixpath.basename(words[0]) != "setup.py"
    return is_script and len(words) > 1 and bool(re.match(r"(run[_-]?)?tests?([_-][\w-]*)?$", words[1]))


def positional(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a pytest or unittest command that are no options and no values of options."""
    at = module_index(argv)
    found: list[str] = []
    index = 1 if at is None else at + 1
    while index < len(argv):
        if not argv[index].startswith("-"):
            found.append(argv[index])
        index += 2 if argv[index] in PYTEST_VALUES else 1
    return tuple(found)
