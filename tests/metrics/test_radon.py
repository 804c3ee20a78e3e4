from pathlib import Path

import pytest

from noxline.metrics.radon import RadonReader
from tests.metrics.reports import ROOT, hint, leave, reasons, statuses, values

CLOSURE = {"type": "function", "name": "inner", "complexity": 40, "lineno": 8, "closures": []}
METHOD = {
    "type": "method", "name": "m", "complexity": 1, "lineno": 6, "classname": "C", "closures": [CLOSURE],
}  # fmt: skip
CLASS = {"type": "class", "name": "C", "complexity": 90, "lineno": 4, "methods": [METHOD]}


def function(name: str, complexity: int, line: int = 1) -> dict[str, object]:
    return {"type": "function", "name": name, "complexity": complexity, "lineno": line, "closures": []}


def test_counts_functions_and_methods_but_no_classes_and_no_closures(tmp_path: Path) -> None:
    report = {
        "cc": {"src/a.py": [function("run", 14, 13), CLASS, METHOD], "src/b.py": [function("parse", 10, 2)]},
        "mi": {"src/a.py": {"mi": 63.5, "rank": "A"}, "src/b.py": {"mi": 20.25, "rank": "B"}},
    }
    reading = RadonReader().read([leave(tmp_path, radon=report)], ROOT)
    assert reading is not None
    assert values(reading) == {
        "complexity.max": 14,
        "complexity.mean": pytest.approx(25 / 3),
        "complexity.over_10": 1,  # 10 itself is not over 10
        "maintainability.min": 20.25,
    }
    assert hint(reading, "complexity.max") == "src/a.py:13 run: 14, src/b.py:2 parse: 10, src/a.py:6 C.m: 1"
    assert hint(reading, "maintainability.min").startswith("src/b.py")
    assert reading.missing == ()
    assert statuses(reading) == {"radon": "worked"}


def test_a_file_that_radon_could_not_parse_is_named(tmp_path: Path) -> None:
    report = {
        "cc": {"/project/src/a.py": [function("run", 3)], "/project/src/b.py": {"error": "invalid syntax"}},
        "mi": {"/project/src/a.py": {"mi": 63.5, "rank": "A"}, "/project/src/b.py": {"error": "invalid syntax"}},
    }
    reading = RadonReader().read([leave(tmp_path, radon=report)], ROOT)
    assert reading is not None
    assert values(reading)["complexity.max"] == 3
    for name in ("complexity.max", "complexity.mean", "complexity.over_10", "maintainability.min"):
        assert reasons(reading, name) == ["radon could not read src/b.py: invalid syntax"]


def test_source_without_any_function_has_no_complexity(tmp_path: Path) -> None:
    reading = RadonReader().read([leave(tmp_path, radon={"cc": {}, "mi": {"a.py": {"mi": 100, "rank": "A"}}})], ROOT)
    assert reading is not None
    assert values(reading)["complexity.max"] == 0
    assert reading.missing == ()


def test_no_file_at_all_is_no_figure(tmp_path: Path) -> None:
    reading = RadonReader().read([leave(tmp_path, radon={"cc": {}, "mi": {}})], ROOT)
    assert reading is not None
    assert reading.metrics == ()
    assert reasons(reading, "complexity.max") == ["radon looked at no file"]


def test_the_same_source_seen_by_two_tasks_counts_once(tmp_path: Path) -> None:
    report = {"cc": {"a.py": [function("f", 11), function("g", 12, 5)]}, "mi": {"a.py": {"mi": 50, "rank": "A"}}}
    outputs = [leave(tmp_path / name, radon=report) for name in ("one", "two")]
    reading = RadonReader().read(outputs, ROOT)
    assert reading is not None
    assert values(reading)["complexity.over_10"] == 2
    assert values(reading)["complexity.mean"] == 11.5


def test_no_report_is_nothing_to_say(tmp_path: Path) -> None:
    assert RadonReader().read([tmp_path], ROOT) is None
