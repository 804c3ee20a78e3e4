"""Facts of a small project, for the tests of what is made from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from noxline.model.stage import NotApplicable
from noxline.settings.facts import ProjectFacts, TestSuite

NONE = NotApplicable(reason="none")


def facts_of(root: Path, **changes: Any) -> ProjectFacts:
    """Return the facts of a project with tests and two Pythons, with these changes."""
    facts = ProjectFacts(
        root=root,
        name="sample",
        installable=True,
        backend="hatchling.build",
        layout="src",
        sources=("src/sample",),
        modules=("sample",),
        test_dirs=("tests",),
        requires_python=">=3.10",
        pythons=("3.10", "3.11"),
        tests=TestSuite(commands=(), sources=()),
        lint=NONE,
        types=NONE,
        docs=NONE,
        hooks=NONE,
        benchmarks=NONE,
        workflows=False,
    )
    return replace(facts, **changes)
