from pathlib import Path

from noxline.metrics.zizmor import ZizmorReader
from tests.metrics.reports import ROOT, leave, places, reasons, values


def location(kind: str, row: int, **local: str) -> dict[str, object]:
    point = {"row": row, "column": 2}
    return {
        "symbolic": {"key": {"Local": local}, "kind": kind, "annotation": "this job"},
        "concrete": {"location": {"start_point": point, "end_point": point}, "feature": "x"},
    }


def problem(ident: str, severity: str, *locations: object, ignored: bool = False) -> dict[str, object]:
    rating = {"confidence": "Low", "severity": severity, "persona": "Regular"}
    return {
        "ident": ident, "desc": f"about {ident}", "determinations": rating, "locations": locations, "ignored": ignored,
    }  # fmt: skip


def test_counts_problems_at_their_primary_place(tmp_path: Path) -> None:
    report = [
        problem(
            "triggers",
            "High",
            location("Related", 2, verbatim_path="w.yml"),
            location("Primary", 5, verbatim_path=".github/w.yml"),
        ),
        problem("old", "Informational", location("Primary", 0, prefix=".", given_path="./.github/x.yml")),
        problem("shut-up", "High", location("Primary", 0, verbatim_path="w.yml"), ignored=True),
        problem("nowhere", "Unknown"),
    ]
    reading = ZizmorReader().read([leave(tmp_path, zizmor=report)], ROOT)
    assert reading is not None
    assert values(reading) == {"security.critical": 0, "security.high": 1, "security.medium": 0, "security.low": 2}
    assert places(reading) == [
        ("zizmor", "triggers", ".github/w.yml", 6),
        ("zizmor", "old", ".github/x.yml", 1),
        ("zizmor", "nowhere", "", None),
    ]


def test_no_list_is_no_report(tmp_path: Path) -> None:
    reading = ZizmorReader().read([leave(tmp_path, zizmor={"error": "no input"})], ROOT)
    assert reading is not None
    assert reading.metrics == ()
    assert reasons(reading, "security.high")
