from __future__ import annotations

from noxline.model.finding import Severity
from noxline.sessions.hook_report import FailedHook, change_findings, failed_hooks, failure_finding

PRINTED = """\
fixer....................................................................Failed
- hook id: fixer
- files were modified by this hook
nope.................................................(no files to check)Skipped
says no..................................................................Failed
- hook id: no
- exit code: 3

  a.py:3 bad
  - a list is not a fact
fine.....................................................................Passed
"""

DIFF = """\
diff --git a/a.py b/a.py
index 457fcf2..f7d9575 100644
--- a/a.py
+++ b/a.py
@@ -7,3 +7,4 @@
 x
-foo
+bar
+++ counted as an added line
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-x
"""


def test_failed_hooks_of_a_run() -> None:
    assert failed_hooks(PRINTED) == (
        FailedHook(name="fixer", modified=True, text=""),
        FailedHook(name="no", modified=False, text="a.py:3 bad\n- a list is not a fact"),
    )


def test_nothing_failed() -> None:
    assert failed_hooks("fine....Passed\n") == ()
    assert failed_hooks("error: Failed to init hooks\n") == ()


def test_a_change_is_a_finding_in_each_file() -> None:
    found = change_findings(DIFF, "fixer")
    assert [(f.file, f.line, f.rule, f.severity) for f in found] == [
        ("a.py", 7, "fixer", Severity.LOW),
        ("gone.py", 1, "fixer", Severity.LOW),
    ]
    assert "-1 lines" in found[0].message


def test_no_change_is_no_finding() -> None:
    assert change_findings("", "fixer") == []


def test_a_hook_that_says_no_is_a_finding_with_its_first_line() -> None:
    finding = failure_finding(FailedHook(name="no", modified=False, text="a.py:3 bad\nmore"))
    assert (finding.rule, finding.message) == ("no", "a.py:3 bad")
    assert failure_finding(FailedHook(name="no", modified=False, text="")).message == "the hook failed"
