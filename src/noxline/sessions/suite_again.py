"""Run the flaky tests of a stored result again, and nothing else: it stands unless one of them is broken now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.sessions.suite_command import WORKERS, Place
from noxline.sessions.suite_retry import SuiteTrials, trials_of
from noxline.settings.facts import TestSuite
from noxline.testing.again import write_again
from noxline.testing.retry import Allowance, Finding
from noxline.testing.verdicts import Verdicts, read_judged, read_verdicts, write_verdicts

if TYPE_CHECKING:
    import nox


def run_again(
    session: nox.Session, suite: TestSuite, place: Place, *, env: Mapping[str, str], root: Path
) -> tuple[str, ...]:
    """Run the flaky tests of the result in the output directory again; return those that fail each time.

    What is measured of them is thrown away: the lines that they cover are in the result.
    """
    from noxline.settings.loader import load

    output = Path(env["NOXLINE_OUTPUT"])
    verdicts = read_verdicts(output)
    tests = load(root).pipeline.tests
    allowance = Allowance(retries=max(1, tests.retries), set_seconds=tests.retry_time)
    unmeasured = {**env, WORKERS: ""}
    results = read_judged([output])
    trials = trials_of(session, suite, place, env=unmeasured, root=root, results=results, allowance=allowance)
    seen = {finding.id: _again(finding, trials, allowance.retries) for finding in verdicts.flaky}
    write_again(output, seen)
    broken = tuple(name for name, outcome in seen.items() if outcome == "broken")
    left = tuple(finding for finding in verdicts.flaky if finding.id not in broken)
    if broken:
        write_verdicts(output, Verdicts(flaky=left, quarantined=verdicts.quarantined))
    return broken


def _again(finding: Finding, trials: SuiteTrials, retries: int) -> str:
    """Return how a flaky test ended: "passed"; "failed", and then it passed alone; "broken", it fails each time."""
    said = ["passed again" if _passes(finding, (*finding.polluters, finding.id), trials) else "failed again"]
    outcome = "passed" if said[0] == "passed again" else "broken"
    while outcome == "broken" and len(said) <= retries:
        alone = _passes(finding, (finding.id,), trials)
        said.append("passed alone" if alone else "failed alone")
        outcome = "failed" if alone else "broken"
    print(f"noxline: {finding.id}, known as {finding.kind}: {', '.join(said)}", flush=True)
    return outcome


def _passes(finding: Finding, order: tuple[str, ...], trials: SuiteTrials) -> bool:
    return trials.run(order).get(finding.id) in ("passed", "skipped")
