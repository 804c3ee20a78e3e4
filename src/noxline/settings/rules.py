"""Read the bounds of gates: `">= 90"` for a metric becomes a Rule."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from noxline.errors import ConfigError, suggest
from noxline.model.gate import Rule
from noxline.settings.metric_names import METRIC_NAMES, is_custom

if TYPE_CHECKING:
    from noxline.settings.schema import Settings

OPERATORS = ("<", "<=", "==", "!=", ">=", ">")
# What people write for an operator, and the one that they mean.
_MEANT = {"=": "==", "=<": "<=", "=>": ">=", "≤": "<=", "≥": ">=", "≠": "!=", "<>": "!="}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
RULE_PATTERN = rf"\s*(<=|>=|==|!=|<|>)\s*({_NUMBER})\s*"
_RULE = re.compile(RULE_PATTERN)
_NEARLY = re.compile(r"\s*(?P<operator>[<>=!≤≥≠]*)\s*(?P<number>[+-]?[\d.,_]+)\s*(?P<rest>.*?)\s*")


def rules(settings: Settings) -> tuple[Rule, ...]:
    """Return the rules that the user wrote, in the order in which they stand; raise ConfigError for a bad one."""
    return tuple(
        parse_rule(metric, text, settings.origins.get(f"gates.rules.{metric}", "settings"))
        for metric, text in settings.gates.rules.items()
    )


def parse_rule(metric: str, text: str, origin: str) -> Rule:
    """Return the rule that bounds a metric; raise ConfigError when the name or the bound makes no sense.

    >>> parse_rule("coverage.line_percent", ">= 90", "config/gates.toml:3").text
    '>= 90'
    """
    check_metric(metric, origin)
    match = _RULE.fullmatch(text)
    if match is None or not math.isfinite(float(match[2])):
        raise ConfigError(
            f'the rule for {metric} must be an operator and a number, not "{text}"',
            place=origin,
            hint=_hint(metric, text),
        )
    return Rule(metric=metric, operator=match[1], bound=float(match[2]), origin=origin)


def check_metric(metric: str, origin: str) -> None:
    """Raise ConfigError for a name that is no metric of noxline's and cannot be one of the project's own."""
    if metric in METRIC_NAMES or is_custom(metric):
        return
    family = [name for name in METRIC_NAMES if name.startswith(f"{metric.split('.', maxsplit=1)[0]}.")]
    near = suggest(metric, list(METRIC_NAMES))
    own = "a metric of your own needs a dot in its name, like bundle.kilobytes"
    hint = near if near.startswith("did you mean") else suggest(metric, family) or own
    raise ConfigError(f"no metric is called {metric!r}", place=origin, hint=hint)


def example(metric: str, number: str = "") -> str:
    """Return a rule for the metric as it would be written: `"complexity.max" = "< 10"`."""
    known = METRIC_NAMES.get(metric)
    operator = ">=" if known is not None and known.more_is_better else "<="
    return f'"{metric}" = "{operator} {number or 10}"'


def _hint(metric: str, text: str) -> str:
    match = _NEARLY.fullmatch(text)
    if match is None:
        return f"write it like: {example(metric)} (operators: {' '.join(OPERATORS)})"
    operator = _MEANT.get(match["operator"], match["operator"])
    number = match["number"].replace("_", "").replace(",", ".")
    if operator not in OPERATORS or not re.fullmatch(_NUMBER, number):
        plain = number if re.fullmatch(_NUMBER, number) else ""
        return f"write it like: {example(metric, plain)} (operators: {' '.join(OPERATORS)})"
    meant = f'write it like: "{metric}" = "{operator} {number}"'
    return f"{meant}; {_unit_note(metric)}" if match["rest"] else meant


def _unit_note(metric: str) -> str:
    known = METRIC_NAMES.get(metric)
    unit = known.unit if known else ""
    return f"the number stands alone, it is in {unit}" if unit else "the number stands alone"
