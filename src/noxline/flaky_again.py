"""A stored result with flaky tests stands, but they run again; and what makes a test of a result a flaky one."""

from __future__ import annotations

from pathlib import Path

from noxline.flaky import evidence
from noxline.model.cache import Found
from noxline.testing.results import read_results
from noxline.testing.retry import Finding
from noxline.testing.verdicts import FILE, Verdicts, read_verdicts, write_verdicts

FLAKY_AGAIN = "flaky tests of its stored result run again"
_NAMED = 3


def has_flaky(found: Found) -> bool:
    """Tell whether a stored result has tests that were found flaky when it was made."""
    return any(file.path == FILE for file in found.entry.files)


def stored_place(output: Path) -> tuple[Path, Path]:
    """Return the folder and the log of a stored result that is put aside while its flaky tests run."""
    return output.with_name("stored"), output.with_name("stored-log.txt")


def why_again(stored: Path) -> str:
    """Return in words that the flaky tests of a stored result run again."""
    names = [finding.id for finding in read_verdicts(stored).flaky]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{FLAKY_AGAIN}: {', '.join(names[:_NAMED])}{more}"


def mark_flaky(root: Path, output: Path, fingerprint: str) -> None:
    """Say in a task's output which tests passed now and failed in an earlier run under the same fingerprint."""
    failed = {name for name, entry in evidence(root)["tests"].items() if fingerprint in entry["failed"]}
    if not failed or not output.is_dir():
        return
    said = read_verdicts(output)
    passed = {one.id for one in read_results([output]).all() if one.outcome == "passed"}
    found = tuple(_in_another_run(name) for name in sorted(failed & passed - said.ids))
    if found:
        write_verdicts(output, said.and_those(Verdicts(flaky=found)))


def _in_another_run(name: str) -> Finding:
    return Finding(id=name, kind="flaky", attempts=("passed in a later run of the same state",))
