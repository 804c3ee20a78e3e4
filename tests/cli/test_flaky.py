from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Noxline

pytestmark = pytest.mark.process


def test_flaky_lists_tests_with_rates_and_first_seen(noxline: Noxline, project: Path) -> None:
    assert noxline("flaky").out == "no flaky tests are known\n"
    entry = {"first": 1767225600, "polluters": [], "failed": {}, "seen": {"r1": "flaky", "r2": "passed"}}
    tests = {
        "a::chance": {**entry, "kind": "flaky"},
        "a::order": {**entry, "kind": "order-dependent", "polluters": ["a::dirty"], "seen": {"r1": "flaky"}},
        "a::broken": {**entry, "kind": "failed"},
    }
    state = project / ".noxline" / "state"
    state.mkdir(parents=True, exist_ok=True)
    (state / "flaky.json").write_text(json.dumps({"schema": 1, "tests": tests}))
    assert noxline("flaky").out == (
        "100%  1 of 1 runs  since 2026-01-01  order-dependent     a::order\n"
        "      fails behind a::dirty\n"
        " 50%  1 of 2 runs  since 2026-01-01  flaky               a::chance\n"
    )
    document = json.loads(noxline("flaky", "--json").out)
    assert document["tests"][1] == {
        "id": "a::chance",
        "kind": "flaky",
        "first": "2026-01-01T00:00:00+00:00",
        "runs": 2,
        "failures": 1,
        "polluters": [],
        "rate": 0.5,
    }
