import pytest

from noxline.gates.defaults import COVERAGE, DEFAULT_RULES, applicable_rules, producer
from noxline.model.gate import Rule
from noxline.settings.facts import Origin


def texts(rules: tuple[Rule, ...]) -> list[str]:
    return [f"{rule.metric} {rule.text}{' binds' if rule.binding else ''}" for rule in rules]


def test_the_defaults_are_those_of_the_design_and_only_warn() -> None:
    assert texts(applicable_rules(())) == [
        "coverage.line_percent >= 90",
        "complexity.max < 10",
        "duplication.percent < 3",
        "security.critical == 0",
        "security.high == 0",
        "tests.seconds < 300",
    ]
    assert {rule.origin for rule in DEFAULT_RULES} == {"default"}


def test_a_written_rule_binds_and_takes_the_place_of_its_default() -> None:
    written = (
        Rule(metric="complexity.max", operator="<", bound=20, origin="config/gates.toml:2"),
        Rule(metric="own", operator=">", bound=1, origin="config/gates.toml:3"),
    )
    rules = applicable_rules(written)
    assert rules[:2] == written
    assert [rule.metric for rule in rules[2:]] == [r.metric for r in DEFAULT_RULES if r.metric != "complexity.max"]
    assert not any(rule.binding for rule in rules[2:])


def test_the_projects_own_fail_under_binds() -> None:
    rules = applicable_rules((), coverage_fail_under=(75.5, Origin(file="pyproject.toml", line=88, key="fail_under")))
    assert [rule for rule in rules if rule.metric == COVERAGE] == [
        Rule(metric=COVERAGE, operator=">=", bound=75.5, origin="pyproject.toml:88", binding=True)
    ]


def test_it_binds_beside_a_written_rule_on_coverage() -> None:
    written = Rule(metric=COVERAGE, operator=">=", bound=95, origin="config/gates.toml:1")
    rules = applicable_rules((written,), coverage_fail_under=(80, Origin(file=".coveragerc")))
    assert [(r.bound, r.origin) for r in rules if r.metric == COVERAGE] == [
        (95, "config/gates.toml:1"),
        (80, ".coveragerc"),
    ]


def test_a_fail_under_of_zero_is_no_bound() -> None:
    assert applicable_rules((), coverage_fail_under=(0.0, Origin(file=".coveragerc"))) == DEFAULT_RULES


@pytest.mark.parametrize(
    ("metric", "stage"),
    [
        ("tests.seconds", "tests"),
        ("maintainability.min", "complexity"),
        ("dependencies.vulnerable", "security"),
        ("benchmark.slowdown_percent", "benchmarks"),
        ("startup.seconds", ""),
        ("testsuite.size", ""),
    ],
)
def test_producer(metric: str, stage: str) -> None:
    assert producer(metric) == stage
