import json
import math
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noxline.metrics import collect
from noxline.metrics.collect import merge, read_cut, read_stage
from noxline.model.metric import Metric, Missing, ToolReport
from noxline.ports import Reading
from tests.metrics.reports import ROOT, leave, places, reasons, statuses, values

BANDIT = {
    "errors": [],
    "results": [
        {"test_id": "B1", "issue_severity": "HIGH", "issue_text": "x", "filename": "a.py", "line_number": 1},
    ],
}
FILES = ("bandit", "radon", "jscpd", "pip-audit", "safety", "secrets", "zizmor", "trivy", "docs", "build", "benchmark")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_a_stage_reads_every_report_and_marks_it_with_its_name(tmp_path: Path) -> None:
    tools = [{"tool": "bandit", "status": "worked"}, {"tool": "safety", "status": "unavailable", "reason": "offline"}]
    output = leave(tmp_path, bandit=BANDIT, zizmor=[], tools=tools, metrics={"own": 1})
    reading = read_stage("audit", "security", [output], ROOT)
    assert values(reading) == {
        "security.critical": 0, "security.high": 1, "security.medium": 0, "security.low": 0, "own": 1,
    }  # fmt: skip
    assert reasons(reading, "dependencies.vulnerable") == ["safety could not work: offline"]
    assert {m.stage for m in (*reading.metrics, *reading.missing)} == {"audit"}
    assert statuses(reading) == {"bandit": "worked", "safety": "unavailable", "zizmor": "worked"}
    assert places(reading) == [("bandit", "B1", "a.py", 1)]


def test_nothing_left_is_nothing_read(tmp_path: Path) -> None:
    assert read_stage("lint", "lint", [tmp_path], ROOT) == Reading()


def test_figures_of_what_was_cut_short_are_missing_and_its_findings_are_not(tmp_path: Path) -> None:
    output = leave(tmp_path, bandit=BANDIT, metrics={"own": 1})
    others = figure("more", 1.0)
    reading = read_cut(
        "security", "security", [output], ROOT, others=others, reason="security was cancelled: interrupted"
    )
    assert reading.metrics == ()
    assert reasons(reading, "more") == ["security was cancelled: interrupted"], "a part of what it would have been"
    assert reasons(reading, "security.high") == reasons(reading, "own") == ["security was cancelled: interrupted"]
    assert {missing.stage for missing in reading.missing} == {"security"}
    assert places(reading) == [("bandit", "B1", "a.py", 1)]


def test_a_torn_report_wins_over_the_word_of_the_session(tmp_path: Path) -> None:
    output = leave(tmp_path, bandit="{", tools=[{"tool": "bandit", "status": "worked"}])
    assert statuses(read_stage("security", "security", [output], ROOT)) == {"bandit": "unavailable"}


def test_an_incomplete_count_of_nothing_is_no_figure(tmp_path: Path) -> None:
    output = leave(
        tmp_path, bandit={"results": BANDIT["results"], "errors": [{"filename": "b.py", "reason": "syntax"}]}
    )
    reading = read_stage("security", "security", [output], ROOT)
    assert values(reading) == {"security.high": 1}
    assert len(reading.missing) == 4


@pytest.mark.parametrize(("module", "name"), sorted({(module, name) for _, module, name in collect._KINDS}))
def test_every_kind_has_its_reader(module: str, name: str) -> None:
    assert callable(getattr(import_module(f"noxline.metrics.{module}"), name).read)


@pytest.mark.process
def test_only_the_readers_that_are_needed_are_loaded(tmp_path: Path) -> None:
    leave(tmp_path, bandit=BANDIT)
    code = (
        "import sys; from pathlib import Path; from noxline.metrics.collect import read_stage;"
        f"read_stage('s', 'security', [Path({str(tmp_path)!r})], Path('/p'));"
        "print(sorted(m.rpartition('.')[2] for m in sys.modules if m.startswith('noxline.metrics.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['bandit', 'collect', 'report']"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.sampled_from((*FILES, "tools", "metrics")), content=JSON, cut=st.integers(0, 30))
def test_no_report_however_odd_is_silence_or_a_traceback(tmp_path: Path, name: str, content: object, cut: int) -> None:
    text = json.dumps(content)
    output = leave(tmp_path / "out", **{name: text[: len(text) - cut]})
    reading = read_stage("s", "security", [output], ROOT)
    (output / f"{name}.json").unlink()
    assert all(math.isfinite(metric.value) for metric in reading.metrics)
    empty = text in ("[]", "{}") and name in ("zizmor", "metrics", "tools")
    assert empty or reading.metrics or reading.missing


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=JSON | st.fixed_dictionaries({"runs": st.lists(JSON, max_size=2)}))
def test_no_sarif_however_odd_is_a_traceback(tmp_path: Path, content: object) -> None:
    (tmp_path / "x.sarif").write_text(json.dumps(content), encoding="utf-8")
    reading = read_stage("s", "security", [tmp_path], ROOT)
    assert reading.missing or content == {"runs": []}


@pytest.mark.parametrize("name", FILES)
def test_an_unreadable_report_is_missing(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.json").mkdir()
    reading = read_stage("s", "security", [tmp_path], ROOT)
    assert reading.metrics == ()
    assert all("cannot be read" in missing.reason for missing in reading.missing)
    assert reading.missing


def test_deep_nesting_is_no_crash(tmp_path: Path) -> None:
    output = leave(tmp_path, metrics="[" * 100_000, bandit='{"a":' * 100_000)
    assert {missing.name for missing in read_stage("s", "security", [output], ROOT).missing} >= {"metrics.json"}


def figure(name: str, value: float, source: str = "x", hint: str = "") -> Reading:
    return Reading(metrics=(Metric(name=name, value=value, source=source, hint=hint),))


def test_counts_of_several_stages_add_up() -> None:
    whole = merge([figure("security.high", 0, "a"), figure("security.high", 2, "b", "here")])
    assert whole.metrics == (Metric(name="security.high", value=2, source="a, b", hint="here"),)


@pytest.mark.parametrize(
    ("name", "expected"), [("complexity.max", 9), ("duplication.percent", 9), ("build.reproducible", 4)]
)
def test_of_ranked_figures_the_worst_is_kept(name: str, expected: float) -> None:
    assert values(merge([figure(name, 4), figure(name, 9)])) == {name: expected}


def test_figures_that_contradict_each_other_are_missing() -> None:
    whole = merge([figure("own", 1, "a"), figure("own", 2, "b")])
    assert whole.metrics == ()
    assert reasons(whole, "own") == ["a, b gives it several times, and differently: 1, 2"]
    assert values(merge([figure("own", 1), figure("own", 1)])) == {"own": 1}


def test_what_one_stage_could_not_count_makes_the_sum_incomplete() -> None:
    gap = Missing(name="security.high", reason="bandit could not work", stage="security")
    assert merge([figure("security.high", 0), Reading(missing=(gap,))]) == Reading(missing=(gap,))
    assert values(merge([figure("security.high", 1), Reading(missing=(gap, gap))])) == {"security.high": 1}


READINGS = st.lists(
    st.builds(
        Reading,
        metrics=st.lists(
            st.builds(
                Metric,
                name=st.sampled_from(("security.high", "complexity.max", "own")),
                value=st.integers(0, 3).map(float),
            ),
            max_size=3,
            unique_by=lambda metric: metric.name,
        ).map(tuple),
        tools=st.lists(
            st.builds(ToolReport, tool=st.just("t"), status=st.sampled_from(("worked", "unavailable"))), max_size=1
        ).map(tuple),
    ),
    max_size=4,
)


@given(READINGS)
def test_the_order_of_readings_changes_no_figure(readings: list[Reading]) -> None:
    forward, backward = merge(readings), merge(reversed(readings))
    assert values(forward) == values(backward)
    assert {m.name for m in forward.missing} == {m.name for m in backward.missing}
    assert forward.tools == backward.tools


@given(READINGS)
def test_merging_twice_changes_nothing(readings: list[Reading]) -> None:
    once = merge(readings)
    assert merge([once]) == once
