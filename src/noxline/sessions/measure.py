"""Measure a session of the project's own from outside: the variables and the coverage settings it gets."""

from __future__ import annotations

import os
from pathlib import Path

from noxline.sessions.coverage_settings import run_settings
from noxline.sessions.suite_command import WORKERS
from noxline.settings.facts import ProjectFacts

# The one folder that is put on the path of test processes; it holds nothing that a project could import by accident.
INJECTED = Path(__file__).parents[1] / "injected"
RECORD = "NOXLINE_RECORD"
RECORDING = "NOXLINE_RECORDING"
MEASURE = "NOXLINE_MEASURE"


def measured_environment(
    root: Path,
    output: Path,
    *,
    envs: Path,
    rcfile: Path,
    shard: tuple[int, int] | None = None,
) -> dict[str, str]:
    """Return the variables with which a session records its tests and its coverage into `output`.

    `rcfile` is what `write_rcfile` wrote; `envs` is the folder of the environments whose programs are measured.
    """
    variables = recording_environment(root, output, shard=shard)
    return {**variables, "NOXLINE_ENVS": str(envs), MEASURE: str(rcfile)}


def recording_environment(
    root: Path,
    output: Path,
    *,
    pythonpath: str | None = None,
    shard: tuple[int, int] | None = None,
) -> dict[str, str]:
    """Return the variables with which test runners record what they run; coverage is left to the command.

    `pythonpath` replaces the user's PYTHONPATH; our own folder comes first in either case.
    """
    given = os.environ.get("PYTHONPATH", "") if pythonpath is None else pythonpath
    kept = [entry for entry in given.split(os.pathsep) if entry and Path(entry) != INJECTED]
    variables = {
        "PYTHONPATH": os.pathsep.join([str(INJECTED), *kept]),
        "NOXLINE_ROOT": str(root),
        "NOXLINE_OUTPUT": str(output),
        RECORD: "1",
        RECORDING: "",  # this run counts even when the one that starts it is being recorded itself
        MEASURE: "",
        WORKERS: "",
        "NOXLINE_TRACE": "",
        "NOXLINE_CONTEXT": "",
        "NOXLINE_REUSE": "",
        "NOXLINE_ORDER": "",
    }
    if shard is not None:
        variables["NOXLINE_SHARD"] = f"{shard[0]}/{shard[1]}"
    return variables


def write_rcfile(facts: ProjectFacts, path: Path) -> None:
    """Write the coverage settings for measuring from outside; each process finds its data file by NOXLINE_OUTPUT."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = run_settings(facts, data_file="${NOXLINE_OUTPUT}/coverage.data", measured_from_outside=True)
    path.write_text(settings, encoding="utf-8")
