"""When each task ran, as an SVG chart: one row a task, preparation of its environment in a lighter tone.

Between the two there is a gap where the prepared task waited for a CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from noxline.model.run import Run, TaskResult
from noxline.reports.timing import critical_path, human_seconds, own_seconds

_WIDTH, _LEFT, _ROW, _TOP = 1000, 210, 26, 30
_MOST_ROWS = 200
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)


def timeline(run: Run) -> str:
    """Return the chart of a run; empty when nothing ran."""
    ran = sorted((r for r in run.tasks if own_seconds(r) > 0), key=lambda r: (r.outcome.started, r.task.name))
    if not ran:
        return ""
    shown = ran[:_MOST_ROWS]
    span = max(r.outcome.started + r.outcome.seconds + r.outcome.waited_seconds for r in ran)
    scale = (_WIDTH - _LEFT - 90) / span
    height = _TOP + _ROW * len(shown) + 10
    critical = frozenset(critical_path(run.tasks).tasks)
    rows = "".join(_row(place, result, scale, critical) for place, result in enumerate(shown))
    more = f'<div class="key">{len(ran) - len(shown)} more tasks in run.json</div>' if len(ran) > len(shown) else ""
    return (
        f'<div class="scroll"><svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="When each task ran">'
        f"{_ticks(span, scale, height)}{rows}</svg></div>{more}"
    )


def tick_seconds(span: float, most: int = 10) -> Sequence[float]:
    """Return where the ticks of a time axis stand: at round seconds, at most `most` of them besides 0."""
    step = next((step for step in _STEPS if span / step <= most), span / most)
    return [round(step * k, 6) for k in range(int(span / step + 1e-9) + 1)]


def _ticks(span: float, scale: float, height: int) -> str:
    return "".join(
        f'<line class="tick" x1="{x:.1f}" y1="{_TOP - 8}" x2="{x:.1f}" y2="{height}"/>'
        f'<text class="tick-text" x="{x:.1f}" y="{_TOP - 13}" text-anchor="middle">{seconds:g} s</text>'
        for seconds in tick_seconds(span)
        for x in [_LEFT + seconds * scale]
    )


def _row(place: int, result: TaskResult, scale: float, critical: frozenset[str]) -> str:
    outcome, name = result.outcome, result.task.name
    top = _TOP + _ROW * place
    left = _LEFT + outcome.started * scale
    setup = min(outcome.setup_seconds, outcome.seconds) * scale
    work = left + setup + outcome.waited_seconds * scale
    width = max(2.0, outcome.seconds * scale - setup)
    title = f"{name}: {human_seconds(outcome.seconds)}, cpu {human_seconds(outcome.cpu_seconds)}"
    label = name if len(name) <= 30 else name[:29] + "…"
    kind = ' class="critical"' if name in critical else ""
    prepared = (
        f'<rect class="setup" x="{left:.1f}" y="{top + 5}" width="{setup:.1f}" height="16" rx="3"/>' if setup else ""
    )
    return (
        f"<g><title>{escape(title)}</title>"
        f'<text{kind} x="{_LEFT - 12}" y="{top + 17}" text-anchor="end">{escape(label)}</text>'
        f'<rect class="{outcome.status.value}" x="{work:.1f}" y="{top + 5}" width="{width:.1f}" height="16" rx="3"/>'
        f"{prepared}"
        f'<text class="tick-text" x="{work + width + 7:.1f}" y="{top + 17}">{human_seconds(outcome.seconds)}</text></g>'
    )
