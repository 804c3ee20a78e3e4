"""The gates of a run as lines of text: what needs attention first, what passed on one line each."""

from __future__ import annotations

from collections.abc import Sequence

from noxline.model.gate import Result, Verdict
from noxline.reports.style import OF_RESULT, Style

_ORDER = (Result.FAIL, Result.INCONCLUSIVE, Result.WARN, Result.PASS)
NO_GATES_WRITTEN = "no gates are written down: these only warn; noxline init makes them bind"


def gate_lines(verdicts: Sequence[Verdict], style: Style) -> list[str]:
    """Return the table of gates; nothing when none was judged."""
    judged = sorted((v for v in verdicts if v.result in _ORDER), key=lambda v: _ORDER.index(v.result))
    widths = [max((len(row[k]) for row in map(_cells, judged)), default=0) for k in range(3)]
    lines = [line for verdict in judged for line in _rows(verdict, widths, style)]
    if judged and only_defaults(judged):
        lines.append("  " + NO_GATES_WRITTEN)
    for result, words in ((Result.NOT_APPLICABLE, "not applicable"), (Result.NOT_JUDGED, "not judged, deselected")):
        names = [verdict.metric for verdict in verdicts if verdict.result is result]
        if names:
            lines += [style.paint(line, "dim") for line in style.wrapped(f"{words}: {', '.join(names)}", "  ")]
    return lines


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
