"""Find the first real cause of a failure in the log of a task: pure text in, one line out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstCause:
    """One line that says why, and the line of the log (from 1) that it was read at."""

    message: str
    line: int


_Detector = Callable[[Sequence[str]], "tuple[int, str] | None"]

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\r")
_SUMMARY = re.compile(r"^(?:FAILED|ERROR) (?P<test>[^\s].*?)(?: - (?P<message>.*))?$")
_PYTEST_SUMMARY = re.compile(r"^=+ short test summary info =+$")
_ASSERTION = re.compile(r"^E\s{2,}(?P<message>\S.*)$")
_UNITTEST = re.compile(r"^(?:FAIL|ERROR): (?P<test>\w+ \(.+\).*|\w+)$")
_TRACEBACK = re.compile(r"^\s*Traceback \(most recent call last\):$")
_CHAINED = re.compile(r"^(?:The above exception was the direct cause|During handling of the above exception)")
_DIAGNOSTIC = re.compile(r"^\s*(?P<place>[^\s:][^:]*:\d+(?::\d+)?)(?::| -) (?:fatal )?error: (?P<message>.*)$")
_CODE = re.compile(r"^(?P<place>[^\s:][^:]*:\d+(?::\d+)?): (?P<message>[A-Z]{1,5}\d{1,5}:? .*)$")
_ARROW = re.compile(r"^\s*--> (?P<place>\S.*)$")
_REFORMAT = re.compile(r"^(?:Would reformat|would reformat):? (?P<place>.+)$")
_HOOK = re.compile(r"^(?P<hook>\S.*?)\.{3,}(?:\(.*\))?Failed$")
_UV = re.compile(r"^\s*(?:error: |\u00d7 )(?P<message>.+)$")
_UV_CAUSE = re.compile(r"^\s*(?:cause: |[╰├]─▶ |hint: )(?P<message>.+)$")
_INTERNAL = re.compile(r"^INTERNALERROR> (?P<message>\w[\w.]*: .*)$")
_ERROR = re.compile(r"^(?:ERROR|FAIL|FATAL|Error|error|fatal)(?:: | )(?P<message>\S.*)$")
_PROGRAM = re.compile(r"^[\w./-]+: (?:fatal )?error: (?P<message>\S.*)$")
_WARNING = re.compile(
    r"^(?:(?P<place>[^\s:][^:]*(?::\d+)?): (?:WARNING|ERROR): |(?:WARNING|ERROR) +- +)(?P<message>.*)$"
)
_NO_TESTS = re.compile(r"^(?:=+ )?(?P<message>no tests ran|Ran 0 tests) in ")
_NOX_REASON = re.compile(
    r"^nox > (?P<message>Session .* aborted: .*|Program .* not found\.|Session .* raised exception .*)"
)
_NOX_COMMAND = re.compile(r"^nox > (?P<message>Command .* failed(?: with exit code -?\d+.*|.*))$")
_NOX_END = re.compile(r"^nox > Session .* failed\.$")
_NOX = "nox > "


def find_cause(log: Sequence[str]) -> FirstCause | None:
    """Return the first real cause of the failure that a log ends with; None when nothing in it says why.

    The command that failed last is looked at first: what went wrong before it was got over.
    """
    lines = [plain_text(line) for line in log]
    start = _last_failed_command(lines)
    for begin in dict.fromkeys((start, 0)):
        for group in _GROUPS:
            found = [hit for hit in (detect(lines[begin:]) for detect in group) if hit]
            if found:
                index, message = min(found)
                return FirstCause(message=message.strip(), line=begin + index + 1)
    return None


def plain_text(line: str) -> str:
    """Return a line without terminal control sequences and without white space at its end."""
    return _ANSI.sub("", line).rstrip()


def last_lines(log: Sequence[str], count: int = 10) -> tuple[str, ...]:
    """Return the last lines that say something: nox's closing words and blank lines at the end are left out."""
    lines = [plain_text(line) for line in log]
    while lines and (not lines[-1] or _NOX_END.match(lines[-1])):
        lines.pop()
    return tuple(lines[-count:])


def _last_failed_command(lines: Sequence[str]) -> int:
    """Return the index at which the output of the command that failed last begins; 0 when nox names none."""
    failed = [index for index, line in enumerate(lines) if _NOX_COMMAND.match(line)]
    if not failed:
        return 0
    headers = [i for i in range(failed[-1]) if lines[i].startswith(_NOX) and not _NOX_COMMAND.match(lines[i])]
    return headers[-1] if headers else 0


def _pytest(lines: Sequence[str]) -> tuple[int, str] | None:
    begin = next((i for i, line in enumerate(lines) if _PYTEST_SUMMARY.match(line)), None)
    if begin is None:
        return _first(_ASSERTION)(lines)
    for index in range(begin + 1, len(lines)):
        match = _SUMMARY.match(lines[index])
        if match:
            seen = _assertion_of(lines[:begin], match["test"])
            message = seen or (index, match["message"] or "failed")
            return message[0], f"{match['test']}: {message[1]}"
    return None


def _assertion_of(lines: Sequence[str], test: str) -> tuple[int, str] | None:
    """Return the first `E` line below the heading of a test's section."""
    name = test.partition("::")[2].replace("::", ".") or test
    heading = re.compile(rf"^_+ (?:.* )?{re.escape(name)} _+$")
    section = next((i for i, line in enumerate(lines) if heading.match(line)), None)
    if section is None:
        return None
    hit = _first(_ASSERTION)(lines[section:])
    return (section + hit[0], hit[1]) if hit else None


def _unittest(lines: Sequence[str]) -> tuple[int, str] | None:
    for index, line in enumerate(lines):
        match = _UNITTEST.match(line)
        if match and index and lines[index - 1].startswith("=" * 10):
            error = _traceback(lines[index:])
            return index, f"{match['test']}: {error[1]}" if error else match["test"]
    return None


def _traceback(lines: Sequence[str]) -> tuple[int, str] | None:
    """Return the exception that a traceback ends with; of chained ones the last, which is the one that got out."""
    begin = next((i for i, line in enumerate(lines) if _TRACEBACK.match(line)), None)
    if begin is None:
        return None
    indent = len(lines[begin]) - len(lines[begin].lstrip())
    for index in range(begin + 1, len(lines)):
        line = lines[index][indent:]
        chained = any(_CHAINED.match(after[indent:]) for after in lines[index : index + 3])
        if line and not line.startswith((" ", "Traceback")) and not chained:
            return index, line
    return None


def _uv(lines: Sequence[str]) -> tuple[int, str] | None:
    for index, line in enumerate(lines):
        match = _UV.match(line)
        if match:
            return index, ": ".join([match["message"].rstrip(":"), *_uv_causes(lines[index + 1 :])])
    return None


def _uv_causes(lines: Sequence[str]) -> list[str]:
    """Give what uv names as causes; each may go on over indented lines."""
    causes: list[str] = []
    for line in itertools.takewhile(str.strip, lines[:12]):
        match = _UV_CAUSE.match(line)
        if match:
            causes.append(match["message"])
        elif causes and line.startswith("   "):
            causes[-1] += " " + line.strip()
        else:
            break
    return causes


def _arrow(lines: Sequence[str]) -> tuple[int, str] | None:
    """Find a message whose place stands on the next line, after an arrow (ruff, zizmor)."""
    for index in range(1, len(lines)):
        match = _ARROW.match(lines[index])
        if match and lines[index - 1]:
            return index - 1, f"{match['place']}: {lines[index - 1].replace('[*] ', '')}"
    return None


def _first(pattern: re.Pattern[str]) -> _Detector:
    """Return a detector for the first line that matches: its place, hook or message."""

    def detect(lines: Sequence[str]) -> tuple[int, str] | None:
        for index, line in enumerate(lines):
            match = pattern.match(line)
            if match:
                return index, _worded(match.groupdict(), line)
        return None

    return detect


def _worded(groups: dict[str, str | None], line: str) -> str:
    place, message, hook = groups.get("place"), groups.get("message"), groups.get("hook")
    if hook:
        return f"hook {hook.strip()} failed"
    if place and message:
        return f"{place}: {message}"
    return message or line


# Tried group by group; within a group the earliest hit in the log wins.
_GROUPS: tuple[tuple[_Detector, ...], ...] = (
    (_pytest,),
    (_unittest,),
    (_uv, _first(_DIAGNOSTIC), _first(_CODE), _arrow, _first(_REFORMAT), _first(_HOOK), _first(_INTERNAL), _traceback),
    (_first(_ERROR), _first(_PROGRAM)),
    (_first(_WARNING),),
    (_first(_NO_TESTS),),
    (_first(_NOX_REASON),),
    (_first(_NOX_COMMAND),),
)
