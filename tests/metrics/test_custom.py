from pathlib import Path

import pytest

from noxline.metrics.custom import CustomReader
from tests.metrics.reports import ROOT, leave, reasons, values


def test_numbers_come_with_their_units(tmp_path: Path) -> None:
    report = {"startup.seconds": {"value": 0.8, "unit": "s"}, "plain": 3}
    reading = CustomReader().read([leave(tmp_path, metrics=report)], ROOT)
    assert reading is not None
    assert [(m.name, m.value, m.unit, m.source) for m in reading.metrics] == [
        ("startup.seconds", 0.8, "s", "metrics.json"),
        ("plain", 3.0, "", "metrics.json"),
    ]


@pytest.mark.parametrize(
    "bad", ['{"value": NaN}', '{"value": -Infinity}', '{"value": "3"}', "{}", "true", "null", "[1]", "1" + "0" * 400]
)
def test_what_is_no_number_is_missing_and_costs_no_other(tmp_path: Path, bad: str) -> None:
    reading = CustomReader().read([leave(tmp_path, metrics=f'{{"bad": {bad}, "good": {{"value": 2}}}}')], ROOT)
    assert reading is not None
    assert values(reading) == {"good": 2}
    assert len(reasons(reading, "bad")) == 1


@pytest.mark.parametrize(
    "text", ['{"a": {"value"', "[]", "\udcff".encode("utf-8", "surrogateescape").decode("latin-1")]
)
def test_a_torn_file_is_said(tmp_path: Path, text: str) -> None:
    reading = CustomReader().read([leave(tmp_path, metrics=text)], ROOT)
    assert reading is not None
    assert reading.metrics == ()
    assert reasons(reading, "metrics.json")
