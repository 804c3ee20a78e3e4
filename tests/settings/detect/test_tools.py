from __future__ import annotations

import shlex

import pytest

from noxline.model.stage import NotApplicable
from noxline.settings.detect.docs_tool import sphinx_argv
from noxline.settings.detect.hook_config import yaml_hooks

BASE = {"setup.py": "setup(name='p', packages=['p'])", "p/__init__.py": ""}
HOOKS = """\
repos:
- repo: https://github.com/astral-sh/ruff-pre-commit
  # a comment
  rev: "v0.5.1"
  hooks:
    - id: ruff-check
      args: ["--fix"]
-   repo: https://github.com/pre-commit/mirrors-mypy
    hooks:
    -   id: mypy
        additional_dependencies:
          - types-x>=1,<2  # why
          - attrs[dev]
    rev: v1.11.2
- repo: local
  hooks:
    - {id: own, name: own}
    - id: last
      additional_dependencies: [a[b,c]==1, 'd>=1,<2',
         e]
"""

MYPY_HOOK = "repos:\n- repo: https://github.com/pre-commit/mirrors-mypy\n  rev: v1\n  hooks:\n  - id: mypy\n"


def args(tool) -> tuple[str, ...]:
    return tuple(arg for step in tool.installs for arg in step.args)


def test_hooks_are_read_by_lines() -> None:
    found = {hook.id: hook for hook in yaml_hooks(HOOKS)}
    assert (found["ruff-check"].rev, found["ruff-check"].line) == ("v0.5.1", 6)
    assert (found["mypy"].rev, found["mypy"].needs) == ("v1.11.2", ("types-x>=1,<2", "attrs[dev]"))
    assert found["last"].needs == ("a[b,c]==1", "d>=1,<2", "e")


def test_what_is_not_configured_does_not_apply(facts_of) -> None:
    facts = facts_of(BASE)
    assert facts.lint == NotApplicable(reason="no ruff configuration")
    assert facts.types == NotApplicable(reason="no mypy or pyright configuration")
    assert facts.docs == NotApplicable(reason="no documentation configuration")
    assert facts.hooks == NotApplicable(reason="no hook configuration")
    assert facts.benchmarks == NotApplicable(reason="no benchmarks: no test uses pytest-benchmark's fixture")
    assert facts.workflows is False


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ("ruff",)),
        ({".pre-commit-config.yaml": HOOKS}, ("ruff==0.5.1",)),
        (
            {".pre-commit-config.yaml": HOOKS, "uv.lock": '[[package]]\nname = "ruff"\nversion = "0.6.0"\n'},
            ("ruff==0.6.0",),
        ),
        ({"pyproject.toml": '[tool.ruff]\n[dependency-groups]\nlint = ["ruff~=0.4"]\n'}, ("ruff~=0.4",)),
    ],
)
def test_ruff_in_the_pinned_version(facts_of, files: dict[str, str], expected: tuple[str, ...]) -> None:
    facts = facts_of({**BASE, "pyproject.toml": "[tool.ruff]\n", **files})
    assert (facts.lint.command, args(facts.lint)) == (("ruff",), expected)


def test_hook_configuration_and_workflows(facts_of) -> None:
    facts = facts_of({**BASE, ".pre-commit-config.yaml": HOOKS, ".github/workflows/ci.yml": "on: push\n"})
    assert facts.hooks.origin.file == ".pre-commit-config.yaml"
    assert facts.workflows is True


def test_types_as_tox_runs_them(facts_of) -> None:
    text = "[testenv:typing]\ndeps = -r requirements/typing.txt\ncommands =\n  mypy --strict p\n  python -m pyright\n"
    facts = facts_of({**BASE, "tox.ini": text, "requirements/typing.txt": "mypy==1.1\npyright==1.2\n"})
    assert [(t.name, t.command, t.origin.line) for t in facts.types] == [
        ("mypy", ("mypy", "--strict", "p"), 4),
        ("pyright", ("pyright",), 5),
    ]
    assert args(facts.types[0]) == ("-r", "requirements/typing.txt")


@pytest.mark.parametrize(
    ("files", "command", "expected"),
    [
        ({"mypy.ini": "[mypy]\nfiles = p, tests\n"}, ("mypy",), ("mypy",)),
        ({"pyproject.toml": "[tool.mypy]\nstrict = true\n"}, ("mypy", "p"), ("mypy",)),
        (
            {"setup.cfg": "[mypy]\nstrict = true\n", ".pre-commit-config.yaml": HOOKS},
            ("mypy", "p"),
            ("mypy==1.11.2", "types-x>=1,<2", "attrs[dev]"),
        ),
        ({"pyrightconfig.json": "{}"}, ("pyright",), ("pyright",)),
        ({"tox.ini": "[testenv:mypy]\ndeps = -r absent.txt\ncommands = mypy p\n"}, ("mypy", "p"), ("mypy",)),
        (
            {"pyproject.toml": '[tool.mypy]\nfiles = ["p"]\n[dependency-groups]\ntyping = ["mypy>=1", "types-y"]\n'},
            ("mypy",),
            ("mypy>=1", "types-y"),
        ),
    ],
)
def test_types_as_they_are_configured(facts_of, files, command, expected) -> None:
    (tool,) = facts_of({**BASE, **files}).types
    assert (tool.command, args(tool), tool.needs_project) == (command, expected, True)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"mypy.ini": "[mypy]\nfiles = p, tests\n"}, ("mypy", "pytest")),
        ({"pyproject.toml": '[tool.mypy]\nfiles = ["tests/test_a.py"]\n'}, ("mypy", "pytest")),
        ({"pyproject.toml": "[tool.pyright]\n", "p/tests/test_b.py": "def test_b(): ...\n"}, ("pyright", "pytest")),
        ({"mypy.ini": "[mypy]\nfiles = p\n"}, ("mypy",)),
        ({"pyproject.toml": "[tool.mypy]\nstrict = true\n"}, ("mypy",)),
        ({"mypy.ini": "[mypy]\nfiles = tests\n", ".pre-commit-config.yaml": MYPY_HOOK}, ("mypy==1",)),
        (
            {"mypy.ini": "[mypy]\nfiles = tests\n", "requirements/typing.txt": "mypy\n"},
            ("-r", "requirements/typing.txt"),
        ),
        ({"tox.ini": "[testenv:mypy]\ndeps = mypy\ncommands = mypy tests\n"}, ("mypy",)),
    ],
)
def test_a_checker_of_tests_sees_what_the_tests_import(facts_of, files, expected) -> None:
    (tool,) = facts_of({**BASE, "tests/test_a.py": "import pytest\n\ndef test_a(): ...\n", **files}).types
    assert args(tool) == expected


def test_a_checker_runs_alone_where_the_index_lacks_what_the_tests_need(facts_of) -> None:
    files = {"mypy.ini": "[mypy]\nfiles = tests\n", "tests/test_a.py": "def test_a(): ...\n"}
    groups = '[dependency-groups]\ndev = ["mypy==1.1"]\ntest = ["pytest==9"]\n'
    (tool,) = facts_of({**BASE, **files, "pyproject.toml": groups}).types
    assert args(tool) == ("mypy==1.1", "pytest==9")
    assert [[step.args for step in steps] for steps in tool.others] == [[("mypy==1.1",)], [("mypy",)]]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sphinx-build -W -b html docs docs/_build", "sphinx-build -b html docs {out}/html"),
        ("python -m sphinx -nW --keep-going -b dirhtml docs out", "sphinx-build -n -b dirhtml docs {out}/html"),
        ("sphinx-build -d {tmp}/d docs {tmp}/html -w log.txt -E", "sphinx-build -d {out}/doctrees docs {out}/html -E"),
        ("sphinx-build -Q -T docs out index.rst --color -bhtml", "sphinx-build -T docs {out}/html --color -bhtml"),
        ("sphinx-build -j auto docs out", "sphinx-build -j auto docs {out}/html"),
    ],
)
def test_sphinx_commands_let_warnings_be_counted(line: str, expected: str) -> None:
    assert sphinx_argv(tuple(shlex.split(line))) == tuple(shlex.split(expected))


@pytest.mark.parametrize(
    ("files", "expected", "extras"),
    [
        ({}, ("sphinx",), ()),
        ({"docs/requirements.txt": "furo\n"}, ("-r", "docs/requirements.txt", "sphinx"), ()),
        ({"requirements/docs.txt": "sphinx==5\n"}, ("-r", "requirements/docs.txt"), ()),
        ({"pyproject.toml": '[dependency-groups]\ndocs = ["sphinx", "furo"]\n'}, ("sphinx", "furo"), ()),
        ({"setup.py": "setup(name='p', packages=['p'], extras_require={'doc': ['sphinx']})"}, (), ("doc",)),
        (
            {".readthedocs.yaml": "python:\n  install:\n    - requirements: a/rtd.in\n", "a/rtd.in": "sphinx\n"},
            ("-r", "a/rtd.in"),
            (),
        ),
    ],
)
def test_what_the_documentation_needs(facts_of, files, expected, extras) -> None:
    docs = facts_of({**BASE, "docs/conf.py": "", **files}).docs
    assert (docs.command, args(docs), docs.extras) == (
        ("sphinx-build", "-b", "html", "docs", "{out}/html"),
        expected,
        extras,
    )


def test_documentation_as_tox_builds_it(facts_of) -> None:
    commands = "commands =\n  sphinx-build -W -b linkcheck . x\n  sphinx-build -W . {toxinidir}/out\n"
    text = f"[testenv:docs]\nchangedir = docs\nextras = docs\ndeps = furo\n{commands}"
    docs = facts_of({**BASE, "docs/conf.py": "", "tox.ini": text}).docs
    assert (docs.command, docs.directory, docs.origin.line) == (("sphinx-build", ".", "{out}/html"), "docs", 7)
    assert args(docs) == ("furo", "sphinx")


def test_requirements_that_did_not_come_with_the_project_are_passed_over(facts_of) -> None:
    text = "[testenv:docs]\ndeps = -r {toxinidir}/docs/absent.txt\ncommands = sphinx-build docs out\n"
    docs = facts_of({**BASE, "docs/conf.py": "", "tox.ini": text, "requirements-docs.in": "Sphinx\nfuro\n"}).docs
    assert (docs.command, args(docs)) == (("sphinx-build", "docs", "{out}/html"), ("-r", "requirements-docs.in"))


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("sphinx==9\np==0.1\nfuro\n", [[("sphinx", "p", "furo")]]),
        ("sphinx\nfuro\n", []),
    ],
)
def test_documentation_whose_pins_are_out_of_reach_is_built_without_them(facts_of, text, others) -> None:
    docs = facts_of({**BASE, "docs/conf.py": "", "requirements/docs.txt": text}).docs
    assert args(docs) == ("-r", "requirements/docs.txt")
    assert [[step.args for step in steps] for steps in docs.others] == others


def test_mkdocs(facts_of) -> None:
    docs = facts_of({**BASE, "mkdocs.yml": "site_name: x\n", "requirements-docs.txt": "mkdocs-material\n"}).docs
    assert docs.command == ("mkdocs", "build", "--site-dir", "{out}/html")
    assert args(docs) == ("-r", "requirements-docs.txt")


def test_benchmarks_are_found_by_their_fixture(facts_of) -> None:
    files = {
        **BASE,
        "testing/benchmark.py": "import pytest\n\ndef test_fast(benchmark):\n    benchmark(int)\n",
        "tests/test_word.py": "def test_a():\n    benchmark = 1\n",
        "tests/test_own.py": "import pytest\n@pytest.fixture\ndef benchmark(): ...\ndef test_b(benchmark): ...\n",
        "tests/requirements.txt": "pytest\npytest-benchmark==4.0\n",
    }
    tool = facts_of(files).benchmarks
    assert (tool.command, tool.origin.line) == (("pytest", "testing/benchmark.py"), 3)
    assert "pytest-benchmark" in args(tool)[-1]


def test_benchmarks_for_another_plugin_do_not_apply(facts_of) -> None:
    files = {"benchmarks/test_b.py": "def test_b(benchmark): ...\n", "requirements-test.txt": "pytest-codspeed\n"}
    assert "pytest-codspeed" in facts_of({**BASE, **files}).benchmarks.reason
