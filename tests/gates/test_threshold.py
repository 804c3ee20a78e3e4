import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.errors import ExitCode
from noxline.gates.threshold import ThresholdGate, exit_code
from noxline.model.gate import Result, Rule, Verdict
from noxline.model.metric import Metric
from noxline.model.run import Run
from noxline.model.task import Status
from tests.gates.runs import run, task

OPERATORS = ("<", "<=", "==", "!=", ">=", ">")
BOUNDS = st.floats(-1e6, 1e6)


def rule(metric: str = "complexity.max", operator: str = "<", bound: float = 10, *, binding: bool = True) -> Rule:
    return Rule(metric=metric, operator=operator, bound=bound, binding=binding, origin="x:1" if binding else "default")


def judge(subject: Rule, judged: Run) -> Verdict:
    (verdict,) = ThresholdGate().judge([subject], judged)
    return verdict


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("operator", OPERATORS)
def test_what_is_no_finite_number_keeps_no_rule(operator: str, value: float) -> None:
    assert not rule(operator=operator, bound=0).holds(value)


@pytest.mark.parametrize(
    ("operator", "below", "at", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        ("==", False, True, False),
        ("!=", True, False, True),
        (">=", False, True, True),
        (">", False, False, True),
    ],
)
def test_operators(operator: str, below: bool, at: bool, above: bool) -> None:
    subject = rule(operator=operator, bound=90)
    assert (subject.holds(89.99), subject.holds(90), subject.holds(90.01)) == (below, at, above)


def test_nothing_is_rounded_on_the_way() -> None:
    verdict = judge(rule("coverage.line_percent", ">=", 90), run(metrics={"coverage.line_percent": 89.9999}))
    assert (verdict.result, verdict.value, verdict.rule) == (Result.FAIL, 89.9999, ">= 90")
    assert rule(bound=89.999999).text == "< 89.999999"


@given(st.sampled_from(("<", "<=")), BOUNDS, BOUNDS, BOUNDS)
def test_a_smaller_value_never_does_worse_under_an_upper_bound(operator: str, bound: float, a: float, b: float) -> None:
    subject = rule(operator=operator, bound=bound)
    low, high = sorted((a, b))
    assert subject.holds(low) or not subject.holds(high)


@given(st.sampled_from((">", ">=")), BOUNDS, BOUNDS, BOUNDS)
def test_a_larger_value_never_does_worse_under_a_lower_bound(operator: str, bound: float, a: float, b: float) -> None:
    subject = rule(operator=operator, bound=bound)
    low, high = sorted((a, b))
    assert subject.holds(high) or not subject.holds(low)


@given(st.sampled_from(OPERATORS), st.floats(0, 100), st.floats(0, 100))
def test_the_value_that_is_shown_looks_like_its_result(operator: str, bound: float, value: float) -> None:
    subject = rule(operator=operator, bound=float(f"{bound:.15g}"))
    verdict = judge(subject, run(metrics={"complexity.max": value}))
    assert verdict.shown is not None
    assert subject.holds(verdict.shown) == (verdict.result is Result.PASS)
    assert abs(verdict.shown - value) <= 0.005001


@pytest.mark.parametrize(("value", "shown"), [(89.96, 89.96), (89.9961, 89.996), (95.123456, 95.12), (90.001, 90.0)])
def test_two_decimals_are_shown_unless_they_would_cross_the_bound(value: float, shown: float) -> None:
    judged = run(metrics={"coverage.line_percent": value})
    assert judge(rule("coverage.line_percent", ">=", 90), judged).shown == shown


NAMES = st.sampled_from(("security.high", "complexity.max", "coverage.line_percent", "tests.seconds", "own"))
RULES = st.lists(st.builds(rule, NAMES, st.sampled_from(OPERATORS), BOUNDS, binding=st.booleans()), max_size=6)
STAGES = st.sampled_from(("security", "complexity", "coverage", "tests", "own"))
RUNS = st.builds(
    run,
    st.lists(st.builds(task, STAGES, st.sampled_from(Status), skip=st.sampled_from(("", "no source"))), max_size=4),
    metrics=st.dictionaries(NAMES, st.floats(), max_size=3),
    missing=st.dictionaries(NAMES, st.just("torn"), max_size=3),
    deselected=st.lists(STAGES, max_size=2).map(tuple),
)


@given(RULES, RUNS)
def test_each_rule_gets_one_verdict_in_its_order(rules: list[Rule], judged: Run) -> None:
    verdicts = ThresholdGate().judge(rules, judged)
    assert [(v.metric, v.rule, v.binding, v.origin) for v in verdicts] == [
        (r.metric, r.text, r.binding, r.origin) for r in rules
    ]


@given(RULES, RUNS)
def test_missing_data_never_passes_and_always_says_why(rules: list[Rule], judged: Run) -> None:
    gaps = {missing.name for missing in judged.missing}
    for verdict in ThresholdGate().judge(rules, judged):
        if verdict.value is None or verdict.metric in gaps:
            assert verdict.result is not Result.PASS
        if verdict.value is None:
            assert verdict.result not in (Result.FAIL, Result.WARN)
            assert verdict.hint


@given(RULES, RUNS)
def test_a_rule_that_does_not_bind_never_fails_and_one_that_binds_never_merely_warns(
    rules: list[Rule], judged: Run
) -> None:
    for verdict in ThresholdGate().judge(rules, judged):
        assert verdict.result is not (Result.WARN if verdict.binding else Result.FAIL)


def test_a_failing_rule_says_what_to_do_and_where() -> None:
    worst = Metric(name="complexity.max", value=14, hint="src/a.py:13 run: 14")
    assert judge(rule(), run(metrics={"complexity.max": worst})) == Verdict(
        metric="complexity.max",
        rule="< 10",
        value=14,
        result=Result.FAIL,
        hint="split the most complex functions (src/a.py:13 run: 14)",
        origin="x:1",
    )
    assert judge(rule(binding=False), run(metrics={"complexity.max": worst})).result is Result.WARN


def test_a_report_that_could_not_be_read_is_inconclusive() -> None:
    verdict = judge(rule(), run([task("complexity")], missing={"complexity.max": "radon.json is torn"}))
    assert (verdict.result, verdict.hint, verdict.value) == (Result.INCONCLUSIVE, "radon.json is torn", None)


@pytest.mark.parametrize(
    ("metric", "operator", "bound", "value", "result"),
    [
        ("security.high", "==", 0, 1, Result.FAIL),  # whatever the rest would add
        ("security.high", "<", 1, 1, Result.FAIL),
        ("security.high", "<", 5, 1, Result.INCONCLUSIVE),
        ("security.high", "==", 1, 1, Result.INCONCLUSIVE),
        ("security.high", "!=", 1, 1, Result.INCONCLUSIVE),
        ("complexity.mean", "<", 1, 2, Result.INCONCLUSIVE),  # the rest may bring a mean down
        ("coverage.line_percent", ">=", 90, 10, Result.INCONCLUSIVE),
    ],
)
def test_what_is_counted_in_part(metric: str, operator: str, bound: float, value: float, result: Result) -> None:
    judged = run(metrics={metric: value}, missing={metric: "b.py was not read"})
    assert judge(rule(metric, operator, bound), judged).result is result


def test_a_stage_that_is_not_there() -> None:
    default, written = judge(rule(binding=False), run()), judge(rule(), run())
    assert default.result is Result.NOT_APPLICABLE
    assert written.result is Result.INCONCLUSIVE
    assert default.hint == written.hint == "there is no stage 'complexity' in this pipeline"


def test_a_stage_that_does_not_apply() -> None:
    judged = run([task("complexity", Status.SKIPPED, skip="no Python source")])
    assert judge(rule(binding=False), judged).result is Result.NOT_APPLICABLE
    assert judge(rule(), judged).result is Result.INCONCLUSIVE
    assert judge(rule(), judged).hint == "complexity: no Python source"


def test_a_stage_that_was_deselected_is_not_judged() -> None:
    verdict = judge(rule(), run([task("lint")], deselected=("complexity", "tests")))
    assert (verdict.result, verdict.hint) == (Result.NOT_JUDGED, "left out of this run: complexity")


def test_a_deselected_stage_whose_metric_came_all_the_same_is_judged() -> None:
    assert judge(rule(), run(metrics={"complexity.max": 3}, deselected=("complexity",))).result is Result.PASS


def test_a_projects_own_metric_without_a_figure() -> None:
    own = rule("startup.seconds")
    assert judge(own, run()).hint == "no stage of this run gave startup.seconds"
    assert judge(own, run()).result is Result.INCONCLUSIVE
    assert judge(own, run(deselected=("startup",))).result is Result.NOT_JUDGED


@pytest.mark.parametrize(
    ("tasks", "hint"),
    [
        ([task("complexity", Status.FAILED)], "complexity failed with exit code 1"),
        ([task("complexity", Status.CANCELLED, reason="build failed")], "complexity cancelled: build failed"),
        ([task("complexity", Status.SKIPPED, reason="no interpreter")], "complexity skipped: no interpreter"),
        ([task("complexity")], "complexity left no report that gives complexity.max"),
    ],
)
def test_a_stage_that_gave_no_figure_says_why(tasks: list, hint: str) -> None:
    verdict = judge(rule(), run(tasks))
    assert (verdict.result, verdict.hint) == (Result.INCONCLUSIVE, hint)


def test_a_project_stage_stands_for_the_standard_one() -> None:
    gate = ThresholdGate(standard_of={"run-tests": "tests", "lint": ""}.get)
    (verdict,) = gate.judge([rule("tests.seconds")], run([task("lint"), task("run-tests", Status.FAILED)]))
    assert verdict.hint == "run-tests failed with exit code 1"
    (verdict,) = gate.judge([rule("tests.seconds")], run(deselected=("run-tests",)))
    assert verdict.result is Result.NOT_JUDGED
    (verdict,) = gate.judge([rule("coverage.line_percent")], run([task("standard-coverage")]))
    assert verdict.hint.startswith("standard-coverage left no report")


def verdict(result: Result, *, binding: bool = True) -> Verdict:
    return Verdict(metric="m", rule="< 1", value=None, result=result, binding=binding)


FAIL, UNSURE = verdict(Result.FAIL), verdict(Result.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("failed", "verdicts", "interrupted", "code"),
    [
        (False, (), False, ExitCode.PASSED),
        (True, (FAIL, UNSURE), True, ExitCode.INTERRUPTED),
        (True, (FAIL, UNSURE), False, ExitCode.TASK_FAILED),
        (False, (UNSURE, FAIL), False, ExitCode.GATE_FAILED),
        (False, (UNSURE, verdict(Result.PASS)), False, ExitCode.INCONCLUSIVE),
        (False, (verdict(Result.WARN, binding=False),), False, ExitCode.PASSED),
        (False, (verdict(Result.INCONCLUSIVE, binding=False),), False, ExitCode.PASSED),
        (False, (verdict(Result.NOT_JUDGED), verdict(Result.NOT_APPLICABLE)), False, ExitCode.PASSED),
    ],
)
def test_the_exit_code(failed: bool, verdicts: tuple[Verdict, ...], interrupted: bool, code: ExitCode) -> None:
    assert exit_code(failed=failed, verdicts=verdicts, interrupted=interrupted) is code


def test_a_stage_that_no_change_reaches_is_not_judged() -> None:
    unaffected = task("tests", Status.SKIPPED, skip="unaffected since abc1234")
    verdict = judge(rule("tests.failed", "==", 0), run([unaffected], deselected=("tests",)))
    assert verdict.result is Result.NOT_JUDGED
    assert verdict.hint == "left out of this run: tests (unaffected since abc1234)"
