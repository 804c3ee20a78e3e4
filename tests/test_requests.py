"""Which sessions of a project's own are measured from outside."""

from __future__ import annotations

import pytest

from noxline.model.stage import SessionInfo, Source, Stage
from noxline.requests import is_measured


@pytest.mark.parametrize(
    ("source", "stands_for", "registered", "environment", "measured"),
    [
        (Source.PROJECT, "tests", "", "tests-3-12", True),
        (Source.PROJECT, "", "", "integration", True),
        (Source.PROJECT, "benchmarks", "", "bench", False),
        (Source.PROJECT, "types", "", "mypy", False),
        (Source.PROJECT, "tests", "tests", "tests-3-12", False),
        (Source.PROJECT, "tests", "", "", False),
        (Source.STANDARD, "tests", "tests", "tests-3-12", False),
    ],
)
def test_only_sessions_that_may_run_tests_are_measured(
    source: Source, stands_for: str, registered: str, environment: str, measured: bool
) -> None:
    session = SessionInfo(name="s", family="s", source=source, standard=registered, environment=environment)
    stage = Stage(name="s", source=source, sessions=(session,), standard=stands_for)
    assert is_measured(stage, session) is measured
