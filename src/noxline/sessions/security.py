"""The standard stage `security`: several scanners, each of whose fates is told."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from noxline.sessions.output import write_tools
from noxline.sessions.requirements import BANDIT, DETECT_SECRETS, PIP_AUDIT, ZIZMOR
from noxline.sessions.sarif import write_sarif
from noxline.sessions.scan_code import scan_with_bandit, scan_with_trivy, scan_with_zizmor
from noxline.sessions.scan_dependencies import (
    install_safety,
    resolved_requirements,
    scan_with_pip_audit,
    scan_with_safety,
)
from noxline.sessions.scan_secrets import scan_with_detect_secrets
from noxline.sessions.tools import prepared

if TYPE_CHECKING:
    import nox

    from noxline.settings.facts import ProjectFacts


def run_security(session: nox.Session, facts: ProjectFacts) -> None:
    """Write each scanner's own report, `security.sarif` and `tools.json`; findings are for the gates to judge."""
    session.install(BANDIT, PIP_AUDIT, DETECT_SECRETS, *([ZIZMOR] if facts.workflows else []))
    install_safety(session)
    output = prepared(session)
    if output is None:
        return
    requirements = resolved_requirements(session, facts)
    scans = (
        scan_with_bandit(session, facts, output),
        scan_with_detect_secrets(session, facts, output),
        scan_with_zizmor(session, facts, output),
        scan_with_pip_audit(session, requirements, output),
        scan_with_safety(session, requirements, output),
        scan_with_trivy(session, facts, output),
    )
    write_tools(output, [scan.report for scan in scans])
    working = [scan.report.tool for scan in scans if scan.worked]
    findings = list(chain.from_iterable(scan.findings for scan in scans))
    write_sarif(output / "security.sarif", working, findings, rated=True)
    for scan in scans:
        session.log(scan.line)
    if not working:
        session.error("no scanner could work")
