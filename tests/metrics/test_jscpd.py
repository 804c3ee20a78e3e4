from pathlib import Path

import pytest

from noxline.metrics.jscpd import JscpdReader
from tests.metrics.reports import ROOT, hint, leave, places, reasons, values


def clone(file: str, start: int, lines: int) -> dict[str, object]:
    first = {"name": file, "start": start, "end": start + lines}
    second = {"name": "src/other.py", "start": 50, "end": 50 + lines}
    return {"firstFile": first, "secondFile": second, "lines": lines, "format": "python", "tokens": 70}


def report(lines: int, duplicated: int, *clones: object) -> dict[str, object]:
    total = {"lines": lines, "sources": 2, "duplicatedLines": duplicated, "percentage": 0.0, "clones": len(clones)}
    return {"statistics": {"total": total}, "duplicates": list(clones)}


def test_the_share_of_repeated_lines_is_exact(tmp_path: Path) -> None:
    output = leave(tmp_path, jscpd=report(36, 7, clone("src/a.py", 2, 3), clone("/project/src/b.py", 9, 12)))
    reading = JscpdReader().read([output], ROOT)
    assert reading is not None
    assert values(reading) == {"duplication.percent": pytest.approx(19.4444444)}
    assert places(reading) == [("jscpd", "duplicate", "src/b.py", 9), ("jscpd", "duplicate", "src/a.py", 2)]
    assert hint(reading, "duplication.percent") == (
        "src/b.py:9 duplicate: 12 lines stand again at src/other.py:50-62"
    )  # the longest first


def test_nothing_looked_at_is_not_nothing_repeated(tmp_path: Path) -> None:
    reading = JscpdReader().read([leave(tmp_path, jscpd=report(0, 0))], ROOT)
    assert reading is not None
    assert reading.metrics == ()
    assert reasons(reading, "duplication.percent")[0].startswith("jscpd looked at no file")
