"""The graph for people, compared as a whole."""

from __future__ import annotations

from noxline.graph import TaskGraph
from noxline.graph_render import as_dot, as_mermaid, as_text
from noxline.model.stage import Source
from noxline.model.task import Task

GRAPH = TaskGraph.of(
    [
        Task(name="hooks", stage="hooks", session="hooks", source=Source.STANDARD, skip="no hook configuration"),
        Task(name="tests-3.12#1/2", stage="tests", session="tests-3.12", source=Source.STANDARD),
        Task(name="tests(dep='\"1\"')", stage="own", session="own", source=Source.PROJECT),
        Task(
            name="coverage",
            stage="coverage",
            session="coverage",
            source=Source.STANDARD,
            needs=("tests-3.12#1/2", "tests(dep='\"1\"')"),
        ),
        Task(name="benchmarks", stage="benchmarks", session="benchmarks", source=Source.STANDARD, exclusive=True),
    ]
)


def test_text() -> None:
    assert as_text(GRAPH) == (
        "hooks  [skipped: no hook configuration]\n"
        "tests-3.12#1/2\n"
        "tests(dep='\"1\"')\n"
        "  coverage  <- tests-3.12#1/2, tests(dep='\"1\"')\n"
        "benchmarks  [runs alone]\n"
    )


def test_mermaid() -> None:
    assert as_mermaid(GRAPH) == (
        "flowchart LR\n"
        '  t0["hooks"]\n'
        '  t1["tests-3.12#35;1/2"]\n'
        "  t2[\"tests(dep='#quot;1#quot;')\"]\n"
        '  t3["coverage"]\n'
        '  t4["benchmarks"]\n'
        "  t1 --> t3\n"
        "  t2 --> t3\n"
        "  classDef skipped stroke-dasharray: 4 4\n"
        "  class t0 skipped\n"
    )


def test_dot() -> None:
    assert as_dot(GRAPH) == (
        "digraph noxline {\n"
        "  rankdir=LR;\n"
        "  node [shape=box];\n"
        '  "hooks" [style=dashed];\n'
        '  "tests-3.12#1/2";\n'
        '  "tests(dep=\'\\"1\\"\')";\n'
        '  "coverage";\n'
        '  "tests-3.12#1/2" -> "coverage";\n'
        '  "tests(dep=\'\\"1\\"\')" -> "coverage";\n'
        '  "benchmarks";\n'
        "}\n"
    )
