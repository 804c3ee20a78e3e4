"""What all readers share: load a report, place a finding, count by severity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from noxline.model.finding import Finding, Severity
from noxline.model.metric import Metric, Missing, ToolReport

T = TypeVar("T")
SECURITY = tuple(f"security.{severity.value}" for severity in Severity)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reports(Generic[T]):
    """All reports of one name that a stage's tasks left: the readable ones, and why the others are not."""

    name: str
    read: tuple[T, ...] = ()
    broken: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.read or self.broken)

    def missing(self, names: Iterable[str]) -> tuple[Missing, ...]:
        """Return these metrics as missing, once for each unreadable report."""
        return tuple(Missing(name=name, reason=reason) for name in names for reason in self.broken)

    def tool(self, name: str) -> tuple[ToolReport, ...]:
        """Return what the reports say of their tool; it did not work where one of them cannot be read."""
        if self.broken:
            return (ToolReport(tool=name, status="unavailable", reason=self.broken[0]),)
        return (ToolReport(tool=name, status="worked"),) if self.read else ()


def load(outputs: Sequence[Path], name: str, kind: type[T]) -> Reports[T]:
    """Read the report called `name` in each output directory that has one."""
    read: list[T] = []
    broken: list[str] = []
    for path in (output / name for output in outputs):
        if not path.exists():
            continue
        content = decode(path, kind)
        if isinstance(content, Unreadable):
            broken.append(content.reason)
        else:
            read.append(content)
    return Reports(name=name, read=tuple(read), broken=tuple(broken))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a report cannot be read."""

    reason: str


def decode(path: Path, kind: type[T]) -> T | Unreadable:
    """Return the JSON report at `path` as `kind`, or why it is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        return Unreadable(f"{path.name} cannot be read: {error.strerror}")
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return Unreadable(f"{path.name} is torn or not what its tool writes: {error}")


def place(name: str, root: Path) -> str:
    """Return a path as findings name it: relative to the root, with forward slashes.

    >>> place("./src/a.py", Path("/p"))
    'src/a.py'
    """
    path = Path(name.replace("\\", "/"))
    if path.is_absolute():
        resolved = root.resolve()
        return next(
            (path.relative_to(r).as_posix() for r in (root, resolved) if path.is_relative_to(r)), path.as_posix()
        )
    return path.as_posix()


def union(groups: Iterable[Iterable[Finding]]) -> tuple[Finding, ...]:
    """Join the findings of several tasks: what two Pythons both see counts once, what one sees twice counts twice."""
    counts: Counter[Finding] = Counter()
    for group in groups:
        counts |= Counter(group)
    return tuple(counts.elements())


def security_metrics(findings: Sequence[Finding], source: str) -> tuple[Metric, ...]:
    """Count static findings by severity; the first of each kind is its metric's hint."""
    return tuple(
        Metric(
            name=f"security.{severity.value}",
            value=float(sum(finding.severity is severity for finding in findings)),
            source=source,
            hint=next((describe(finding) for finding in findings if finding.severity is severity), ""),
        )
        for severity in Severity
    )


def describe(finding: Finding) -> str:
    """Return a finding in one line: `src/a.py:10 B602: subprocess call with shell=True`."""
    where = f"{finding.file}:{finding.line}" if finding.line else finding.file
    first = finding.message.strip().splitlines()[:1]
    return f"{where} {finding.rule}: {''.join(first)}".strip()
