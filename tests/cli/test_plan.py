from __future__ import annotations

import json
import re

import pytest

from tests.cli.conftest import Noxline

pytestmark = pytest.mark.process

TASKS = """\
Tasks (2, in order)
  tests-3.12  Python 3.12  tests-3-12      at most 60 s                              run: src/a.py changed
  coverage                 no environment  needs tests-3.12; runs alone; only warns  depends on tests-3.12

Not applicable
  hooks  no hook configuration

Deselected: docs

note: no git repository
"""


def test_the_plan_for_people(noxline: Noxline) -> None:
    ended = noxline("plan")
    assert (ended.code, ended.err) == (0, "")
    head, _, tasks = ended.out.partition("Tasks (")
    assert head.startswith("demo  PROJECT\n\nDetected\n")
    assert re.search(r"^  hooks +not configured$", head, re.MULTILINE)
    assert "Tasks (" + tasks == TASKS


def test_the_plan_as_json(noxline: Noxline) -> None:
    document = json.loads(noxline("plan", "--json").out)
    assert [task["name"] for task in document["tasks"]] == ["tests-3.12", "coverage", "hooks"]
    assert document["tasks"][1]["needs"] == ["tests-3.12"]
    assert [task["decision"] for task in document["tasks"]] == ["run", "depends", "skip"]
    assert document["tasks"][0]["reasons"] == ["src/a.py changed"]
    assert document["rules"][0]["metric"] == "complexity.max"
    assert {"what": "hooks", "value": "not configured", "origin": ""} in document["detected"]
    assert document["notes"] == ["no git repository"]


def test_graphs(noxline: Noxline) -> None:
    assert "tests-3.12" in noxline("graph").out
    assert noxline("graph", "--format", "mermaid").out.startswith("flowchart")
    assert noxline("graph", "--format", "dot").out.startswith("digraph")
    tasks = json.loads(noxline("graph", "--json").out)["tasks"]
    assert {"name": "coverage", "needs": ["tests-3.12"]} in tasks
    assert noxline("graph", "--format", "picture").code == 2
