"""Bounds on metrics: what is read, what is refused, and with which words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.errors import ConfigError
from noxline.model.gate import Rule
from noxline.settings.metric_names import METRIC_NAMES, is_custom
from noxline.settings.rules import OPERATORS, parse_rule, rules
from noxline.settings.schema import GatesSettings, Settings


@pytest.mark.parametrize(
    ("text", "operator", "bound"),
    [(">= 90", ">=", 90), ("<5", "<", 5), (" == 0 ", "==", 0), ("!= .5", "!=", 0.5), ("> -1e3", ">", -1000)],
)
def test_reads(text: str, operator: str, bound: float) -> None:
    assert parse_rule("tests.seconds", text, "x:1") == Rule(
        metric="tests.seconds", operator=operator, bound=bound, origin="x:1"
    )


@pytest.mark.parametrize(
    ("metric", "text", "message", "hint"),
    [
        (
            "coverage.line_percent",
            ">= 90 %",
            'the rule for coverage.line_percent must be an operator and a number, not ">= 90 %"',
            'write it like: "coverage.line_percent" = ">= 90"; the number stands alone, it is in %',
        ),
        (
            "complexity.max",
            "< 10 points",
            'the rule for complexity.max must be an operator and a number, not "< 10 points"',
            'write it like: "complexity.max" = "< 10"; the number stands alone',
        ),
        (
            "coverage.line_percent",
            "90",
            'the rule for coverage.line_percent must be an operator and a number, not "90"',
            'write it like: "coverage.line_percent" = ">= 90" (operators: < <= == != >= >)',
        ),
        (
            "security.high",
            "= 0",
            'the rule for security.high must be an operator and a number, not "= 0"',
            'write it like: "security.high" = "== 0"',
        ),
        (
            "tests.seconds",
            "≤ 1_000,5",
            'the rule for tests.seconds must be an operator and a number, not "≤ 1_000,5"',
            'write it like: "tests.seconds" = "<= 1000.5"',
        ),
        (
            "tests.seconds",
            "fast",
            'the rule for tests.seconds must be an operator and a number, not "fast"',
            'write it like: "tests.seconds" = "<= 10" (operators: < <= == != >= >)',
        ),
        (
            "tests.seconds",
            "< 1e999",
            'the rule for tests.seconds must be an operator and a number, not "< 1e999"',
            'write it like: "tests.seconds" = "< 1"; the number stands alone, it is in s',
        ),
        ("coverage.line", ">= 90", "no metric is called 'coverage.line'", "did you mean 'coverage.line_percent'?"),
        (
            "docs.zz",
            "< 1",
            "no metric is called 'docs.zz'",
            "known: docs.warnings",
        ),
        (
            "zz",
            "< 1",
            "no metric is called 'zz'",
            "a metric of your own needs a dot in its name, like bundle.kilobytes",
        ),
    ],
)
def test_refuses_with_the_way_out(metric: str, text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_rule(metric, text, "config/gates.toml:3")
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.place == "config/gates.toml:3"


@given(
    st.sampled_from(sorted(METRIC_NAMES)),
    st.sampled_from(OPERATORS),
    st.decimals(min_value=-(10**9), max_value=10**9, places=4).map(float),
)
def test_the_text_of_a_rule_reads_back(metric: str, operator: str, bound: float) -> None:
    rule = Rule(metric=metric, operator=operator, bound=bound, origin="here")
    assert parse_rule(metric, rule.text, "here") == rule


@given(st.text(alphabet="<>=! 0123456789.,%-+e_≤x\n", max_size=10))
def test_any_text_is_a_finite_bound_or_an_error_whose_proposal_reads(text: str) -> None:
    read = attempt(text)
    if isinstance(read, ConfigError):
        assert read.hint.startswith('write it like: "complexity.max" = "')
        proposed = read.hint.split(' = "')[1].split('"')[0]
        read = parse_rule("complexity.max", proposed, "here")
    assert read.operator in OPERATORS
    assert math.isfinite(read.bound)


def attempt(text: str) -> Rule | ConfigError:
    try:
        return parse_rule("complexity.max", text, "here")
    except ConfigError as error:
        return error


@pytest.mark.parametrize(
    ("name", "custom"),
    [("bundle.kilobytes", True), ("a.b.c", True), ("tests.mine", False), ("size", False), (".x", False), ("x.", False)],
)
def test_which_names_can_be_the_projects_own(name: str, custom: bool) -> None:
    assert is_custom(name) is custom


def test_the_rules_of_settings_keep_their_order_and_origin() -> None:
    settings = Settings(
        gates=GatesSettings(rules={"complexity.max": "< 10", "bundle.kilobytes": "<= 200"}),
        origins={"gates.rules.complexity.max": "config/gates.toml:2"},
    )
    assert rules(settings) == (
        Rule(metric="complexity.max", operator="<", bound=10, origin="config/gates.toml:2"),
        Rule(metric="bundle.kilobytes", operator="<=", bound=200, origin="settings"),
    )
