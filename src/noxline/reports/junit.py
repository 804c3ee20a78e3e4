"""The JUnit report of a whole run: the tests of all shards and all Pythons in one file."""

from __future__ import annotations

from noxline.model.run import Run

NAME = "junit.xml"


def junit_of(run: Run) -> str:
    """Return the merged report, one test suite for each Python; nothing for a run that recorded no tests."""
    outputs = [result.outcome.output for result in run.tasks if result.outcome.output is not None]
    folders = [output for output in outputs if (output / "tests").is_dir()]
    if not folders:
        return ""
    from noxline.testing.junit import to_junit
    from noxline.testing.verdicts import read_judged

    return to_junit(read_judged(folders)).decode("utf-8")
