"""Read what a hook runner prints and what its hooks changed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from noxline.model.finding import Finding, Severity

_HEADER = re.compile(r"^.*\.{3,}.*(Failed|Passed|Skipped)$")
TOOL = "hooks"


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedHook:
    """A hook that failed: by its exit code, by changing files, or both."""

    name: str
    modified: bool
    text: str


def failed_hooks(printed: str) -> tuple[FailedHook, ...]:
    """Return the failed hooks of a run of prek or pre-commit; both print the same sections.

    >>> failed_hooks("x....Failed\\n- hook id: x\\n- exit code: 1\\n\\nbad\\n")[0].text
    'bad'
    """
    sections: list[list[str]] = []
    for line in printed.splitlines():
        if match := _HEADER.match(line):
            sections.append([match[1]])
        elif sections:
            sections[-1].append(line)
    return tuple(_failed(section[1:]) for section in sections if section[0] == "Failed")


def _failed(lines: list[str]) -> FailedHook:
    facts = [line for line in lines if line.startswith("- ")]
    said = [line.strip() for line in lines if not line.startswith("- ") and line.strip()]
    name = next((line.removeprefix("- hook id: ") for line in facts if line.startswith("- hook id: ")), TOOL)
    return FailedHook(name=name, modified="- files were modified by this hook" in facts, text="\n".join(said))


def failure_finding(hook: FailedHook) -> Finding:
    """Return the finding for a hook that said no without changing anything."""
    first = hook.text.splitlines()[0] if hook.text else "the hook failed"
    return Finding(tool=TOOL, rule=hook.name, severity=Severity.MEDIUM, message=first)


def change_findings(diff: str, hook: str) -> list[Finding]:
    """Return one finding for each file that a hook would change, at the first changed line.

    >>> [(f.file, f.line) for f in change_findings("--- a/x.py\\n+++ b/x.py\\n@@ -4,1 +4,1 @@\\n-a\\n+b\\n", "fix")]
    [('x.py', 4)]
    """
    found: list[Finding] = []
    for part in re.split(r"^diff --git .*\n", diff, flags=re.MULTILINE):
        names = re.findall(r"^(?:\+\+\+ b|--- a)/(.+)$", part, flags=re.MULTILINE)
        if not names:
            continue
        hunk = re.search(r"^@@ -(\d+)", part, flags=re.MULTILINE)
        added, removed = (len(re.findall(rf"^[{sign}](?![{sign}]{{2}} )", part, re.MULTILINE)) for sign in "+-")
        message = f"the hook would change this file (+{added} -{removed} lines; see hooks.diff)"
        line = max(1, int(hunk[1])) if hunk else None
        found.append(
            Finding(
                tool=TOOL, rule=hook, severity=Severity.LOW, message=message, file=names[-1].rstrip("\t"), line=line
            )
        )
    return found
