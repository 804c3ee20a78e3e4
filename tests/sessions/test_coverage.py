"""What the coverage session says when there is nothing to report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from noxline.sessions.coverage import run_coverage
from tests.sessions.samples import EndedError, FakeSession, facts
from tests.sessions.test_coverage_data import lines


@pytest.mark.parametrize(
    ("measured", "reason"),
    [
        (None, "no tests ran before"),
        ((), "the tests left no coverage data"),
        (("/elsewhere/x.py",), r"no file of the package's own source \(.*patch = \[\"subprocess\"\]"),
    ],
)
def test_no_figure_without_data_and_the_reason_why(
    root: Path, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: Any, reason: str
) -> None:
    needed = tmp_path / "needed"
    for name in measured or ():
        lines(needed, name, 1)
    monkeypatch.setenv("NOXLINE_NEEDS", "" if measured is None else str(needed))
    with pytest.raises(EndedError, match=reason):
        run_coverage(cast("Any", FakeSession(bin=str(tmp_path / "bin"))), facts(root))
    assert json.loads((output / "coverage.json").read_text())["noxline_missing"]
