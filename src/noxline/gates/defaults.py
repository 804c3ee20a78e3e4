"""The rules that hold without being written, and which standard stage each metric comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from noxline.model.gate import Rule
from noxline.settings.facts import Origin

COVERAGE = "coverage.line_percent"

DEFAULT_RULES: tuple[Rule, ...] = (
    Rule(metric=COVERAGE, operator=">=", bound=90, binding=False),
    Rule(metric="complexity.max", operator="<", bound=10, binding=False),
    Rule(metric="duplication.percent", operator="<", bound=3, binding=False),
    Rule(metric="security.critical", operator="==", bound=0, binding=False),
    Rule(metric="security.high", operator="==", bound=0, binding=False),
    Rule(metric="tests.seconds", operator="<", bound=300, binding=False),
)

# The first part of a metric's name tells the standard stage.
_PRODUCERS: Mapping[str, str] = {
    "tests": "tests",
    "coverage": "coverage",
    "complexity": "complexity",
    "maintainability": "complexity",
    "duplication": "duplication",
    "security": "security",
    "dependencies": "security",
    "secrets": "security",  # pragma: allowlist secret - the name of a stage
    "docs": "docs",
    "build": "build",
    "benchmark": "benchmarks",
}


def producer(metric: str) -> str:
    """Return the standard stage that gives a metric; empty for one that a check of the project's own gives.

    >>> producer("maintainability.min")
    'complexity'
    """
    return _PRODUCERS.get(metric.partition(".")[0], "")


def applicable_rules(
    written: Sequence[Rule], *, coverage_fail_under: tuple[float, Origin] | None = None
) -> tuple[Rule, ...]:
    """Return the rules to judge: those that are written bind, the defaults that nobody wrote only warn.

    The project's own `fail_under` binds and takes the place of the default for coverage, as does any written rule
    on the metric of a default.
    """
    own = (*written, *_fail_under(coverage_fail_under))
    named = {rule.metric for rule in own}
    return (*own, *(rule for rule in DEFAULT_RULES if rule.metric not in named))


def _fail_under(given: tuple[float, Origin] | None) -> tuple[Rule, ...]:
    if given is None or not given[0]:  # 0 is coverage's way to say: no bound
        return ()
    bound, origin = given
    place = f"{origin.file}:{origin.line}" if origin.line else origin.file
    return (Rule(metric=COVERAGE, operator=">=", bound=bound, origin=place),)
