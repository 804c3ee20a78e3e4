"""The gates of a run as lines of text: what needs attention first, what passed on one line each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from noxline.model.gate import Result, Verdict
from noxline.reports.style import OF_RESULT, Style

_ORDER = (Result.FAIL, Result.INCONCLUSIVE, Result.WARN, Result.PASS)
_NAMED_ONLY = {Result.NOT_APPLICABLE: "not applicable", Result.NOT_JUDGED: "not judged, left out of this run"}
NO_GATES_WRITTEN = "no gates are written down: these only warn; noxline init makes them bind"


def gate_lines(verdicts: Sequence[Verdict], style: Style) -> list[str]:
    """Return the table of gates; nothing when none was judged."""
    judged = _judged(verdicts)
    widths = [max(map(len, column)) for column in zip(*map(_cells, judged), strict=True)]
    lines = list(chain.from_iterable(_rows(verdict, widths, style) for verdict in judged))
    if judged and only_defaults(judged):
        lines.append("  " + NO_GATES_WRITTEN)
    for result, words in _NAMED_ONLY.items():
        names = [verdict.metric for verdict in verdicts if verdict.result is result]
        lines += _dimmed(f"{words}: {', '.join(names)}", style) if names else []
    return lines


def _judged(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts that say something of a value, the worst first."""
    judged = [verdict for verdict in verdicts if verdict.result in _ORDER]
    return sorted(judged, key=lambda verdict: _ORDER.index(verdict.result))


def _dimmed(text: str, style: Style) -> list[str]:
    return [style.paint(line, "dim") for line in style.wrapped(text, "  ")]


def only_defaults(verdicts: Sequence[Verdict]) -> bool:
    """Tell whether nothing but the default rules was judged, and none of them could bind."""
    return all(verdict.origin == "default" and not verdict.binding for verdict in verdicts)


def number(value: float | None, unit: str = "") -> str:
    """Return a measured value for people, with its unit: two decimals, more where they would make it a whole number.

    >>> number(89.996, "%")
    '89.996 %'
    """
    if value is None:
        return "no data"
    roundings = (round(value, digits) for digits in (2, 4, 6))
    shown = next((r for r in roundings if r == value or r != round(value)), value)
    return f"{shown:,.10g} {unit}".strip()


def shown(verdict: Verdict) -> str:
    """Return a judged value for people, never rounded across the bound that it misses."""
    return number(None) if verdict.shown is None else f"{verdict.shown:,.15g} {verdict.unit}".strip()


def _cells(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.metric, shown(verdict), verdict.rule


def _rows(verdict: Verdict, widths: Sequence[int], style: Style) -> list[str]:
    metric, value, rule = _cells(verdict)
    word = "" if verdict.result is Result.PASS else style.paint(verdict.result.value, OF_RESULT[verdict.result][1])
    row = f"  {style.mark(verdict.result)} {metric:<{widths[0]}}  {value:>{widths[1]}}  {rule:<{widths[2]}}  {word}"
    if not verdict.hint or verdict.result is Result.PASS:
        return [row.rstrip()]
    return [row.rstrip(), *style.wrapped(verdict.hint, "      ")]
