"""Run the project's own test suite under coverage, and record what it did."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from noxline.model.stage import NotApplicable
from noxline.sessions.command import installing_only, stream
from noxline.sessions.coverage_plugins import absent_plugins, install_plugins
from noxline.sessions.coverage_settings import run_settings
from noxline.sessions.gate import pass_gate
from noxline.sessions.install import Wanted, install_first, project_forms
from noxline.sessions.measure import recording_environment
from noxline.sessions.orders import AGAIN, SELECT
from noxline.sessions.output import output_directory
from noxline.sessions.suite_check import NO_TESTS, forgotten_files, unittest_modules, verdict
from noxline.sessions.suite_command import Place, commands, environment, under_coverage
from noxline.settings.facts import ProjectFacts, Runner, TestCommand, TestSuite

if TYPE_CHECKING:
    import nox

    from noxline.sessions.impact import Impact
    from noxline.testing.results import Results

COVERAGE = "coverage>=5"
WARNINGS = "warnings.json"
FAIL_FAST = "NOXLINE_FAIL_FAST"
TESTS_FAILED = 1  # the exit code of pytest
_LEFTOVERS = (
    "tests",
    "coverage.data*",
    "coverage.root",
    "junit.xml",
    "durations.json",
    "flaky.json",
    "quarantine.json",
    "selection.json",
    WARNINGS,
)


def run_tests(session: nox.Session, facts: ProjectFacts) -> None:
    """Install the project and its test dependencies, then run its test commands under coverage."""
    suite = facts.tests
    if isinstance(suite, NotApplicable):
        session.skip(suite.reason)
    _install(session, facts, suite)
    if installing_only(session):
        return
    pass_gate(session)
    output = output_directory(session)
    _clear(output)
    if os.environ.get(AGAIN):
        session_again(session, facts, suite, output)
    else:
        _run_suite(session, facts, suite, output)


def _run_suite(session: nox.Session, facts: ProjectFacts, suite: TestSuite, output: Path) -> None:
    impact = _impact(session, facts, suite, output)
    place = _place(session, facts, output, traced=impact is not None)
    recording = recording_environment(facts.root, output, pythonpath=dict(suite.env).get("PYTHONPATH"))
    variables = environment(suite, recording, place) | (impact.begin() if impact else {})
    run = SuiteRun(session, facts, suite, place, variables)
    code = run.run_judged(output)
    if impact:
        impact.finish()
    code, results, forgotten = _remembered(run, code, output)
    _leave(output, results, [*run.warnings, *forgotten])
    problem = verdict(
        code, results, runners=[c.runner for c in suite.commands], shard=os.environ.get("NOXLINE_SHARD", "")
    )
    if problem:
        session.error(problem)


def _remembered(run: SuiteRun, code: int, output: Path) -> tuple[int, Results, list[str]]:
    """Run what a guessed command of pytest forgot; return the exit code, the results, and what is forgotten still."""
    results = _results(output)
    forgotten = forgotten_files(run.suite, results) if not run.session.posargs else []
    if run.is_assumed() and forgotten:
        code = code or run.run_forgotten(unittest_modules(run.root, run.suite, results))
        results = _results(output)
        forgotten = forgotten_files(run.suite, results)
    return code, results, forgotten


def _install(session: nox.Session, facts: ProjectFacts, suite: TestSuite) -> None:
    forms = project_forms(suite.extras, editable=suite.editable) if suite.install_project and facts.installable else ()
    install_first(session, suite.sources, wanted=Wanted(project=forms, also=(COVERAGE,)), root=facts.root)
    needs_pytest = any(command.runner is Runner.PYTEST for command in suite.commands)
    if needs_pytest and not shutil.which("pytest", path=session.bin):
        session.install("pytest")
    install_plugins(session, facts)


def _clear(output: Path) -> None:
    """Remove what an earlier run with plain nox left; noxline gives an empty folder anyway."""
    for pattern in _LEFTOVERS:
        for path in list(output.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _impact(session: nox.Session, facts: ProjectFacts, suite: TestSuite, output: Path) -> Impact | None:
    if not os.environ.get(SELECT):
        return None  # and nothing of it is imported: each shard would pay for that
    from noxline.sessions.impact import open_impact

    return open_impact(facts, suite, output, name=session.name, bin_folder=Path(session.bin), posargs=session.posargs)


def _place(session: nox.Session, facts: ProjectFacts, output: Path, *, traced: bool = False) -> Place:
    rcfile = output / "coverage.rc"
    absent = absent_plugins(facts, Path(session.bin))
    for name in absent:
        print(f"noxline: coverage measures without its plug-in {name}, which is not installed", flush=True)
    settings = run_settings(facts, data_file=str(output / "coverage.data"), without=absent, traced=traced)
    rcfile.write_text(settings, encoding="utf-8")
    return Place(bin=Path(session.bin), tmp=_tmp(session), rcfile=rcfile)


def _tmp(session: nox.Session) -> Path:
    # Shards run side by side in one environment, and pytest empties the folder it gets as --basetemp.
    shard = os.environ.get("NOXLINE_SHARD", "1/1").replace("/", "-")
    # Beside the environment: below it, packages that tests make up look like installed ones.
    environment_folder = Path(session.bin).resolve().parent
    tmp = environment_folder.with_name(f"{environment_folder.name}.tmp") / f"shard-{shard}"
    tmp.mkdir(parents=True, exist_ok=True)
    return tmp


def session_again(session: nox.Session, facts: ProjectFacts, suite: TestSuite, output: Path) -> None:
    """Take the stored result that noxline put aside, and run its flaky tests again."""
    from noxline.sessions.suite_again import run_again
    from noxline.testing.junit import to_junit

    stored = Path(os.environ[AGAIN])
    shutil.copytree(stored, output, dirs_exist_ok=True)
    place = Place(bin=Path(session.bin), tmp=_tmp(session), rcfile=output / "coverage.rc")
    recording = recording_environment(facts.root, output, pythonpath=dict(suite.env).get("PYTHONPATH"))
    broken = run_again(session, suite, place, env=environment(suite, recording, place), root=facts.root)
    if broken:
        (output / "junit.xml").write_bytes(to_junit(_results(output)))
        session.error(f"{', '.join(broken)} passed in the stored result and fails now, however often it is run")


class SuiteRun:
    """One run of a suite's commands; collects what is worth a warning."""

    def __init__(
        self, session: nox.Session, facts: ProjectFacts, suite: TestSuite, place: Place, env: dict[str, str]
    ) -> None:
        self.session = session
        self.suite = suite
        self.place = place
        self.env = env
        self.root = facts.root
        self.directory = facts.root / suite.directory
        self.warnings: list[str] = []
        self.failed: list[tuple[TestCommand, int]] = []

    def run_all(self) -> int:
        """Run all commands; return the first exit code that is not 0 and counts.

        One that fails keeps no other from running: a failed check of the documentation must not hide the tests.
        """
        self.failed = []
        for command, argv in commands(self.suite, self.session.posargs, self.place):
            code = self._run(argv)
            if code and not command.ignore_failure:
                self.failed.append((command, code))
        return self.failed[0][1] if self.failed else 0

    def run_judged(self, output: Path) -> int:
        """Run all commands, and once more those tests that a flaky one kept from running."""
        code = self.run_all()
        left = judge_failures(self, code, output)
        if code and not left and os.environ.get(FAIL_FAST):
            self.env[FAIL_FAST] = ""
            left = judge_failures(self, self.run_all(), output)
        return left

    @property
    def only_tests_failed(self) -> bool:
        """Tell whether nothing but tests of pytest can have failed."""
        return all(command.runner is Runner.PYTEST and code == TESTS_FAILED for command, code in self.failed)

    def is_assumed(self) -> bool:
        """Tell whether pytest was only guessed from the tests' files: nothing declares a command."""
        return all(c.runner is Runner.PYTEST and c.origin.line is None for c in self.suite.commands)

    def run_forgotten(self, files: Iterable[str]) -> int:
        """Run the files that only unittest collects; return the exit code, 0 when there was nothing to run."""
        chosen = list(files)
        if not chosen:
            return 0
        print(f"noxline: pytest collected nothing of {', '.join(chosen)}; running them with unittest", flush=True)
        code = self._run(under_coverage(("python", "-m", "unittest", *chosen), self.place))
        return 0 if code == NO_TESTS else code

    def _run(self, argv: Sequence[str]) -> int:
        return stream(self.session, *argv, env=self.env, directory=self.directory)


def judge_failures(run: SuiteRun, code: int, output: Path) -> int:
    """Find out what the failed tests are; return the exit code that is left when none of them counts any more."""
    results = _results(output)
    if not code or results.incomplete:
        return code
    from noxline.sessions.suite_retry import find_out, quarantined, trials_of, uncounted
    from noxline.settings.loader import load
    from noxline.testing.retry import Allowance
    from noxline.testing.verdicts import failing, read_verdicts, sentences, write_verdicts

    settings = load(run.root)
    allowance = Allowance(retries=settings.pipeline.tests.retries, set_seconds=settings.pipeline.tests.retry_time)
    trials = trials_of(
        run.session, run.suite, run.place, env=run.env, root=run.root, results=results, allowance=allowance
    )
    excused = quarantined(results, settings.gates.quarantine, date.today())
    verdicts = find_out(results, trials, allowance, excused=excused, root=run.root)
    write_verdicts(output, verdicts.and_those(read_verdicts(output)))
    run.warnings += sentences(verdicts)
    return 0 if run.only_tests_failed and uncounted(failing(results), verdicts) else code


def _results(output: Path) -> Results:
    from noxline.testing.verdicts import read_judged

    return read_judged([output])


def _leave(output: Path, results: Results, warnings: Sequence[str]) -> None:
    """Write the merged reports, and print what the user should know."""
    from noxline.testing.durations import of_results
    from noxline.testing.junit import to_junit

    (output / "junit.xml").write_bytes(to_junit(results))
    learned = of_results(results, round(time.time(), 3))
    (output / "durations.json").write_text(json.dumps(learned, sort_keys=True), encoding="utf-8")
    if warnings:
        (output / WARNINGS).write_text(json.dumps(list(warnings), indent=1), encoding="utf-8")
    for warning in warnings:
        print(f"noxline: {warning}", flush=True)
