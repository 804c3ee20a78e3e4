from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.reports.cause import find_cause, last_lines, plain_text
from tests.reports.sample import LOGS

# The logs are what nox and the tools printed, folders renamed; nothing in them was shortened.
CAUSES = {
    "tests": "tests/test_a.py::test_bad: AssertionError: the message",
    "xdist": "tests/test_a.py::test_exc: RuntimeError: exploded",
    "collect": "broken/test_b.py: ModuleNotFoundError: No module named 'nosuchmodule'",
    "usage": "file or directory not found: nothere",
    "none": "no tests ran",
    "cov": "Coverage failure: total of 86 is less than fail-under=100",
    "resolve": "No solution found when resolving dependencies: Because you require pytest<7 and pytest>8, we can "
    "conclude that your requirements are unsatisfiable.",
    "build": "Failed to build `pkg @ file:///project/pkg`: The build backend returned an error: Call to "
    "`setuptools.build_meta.get_requires_for_build_wheel` failed (exit status: 1)",
    "trace": "ValueError: no a",
    "unit": "test_b (ut.T.test_b): OSError: b",
    "types": 'typ.py:3: Incompatible return value type (got "int", expected "str")  [return-value]',
    "lint": "typ.py:1:1: I001 Import block is un-sorted or un-formatted",
    "fmt": "typ.py:2:1: unformatted: File would be reformatted",
    "cc": "a.c:1:21: \u2018y\u2019 undeclared (first use in this function)",
    "docs": "/project/docs/index.rst:4: undefined label: 'nothing' [ref.ref]",
    "mk": "Doc file 'index.md' contains a link 'b.md', but the target is not found among documentation files.",
    "err": "Session err aborted: the hooks could not be installed.",
    "exc": "RuntimeError: boom",
    "missing": "Program nosuchprogram not found.",
}


def log(name: str) -> list[str]:
    return (LOGS / f"{name}.log").read_text(encoding="utf-8").splitlines()


def test_every_kept_log_has_its_expectation() -> None:
    assert {path.stem for path in LOGS.glob("*.log")} == set(CAUSES)


@pytest.mark.parametrize("name", CAUSES)
def test_real_logs(name: str) -> None:
    found = find_cause(log(name))
    assert found is not None
    assert found.message == CAUSES[name]
    # The line is where a reader finds it.
    assert found.message.split(": ")[-1].split("  [")[0][-12:] in "\n".join(log(name)[found.line - 1 : found.line + 2])


def test_what_an_earlier_command_got_over_is_not_the_cause() -> None:
    first = [line for line in log("resolve") if not line.startswith("nox > Session")]
    found = find_cause([*first, *log("tests")[1:]])
    assert found is not None
    assert found.message == CAUSES["tests"]


def test_the_older_words_of_uv() -> None:
    lines = [
        "nox > uv pip install x",
        "  \u00d7 No solution found when resolving dependencies:",
        "  \u2570\u2500\u25b6 Because x was not found in the package registry and you",
        "      require x, your requirements are unsatisfiable.",
    ]
    found = find_cause(lines)
    assert found is not None
    assert found.message == (
        "No solution found when resolving dependencies: Because x was not found in the package registry and you "
        "require x, your requirements are unsatisfiable."
    )


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        (["src/a.py:3:5: E501 line too long"], "src/a.py:3:5: E501 line too long"),
        (["  /p/a.py:3:5 - error: no such name (reportX)"], "/p/a.py:3:5: no such name (reportX)"),
        (["Would reformat: a.py"], "Would reformat: a.py"),
        (
            ["ruff.......................Passed", "mypy......................Failed", "- hook id: mypy"],
            "hook mypy failed",
        ),
        (["INTERNALERROR> def f():", "INTERNALERROR> KeyError: 'x'"], "KeyError: 'x'"),
        (["a.c:1:10: fatal error: Python.h: No such file"], "a.c:1:10: Python.h: No such file"),
        (["nox > Command x failed with exit code 3", "nox > Session x failed."], "Command x failed with exit code 3"),
        (["\x1b[31mERROR\x1b[0m: coloured"], "coloured"),
        (["usage: x [-h]", "x.py: error: invalid choice: 'y'"], "invalid choice: 'y'"),
    ],
)
def test_single_lines(lines: list[str], cause: str) -> None:
    found = find_cause(lines)
    assert found is not None
    assert found.message == cause


def test_a_log_that_says_nothing_has_no_cause() -> None:
    assert find_cause([]) is None
    assert find_cause(["collected 3 items", "3 passed in 0.1s"]) is None


@given(st.lists(st.text(max_size=60) | st.sampled_from([line for name in CAUSES for line in log(name)]), max_size=30))
def test_any_text_gives_one_line_of_the_log(lines: list[str]) -> None:
    found = find_cause(lines)
    assert found is None or (1 <= found.line <= len(lines) and found.message)


def test_last_lines_leave_out_the_closing_words() -> None:
    assert last_lines(["a", "b", "", "nox > Session x failed.", ""], 2) == ("a", "b")
    assert last_lines([]) == ()


def test_control_sequences_are_taken_out() -> None:
    assert plain_text("\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\r  ") == "red link"
