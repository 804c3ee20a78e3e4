"""Readers of one or two numbers: docs, build, benchmark."""

from pathlib import Path

from noxline.metrics.benchmark import BenchmarkReader
from noxline.metrics.build import BuildReader
from noxline.metrics.docs import DocsReader
from tests.metrics.reports import ROOT, hint, leave, reasons, values


def test_docs_counts_the_most_warnings(tmp_path: Path) -> None:
    outputs = [
        leave(tmp_path / str(n), docs={"warnings": n, "tool": "sphinx", "messages": [f"a.rst:{n}: WARNING"]})
        for n in (2, 5, 3)
    ]
    reading = DocsReader().read(outputs, ROOT)
    assert reading is not None
    assert values(reading) == {"docs.warnings": 5}
    assert hint(reading, "docs.warnings") == "a.rst:5: WARNING"


def test_a_build_that_differs_names_the_files(tmp_path: Path) -> None:
    report = {"reproducible": False, "differs": ["demo-1.0.tar.gz"]}
    reading = BuildReader().read([leave(tmp_path, build=report)], ROOT)
    assert reading is not None
    assert values(reading) == {"build.reproducible": 0}
    assert hint(reading, "build.reproducible") == "these differ: demo-1.0.tar.gz"


def test_builds_that_were_not_compared_are_no_figure(tmp_path: Path) -> None:
    reading = BuildReader().read([leave(tmp_path, build={"reproducible": None, "reason": "the second failed"})], ROOT)
    assert reading is not None
    assert reading.metrics == ()
    assert reasons(reading, "build.reproducible") == ["the second failed"]


def test_a_reproducible_build_is_1(tmp_path: Path) -> None:
    reading = BuildReader().read([leave(tmp_path, build={"reproducible": True, "differs": []})], ROOT)
    assert reading is not None
    assert values(reading) == {"build.reproducible": 1}


def timing(low: float, median: float) -> dict[str, object]:
    stats = {"min": low, "median": median, "mean": 9.0, "rounds": 12, "data": [1.0, 2.0]}
    return {"benchmarks": [{"name": "test_f", "fullname": "tests/b.py::test_f[1]", "stats": stats}]}


def test_benchmarks_keep_their_best_figures(tmp_path: Path) -> None:
    outputs = [leave(tmp_path / "a", benchmark=timing(0.2, 0.5)), leave(tmp_path / "b", benchmark=timing(0.3, 0.4))]
    reading = BenchmarkReader().read(outputs, ROOT)
    assert reading is not None
    assert values(reading) == {
        "benchmark.min:tests/b.py::test_f[1]": 0.2,
        "benchmark.median:tests/b.py::test_f[1]": 0.4,
    }


def test_no_benchmark_measured_is_said(tmp_path: Path) -> None:
    reading = BenchmarkReader().read([leave(tmp_path, benchmark={"benchmarks": []})], ROOT)
    assert reading is not None
    assert reasons(reading, "benchmark") == ["benchmark.json holds no benchmark"]
