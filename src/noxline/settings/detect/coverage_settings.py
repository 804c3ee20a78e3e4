"""The bound that the project itself sets on its coverage."""

from __future__ import annotations

from noxline.settings.detect.suite_run import TestRun
from noxline.settings.detect.survey import Survey
from noxline.settings.facts import Origin


def find_fail_under(known: Survey, run: TestRun | None) -> tuple[float, Origin] | None:
    """Return the bound in the test command, else in pytest's options, else in coverage's configuration."""
    if run and run.fail_under:
        return run.fail_under
    if known.pytest.fail_under is not None and known.pytest.addopts_origin:
        return known.pytest.fail_under, known.pytest.addopts_origin
    return configured(known)


def configured(known: Survey) -> tuple[float, Origin] | None:
    """Return `fail_under` from the first file that coverage would read; a bound of 0 is none."""
    tree = known.tree
    for name, section in ((".coveragerc", "report"), ("setup.cfg", "coverage:report"), ("tox.ini", "coverage:report")):
        ini = tree.ini(name)
        if value := number(ini.value(section, "fail_under")):
            return value, ini.origin(section, "fail_under")
    path = ("tool", "coverage", "report", "fail_under")
    value = number(str(tree.pyproject.get(*path)))
    return (value, tree.pyproject.origin(*path)) if value else None


def number(text: str) -> float | None:
    """Return a number; None for anything else."""
    return float(text) if text.strip().replace(".", "", 1).isdigit() else None
