"""Read SARIF 2.1, the form in which any tool can hand over findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from noxline.metrics.report import SECURITY, Unreadable, decode, place, security_metrics, union
from noxline.model.finding import Finding, Severity
from noxline.model.metric import Missing, ToolReport
from noxline.ports import Reading

# These tools' own reports say more; their SARIF beside one is a copy of it.
_OWN_REPORTS = {
    "bandit": "bandit.json",
    "detect-secrets": "secrets.json",  # pragma: allowlist secret - the name of a file
    "jscpd": "jscpd.json",
    "pip-audit": "pip-audit.json",
    "safety": "safety.json",
    "trivy": "trivy.json",
    "zizmor": "zizmor.json",
}
_NO_PROBLEM = ("pass", "notApplicable", "informational")
_STATIC_ANALYSIS = {"error": Severity.HIGH, "warning": Severity.MEDIUM}
_QUALITY_STAGES = ("lint", "types", "hooks")
_QUALITY = {"error": Severity.MEDIUM}


class _Struct(msgspec.Struct, rename="camel"):
    pass


class _Message(_Struct):
    text: str = ""


class _Artifact(_Struct):
    uri: str = ""
    uri_base_id: str = ""


class _Region(_Struct):
    start_line: int | None = None


class _Physical(_Struct):
    artifact_location: _Artifact = msgspec.field(default_factory=_Artifact)
    region: _Region = msgspec.field(default_factory=_Region)


class _Location(_Struct):
    physical_location: _Physical = msgspec.field(default_factory=_Physical)


class _Configuration(_Struct):
    level: str = "warning"


class _Rule(_Struct):
    id: str
    default_configuration: _Configuration = msgspec.field(default_factory=_Configuration)
    properties: dict[str, Any] = {}


class _Driver(_Struct):
    name: str
    rules: list[_Rule] = []


class _Tool(_Struct):
    driver: _Driver


class _Suppression(_Struct):
    status: str = "accepted"


class _Result(_Struct):
    message: _Message
    rule_id: str = ""
    rule_index: int = -1
    level: str = ""
    kind: str = "fail"
    locations: list[_Location] = []
    suppressions: list[_Suppression] = []
    properties: dict[str, Any] = {}


class _Notification(_Struct):
    message: _Message
    level: str = "warning"
    locations: list[_Location] = []


class _Invocation(_Struct):
    execution_successful: bool = True
    tool_execution_notifications: list[_Notification] = []
    tool_configuration_notifications: list[_Notification] = []


class _Run(_Struct):
    tool: _Tool
    results: list[_Result]
    invocations: list[_Invocation] = []
    original_uri_base_ids: dict[str, _Artifact] = {}


class _Log(_Struct):
    runs: list[_Run]


@dataclass(slots=True)
class _Found:
    """What the SARIF files of a stage hold together."""

    groups: list[list[Finding]] = field(default_factory=list)
    security: list[list[Finding]] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    tools: dict[str, ToolReport] = field(default_factory=dict)
    rated: bool = False


@dataclass(frozen=True, slots=True)
class SarifReader:
    """Reads every `*.sarif`, as what the standard stage that left it makes of it.

    In `security` all findings are security's, in `lint`, `types` and `hooks` none is; elsewhere those that are rated.
    """

    standard: str = ""

    def read(self, outputs: Sequence[Path], root: Path) -> Reading | None:
        """Return the findings that are no copies of another report's, and `security.*` where they are security's."""
        files = [path for output in outputs for path in sorted(output.glob("*.sarif"))]
        if not files:
            return None
        found = _Found(rated=False)
        for path in files:
            log = decode(path, _Log)
            if isinstance(log, Unreadable):
                found.problems.append((path.stem, log.reason))
            else:
                self._take(log, path, root, found)
        counts = bool(found.tools) and self._judges_security(found)
        return Reading(
            metrics=security_metrics(union(found.security), files[0].name) if counts else (),
            missing=tuple(self._missing(found, counts=counts)),
            findings=union(found.groups),
            tools=tuple(found.tools.values()),
        )

    @property
    def security(self) -> bool:
        """Tell whether every finding is security's."""
        return self.standard == "security"

    def _judges_security(self, found: _Found) -> bool:
        return self.security or (found.rated and self.standard not in _QUALITY_STAGES)

    def _take(self, log: _Log, path: Path, root: Path, found: _Found) -> None:
        found.groups.append([])
        found.security.append([])
        for run in log.runs:
            tool = run.tool.driver.name.lower()
            if (path.parent / _OWN_REPORTS.get(tool, "nothing")).is_file():
                continue
            found.tools[tool] = ToolReport(tool=tool, status="worked")
            found.rated |= any(_score(rule.properties) is not None for rule in run.tool.driver.rules)
            found.problems += [(tool, reason) for reason in _problems(run, tool, root)]
            self._take_results(run, root, found)

    def _take_results(self, run: _Run, root: Path, found: _Found) -> None:
        """Add the findings of a run to the newest groups."""
        severities = _STATIC_ANALYSIS if self.security else _QUALITY
        for result in filter(_is_problem, run.results):
            rule = _rule_of(result, run)
            finding = _finding(result, rule, run, root, severities)
            found.groups[-1].append(finding)
            if self.security or _score(result.properties, rule.properties) is not None:
                found.rated = True
                found.security[-1].append(finding)

    def _missing(self, found: _Found, *, counts: bool) -> Iterator[Missing]:
        for name, reason in found.problems:
            names = SECURITY if self.security or counts else (f"{name}.findings",)
            yield from (Missing(name=metric, reason=reason) for metric in names)


def _is_problem(result: _Result) -> bool:
    return result.kind not in _NO_PROBLEM and all(entry.status != "accepted" for entry in result.suppressions)


def _rule_of(result: _Result, run: _Run) -> _Rule:
    rules = run.tool.driver.rules
    if 0 <= result.rule_index < len(rules):
        return rules[result.rule_index]
    return next((rule for rule in rules if rule.id == result.rule_id), _Rule(id=result.rule_id))


def _finding(result: _Result, rule: _Rule, run: _Run, root: Path, severities: dict[str, Severity]) -> Finding:
    score = _score(result.properties, rule.properties)
    level = result.level or rule.default_configuration.level
    location = result.locations[0].physical_location if result.locations else _Physical()
    return Finding(
        tool=run.tool.driver.name.lower(),
        rule=result.rule_id or rule.id,
        severity=severities.get(level, Severity.LOW) if score is None else _severity(score),
        message=result.message.text,
        file=_file(location.artifact_location, run, root),
        line=location.region.start_line,
    )


def _score(*properties: dict[str, Any]) -> float | None:
    """Return the first `security-severity`, the score from 0 to 10 that code hosts read."""
    for given in properties:
        try:
            return float(given["security-severity"])
        except (KeyError, TypeError, ValueError):
            continue
    return None


def _severity(score: float) -> Severity:
    """Rate a score as the Common Vulnerability Scoring System does."""
    bounds = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM))
    return next((severity for bound, severity in bounds if score >= bound), Severity.LOW)


def _file(artifact: _Artifact, run: _Run, root: Path) -> str:
    base = run.original_uri_base_ids.get(artifact.uri_base_id, _Artifact()).uri
    uri = artifact.uri if "://" in artifact.uri or not base else f"{base.rstrip('/')}/{artifact.uri}"
    path = unquote(urlsplit(uri).path) if uri.startswith("file:") else unquote(uri)
    return place(path, root) if path else ""


def _problems(run: _Run, tool: str, root: Path) -> Iterator[str]:
    for invocation in run.invocations:
        if not invocation.execution_successful:
            yield f"{tool} says that it did not come to its end"
        for note in (*invocation.tool_execution_notifications, *invocation.tool_configuration_notifications):
            if note.level == "error":
                files = [_file(at.physical_location.artifact_location, run, root) for at in note.locations]
                yield f"{tool}: {' '.join(filter(None, [*files, note.message.text]))}"
