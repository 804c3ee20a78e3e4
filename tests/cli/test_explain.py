from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Noxline

pytestmark = pytest.mark.process

NO_EARLIER = "\nThere is no earlier result to compare with.\n"
RUN = """\
tests-3.12  would run: src/a.py changed; 1 more

Since the last result
  src/a.py changed
  MODE is set
"""
WARNING = "warning: the index is damaged\n"


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("tests-3.12",), RUN),
        (("coverage",), "coverage  depends on tests-3.12, lint\n\nNothing differs from the last result.\n"),
        (
            ("hooks",),
            "hooks  has nothing to do: no hook configuration\n\nThere is no earlier result to compare with.\n",
        ),
        (("lint", "--against", "r1"), "lint  would be reused\n\nNothing differs from run r1.\n"),
    ],
)
def test_an_explanation_in_full(noxline: Noxline, arguments: tuple[str, ...], shown: str) -> None:
    ended = noxline("explain", *arguments)
    assert (ended.code, ended.out, ended.err) == (0, shown, WARNING)


def test_as_json(noxline: Noxline, project: Path) -> None:
    ended = noxline("explain", "tests-3.12", "--json", "--python", "3.12")
    assert json.loads(ended.out) == {
        "schema": 1,
        "task": "tests-3.12",
        "decision": "run",
        "reasons": ["src/a.py changed", "1 more"],
        "against": "the last result",
        "changes": ["src/a.py changed", "MODE is set"],
    }
    assert "3.12" in (project / "asked.txt").read_text(encoding="utf-8")


def test_an_unknown_task_is_an_error_with_the_nearest_name(noxline: Noxline) -> None:
    ended = noxline("explain", "lnt")
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.endswith("noxline: error: there is no task called 'lnt'\n  hint: did you mean 'lint'?\n")
