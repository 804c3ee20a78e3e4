"""The standard stage `sbom`: the bill of materials of the built package and what it needs at run time."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noxline.nox_bridge.recorder import UNRECORDED
from noxline.sessions.build import DIST
from noxline.sessions.command import capture, scratch
from noxline.sessions.output import needed_outputs
from noxline.sessions.requirements import CYCLONEDX
from noxline.sessions.tools import give_up, prepared, worked

if TYPE_CHECKING:
    import nox

    from noxline.settings.facts import ProjectFacts


def run_sbom(session: nox.Session, facts: ProjectFacts) -> None:
    """Write `sbom.cdx.json` (CycloneDX) from an environment that holds the built wheel and nothing of ours."""
    session.install(CYCLONEDX)
    output = prepared(session)
    if output is None:
        return
    wheel = _wheel(needed_outputs("build"))
    if wheel is None:
        session.error("there is no built wheel: run the stage `build` first")
    place = scratch(session, "package")
    _fill(session, place, wheel, output)
    report = output / "sbom.cdx.json"
    options = ["--of", "JSON", "--output-reproducible", "--validate", "-o", str(report)]
    done = capture(session, "cyclonedx-py", "environment", *options, str(_python(place)))
    if done.code != 0 or not report.is_file():
        give_up(session, output, "cyclonedx-py", done.last_line)
    document = about(json.loads(report.read_text(encoding="utf-8")), wheel.name.split("-")[0])
    report.write_text(json.dumps(document, indent=1), encoding="utf-8")
    worked(output, "cyclonedx-py")
    needs = ", ".join(sorted(f"{c['name']} {c['version']}" for c in document.get("components", ())))
    session.log(f"{facts.name} brings {needs or 'nothing else'}")


def about(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the bill with the package as its subject, and without the paths of the machine it was made on."""
    components = document.get("components", [])
    own = [component for component in components if _normalized(component["name"]) == _normalized(name)]
    for component in components:
        places = component.get("externalReferences", [])
        component["externalReferences"] = [p for p in places if not p["url"].startswith("file:")]
    if own:
        document.setdefault("metadata", {})["component"] = own[0]
        document["components"] = [component for component in components if component is not own[0]]
    return document


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _fill(session: nox.Session, place: Path, wheel: Path, output: Path) -> None:
    python = str(Path(session.bin) / "python")
    for argv in (
        ("uv", "venv", "--quiet", "--clear", "--python", python, str(place)),
        ("uv", "pip", "install", "--quiet", "--python", str(_python(place)), str(wheel)),
    ):
        done = capture(session, *argv, env={UNRECORDED: "1"})
        if done.code != 0:
            give_up(session, output, "cyclonedx-py", f"the built wheel cannot be installed: {done.last_line}")


def _wheel(outputs: tuple[Path, ...]) -> Path | None:
    return next((wheel for output in outputs for wheel in sorted((output / DIST).glob("*.whl"))), None)


def _python(environment: Path) -> Path:
    windows = environment / "Scripts" / "python.exe"
    return windows if windows.exists() else environment / "bin" / "python"
