"""What is kept of flaky tests between runs, and what is to be said of tests in quarantine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from noxline.errors import ConfigError
from noxline.model.run import TaskResult
from noxline.model.task import Status
from noxline.settings.schema import QuarantineSettings, Settings
from noxline.state import STATE, read_json, write_state
from noxline.system.files import write_atomic
from noxline.testing.again import read_again
from noxline.testing.evidence import EMPTY, Record, Seen, failed_last, merge, observe, pruned
from noxline.testing.results import read_results
from noxline.testing.verdicts import FILE, QUARANTINE, Verdicts, read_verdicts

_EVIDENCE = f"{STATE}/flaky.json"
_UNKNOWN = f"{STATE}/quarantine.json"
_GRACE = timedelta(days=30)
_FORGOTTEN = timedelta(days=90)


def evidence(root: Path) -> Record:
    """Return the record of flaky tests."""
    return merge(EMPTY, read_json(root / _EVIDENCE))


def add_evidence(root: Path, record: Record) -> None:
    """Add to the record of flaky tests what others saw."""
    before = evidence(root)
    known = merge(before, record)
    if known != before:
        write_state(root / _EVIDENCE, known)


def keep_evidence(
    root: Path, results: Sequence[TaskResult], *, run: str, when: float, fingerprints: Mapping[str, str] | None = None
) -> Record:
    """Add to the record what the tasks that ran in this run saw of their tests, and return it.

    `fingerprints` are those of the tasks, by name: under the same one, a test that fails and passes is flaky.
    """
    record = before = evidence(root)
    for result in results:
        output = result.outcome.output
        if result.decision == "ran" and output is not None and _is_telling(result, output, record):
            outcomes = {found.id: found.outcome for found in read_results([output]).all()}
            fingerprint = (fingerprints or {}).get(result.task.name, "")
            verdicts = read_verdicts(output)
            seen = Seen(run=run, when=when, outcomes=outcomes, verdicts=verdicts, fingerprint=fingerprint)
            record = observe(record, seen)
    oldest = datetime.fromtimestamp(when, timezone.utc) - _FORGOTTEN
    record = pruned(record, f"{oldest:%Y%m%d}")  # as the ids of runs begin
    if record != before:
        write_state(root / _EVIDENCE, record)
    return record


def _is_telling(result: TaskResult, output: Path, record: Record) -> bool:
    """Tell whether a task's tests are to be looked at: those that all passed say something only of known ones."""
    return output.is_dir() and bool(
        record["tests"]
        or result.outcome.status is not Status.PASSED
        or any((output / name).is_file() for name in (FILE, QUARANTINE))
    )


def keep_again(root: Path, outputs: Mapping[str, Path], *, run: str, when: float) -> None:
    """Add to the record how the flaky tests of stored results ended, which alone ran again; by fingerprint."""
    record = evidence(root)
    for fingerprint, output in outputs.items():
        record = observe(record, _seen_again(output, run=run, when=when, fingerprint=fingerprint))
    add_evidence(root, record)


def _seen_again(output: Path, *, run: str, when: float, fingerprint: str) -> Seen:
    ended = read_again(output)
    flaky = [found for found in read_verdicts(output).flaky if ended.get(found.id) == "failed"]
    outcomes = {name: "passed" if how == "passed" else "failed" for name, how in ended.items()}
    verdicts = Verdicts(flaky=tuple(flaky))
    return Seen(run=run, when=when, outcomes=outcomes, verdicts=verdicts, fingerprint=fingerprint)


def write_first(root: Path, path: Path) -> bool:
    """Write the file with the tests to begin with; return whether there are any."""
    names = failed_last(evidence(root))
    if names:
        write_atomic(path, json.dumps(names))
    return bool(names)


def refuse_overdue(root: Path, settings: Settings, today: date) -> None:
    """Raise ConfigError for an entry of the quarantine that expired, or was found to name no test, 30 days ago."""
    since = _unknown_since(root)
    for index, entry in enumerate(settings.gates.quarantine):
        place = quarantine_place(settings, index)
        if today > entry.expires + _GRACE:
            raise ConfigError(
                f"the quarantine of {entry.test} expired on {entry.expires}, more than 30 days ago",
                place=place,
                hint=f"take the entry out, or let {entry.owner} mend the test",
            )
        if entry.test in since and today > since[entry.test] + _GRACE:
            raise ConfigError(
                f"the quarantine names {entry.test}, which has not been a test for more than 30 days",
                place=place,
                hint="take the entry out",
            )


def quarantine_place(settings: Settings, index: int) -> str:
    """Return where an entry of the quarantine stands: `config/gates.toml:7`."""
    places = settings.places.get("gates.quarantine", ())
    return places[index] if index < len(places) else settings.origins.get("gates", "settings")


def quarantine_warnings(
    root: Path, settings: Settings, today: date, *, known: Iterable[str], whole: bool
) -> tuple[str, ...]:
    """Return a warning for each entry that expired or names none of the known tests, and remember since when.

    `whole` says that all tests ran, so that one which is not among them does not exist.
    """
    entries = settings.gates.quarantine
    if not entries:
        return ()
    expired = [
        f"{quarantine_place(settings, index)}: the quarantine of {entry.test} expired on {entry.expires}: "
        f"its failures count; 30 days later the entry is an error ({entry.owner}: {entry.reason})"
        for index, entry in enumerate(entries)
        if today > entry.expires
    ]
    return (*expired, *(_unknown(root, settings, today, tuple(known)) if whole else ()))


def _unknown(root: Path, settings: Settings, today: date, known: Sequence[str]) -> Iterable[str]:
    entries: Sequence[QuarantineSettings] = settings.gates.quarantine
    names = [entry.test for entry in entries if not any(entry.covers(test) for test in known)]
    before = _unknown_since(root)
    since = {name: before.get(name, today) for name in names}
    if since != before:
        write_state(root / _UNKNOWN, {name: day.isoformat() for name, day in since.items()})
    for index, entry in enumerate(entries):
        if entry.test in since:
            yield (
                f"{quarantine_place(settings, index)}: the quarantine names {entry.test}, which is no test; "
                f"30 days after {since[entry.test]} that is an error"
            )


def _unknown_since(root: Path) -> dict[str, date]:
    """Return since when entries name no test; a torn file starts the time anew."""
    found: dict[str, date] = {}
    for name, day in read_json(root / _UNKNOWN).items():
        try:
            found[name] = date.fromisoformat(str(day))
        except ValueError:
            continue
    return found
