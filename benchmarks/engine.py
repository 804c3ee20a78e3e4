"""What the engine itself costs: CPU time per task, beside doit and a bare graphlib loop, and how planning grows.

    python benchmarks/engine.py [--tasks 10000] [--json FILE]

The graph has layers of 100 tasks, each with two needs in the layer before. Tasks do nothing: the executor is a fake, so
that only the engine is measured. doit runs the same graph with actions that do nothing, in this interpreter when it is
installed there, otherwise through `uv run --with doit`.
"""

from __future__ import annotations

import argparse
import graphlib
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

LAYER = 100
BUDGET = 100.0  # microseconds per task
SIZES = (1_000, 10_000, 100_000)
GROWTH = 12.0  # 100,000 tasks against 10,000


def needs_of(count: int) -> dict[str, list[str]]:
    """Return the names of the graph's tasks with what each needs."""
    needs: dict[str, list[str]] = {}
    for number in range(count):
        layer, place = divmod(number, LAYER)
        before = [f"t{(layer - 1) * LAYER + p}" for p in (place, (place + 1) % LAYER)] if layer else []
        needs[f"t{number}"] = before
    return needs


def cpu_seconds(work: Callable[[], None]) -> float:
    """Return the CPU time of one call."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def best(make: Callable[[], Callable[[], None]], rounds: int = 5) -> float:
    """Return the smallest CPU time of several calls, each on fresh data: noise only ever adds."""
    return min(cpu_seconds(make()) for _ in range(rounds))


def noxline_run(count: int) -> Callable[[], None]:
    """Return a whole run over a fake executor: graph, plan, loop, requests, outcomes and events."""
    from noxline.engine.plan import Plan, Slot
    from noxline.engine.run_loop import run_tasks
    from noxline.graph import TaskGraph
    from noxline.model.decision import Run
    from noxline.model.task import Outcome, Status, Task, TaskRequest
    from noxline.ports import Finished, Message

    class Nothing:
        """An executor whose tasks are over as soon as they are asked for."""

        def __init__(self) -> None:
            self.running: list[str] = []

        def submit(self, request: TaskRequest) -> None:
            self.running.append(request.task)

        def wait(self, _timeout: float | None = None) -> Sequence[Message]:
            done, self.running = self.running, []
            return [Finished(outcome=Outcome(task=name, status=Status.PASSED, exit_code=0)) for name in done]

        def never(self, *_: object) -> None:
            """Stand for what this run has no use for."""
            raise NotImplementedError

        proceed = close = never

        def cancel(self, *_: object) -> None:
            """End what was made ahead, which is nothing."""

    here, environ = Path("/"), {"PATH": "/bin"}
    run_it = Run(reasons=("first run",))

    def request(task: Task, slot: Slot, _attempt: int) -> TaskRequest:
        return TaskRequest(
            task=task.name, argv=("true",), directory=here, environ=environ, log=here, output=here, cpus=slot.cpus
        )

    tasks = noxline_tasks(count)

    def work() -> None:
        result = run_tasks(
            Plan(TaskGraph.of(tasks), cpus=8),
            Nothing(),
            request=request,
            decide=lambda _task: run_it,
            finish=lambda _task, outcome: outcome,
            emit=lambda _event: None,
            fail_fast=False,
            clock=time.monotonic,
        )
        if len(result.results) != count:
            raise SystemExit("the run is not complete")

    return work


def noxline_tasks(count: int) -> list[Any]:
    """Return the tasks of the graph."""
    from noxline.model.stage import Source
    from noxline.model.task import Task

    return [
        Task(name=name, stage="stage", session=name, source=Source.PROJECT, needs=tuple(needs))
        for name, needs in needs_of(count).items()
    ]


def planning(count: int) -> Callable[[], None]:
    """Return the making of a graph and of a plan with known durations, and its walk from begin to end."""
    from noxline.engine.plan import Plan
    from noxline.graph import TaskGraph
    from noxline.model.task import Outcome, Status

    tasks = noxline_tasks(count)
    durations = {task.name: float(number % 7) for number, task in enumerate(tasks)}
    passed = {task.name: Outcome(task=task.name, status=Status.PASSED) for task in tasks}

    def work() -> None:
        plan = Plan(TaskGraph.of(tasks), cpus=8, durations=durations)
        while not plan.is_over:
            started = []
            while task := plan.take():
                plan.start(task)
                started.append(task.name)
            for name in started:
                plan.finish(passed[name])

    return work


def graphlib_loop(count: int) -> Callable[[], None]:
    """Return the same walk by the standard library's sorter, which knows no limits, causes or messages."""
    needs = needs_of(count)

    def work() -> None:
        sorter = graphlib.TopologicalSorter(needs)
        sorter.prepare()
        while sorter.is_active():
            for name in sorter.get_ready():
                sorter.done(name)

    return work


def doit_run(count: int) -> Callable[[], None]:
    """Return doit's run of the same graph, with its state in a temporary folder."""
    from doit.cmd_base import TaskLoader2
    from doit.doit_cmd import DoitMain
    from doit.task import dict_to_task

    needs = needs_of(count)

    class Loader(TaskLoader2):  # type: ignore[misc]  # doit has no types
        """Gives the tasks to doit."""

        def setup(self, opt_values: dict[str, Any]) -> None:
            """Have nothing to set up."""

        def load_doit_config(self) -> dict[str, Any]:
            return {"dep_file": str(Path(tempfile.mkdtemp()) / "state"), "reporter": "zero", "verbosity": 0}

        def load_tasks(self, cmd: Any, pos_args: Any) -> list[Any]:  # noqa: ARG002 - doit names them
            return [
                dict_to_task({"name": name, "actions": [(nothing,)], "task_dep": before})
                for name, before in needs.items()
            ]

    def work() -> None:
        if DoitMain(Loader()).run(["run"]) != 0:
            raise SystemExit("doit's run failed")

    return work


def nothing() -> bool:
    """Do nothing, as doit's action."""
    return True


def doit_microseconds(count: int) -> float | None:
    """Return doit's CPU time per task, or None when it cannot be had."""
    command = [sys.executable, __file__, "--doit-only", "--tasks", str(count)]
    if importlib.util.find_spec("doit") is None:
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}") or "uv"
        command = [
            uv,
            "run",
            "--quiet",
            "--no-project",
            "--python",
            sys.executable,
            "--with",
            "doit",
            "python",
            *command[1:],
        ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"doit cannot be measured: {error} {getattr(error, 'stderr', '') or ''}", file=sys.stderr)
        return None
    return float(done.stdout)


def measure(count: int) -> dict[str, float | None]:
    """Return all figures: microseconds of CPU per task, and the growth of planning."""
    noxline = best(lambda: noxline_run(count)) / count * 1e6
    walks = {size: planning(size) for size in SIZES}
    plans = dict.fromkeys(SIZES, float("inf"))
    for _ in range(5):  # turn by turn, so that a busy moment of the machine meets all sizes
        for size in SIZES:
            plans[size] = min(plans[size], cpu_seconds(walks[size]))
    return {
        "noxline": noxline,
        "doit": doit_microseconds(count),
        "graphlib": best(lambda: graphlib_loop(count)) / count * 1e6,
        **{f"planning {size}": seconds for size, seconds in plans.items()},
        "growth": plans[100_000] / plans[10_000],
        "graphlib growth": best(lambda: graphlib_loop(100_000), 3) / best(lambda: graphlib_loop(10_000)),
    }


def show(count: int, figures: dict[str, float | None]) -> None:
    """Print the figures for people."""
    print(f"CPU per task, {count:,} tasks that do nothing, layers of {LAYER}, two needs each:")
    for name in ("noxline", "doit", "graphlib"):
        value = figures[name]
        print(f"  {name:<10}{'not measured' if value is None else f'{value:8.1f} us'}")
    noxline, doit = figures["noxline"], figures["doit"]
    if noxline and doit:
        print(f"  noxline / doit = {noxline / doit:.2f}")
    print("planning alone (graph, plan with durations, every step):")
    for size in SIZES:
        seconds = figures[f"planning {size}"] or 0.0
        print(f"  {size:>7,} tasks {seconds * 1000:9.1f} ms {seconds / size * 1e6:6.2f} us each")
    print(f"  100,000 / 10,000 = {figures['growth']:.1f} x (at most {GROWTH:g} x)")
    print(f"  the bare graphlib loop grows {figures['graphlib growth']:.1f} x here, by the caches alone")


def main() -> int:
    """Measure, print, and return 1 when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--doit-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.doit_only:
        runs = [cpu_seconds(doit_run(options.tasks)) for _ in range(3)]
        print(statistics.median(runs) / options.tasks * 1e6)
        return 0
    figures = measure(options.tasks)
    show(options.tasks, figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    noxline, growth = figures["noxline"] or 0.0, figures["growth"] or 0.0
    return 0 if noxline <= BUDGET and growth <= GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
