"""Plan the files of `noxline init`: nothing of the user's is rewritten, and a second run plans nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from noxline.model.gate import Rule
from noxline.model.stage import NotApplicable
from noxline.settings import scaffold_texts
from noxline.settings.facts import ProjectFacts
from noxline.settings.planned import PlannedFile, read_text, write
from noxline.settings.schema import Settings
from noxline.settings.sources import PYPROJECT, config_file

__all__ = ["PlannedFile", "default_rules", "plan_files", "write"]

_WORKFLOWS = ".github/workflows"
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_TARGET = re.compile(r"^([^\s#:=][^#:=]*?)\s*::?(?!=)", re.MULTILINE)
_SESSION = re.compile(r"^def (tests?)\(", re.MULTILINE)
_CONFIG_NOTES = {
    "pipeline": "the stages and how they run; every key is explained, none is set",
    "gates": "the rules that a run must meet; from now on they bind",
}
_BOUNDS = (
    ("coverage.line_percent", ">=", 90.0),
    ("complexity.max", "<", 10.0),
    ("duplication.percent", "<", 3.0),
    ("security.critical", "==", 0.0),
    ("security.high", "==", 0.0),
    ("tests.seconds", "<", 300.0),
)


def plan_files(root: Path, facts: ProjectFacts, settings: Settings) -> tuple[PlannedFile, ...]:
    """Return the files that are missing, with them those that are left alone and why; () when nothing is to do."""
    pythons = settings.pipeline.python or facts.pythons
    planned = (
        *_noxfile(root),
        *_config(root, "pipeline", scaffold_texts.pipeline(pythons), settings),
        *_config(root, "gates", scaffold_texts.gates(default_rules(facts), _left_out(facts)), settings),
        *_makefile(root, facts),
        *_workflow(root, scaffold_texts.workflow(pythons)),
    )
    return planned if any(file.changes for file in planned) else ()


def default_rules(facts: ProjectFacts) -> tuple[Rule, ...]:
    """Return the rules to write: the defaults, with the project's own bound for coverage where it has one."""
    return tuple(_default_rule(facts, Rule(metric=m, operator=o, bound=b)) for m, o, b in _BOUNDS)


def _default_rule(facts: ProjectFacts, rule: Rule) -> Rule:
    given = facts.coverage_fail_under
    if rule.metric != "coverage.line_percent" or given is None or not given[0]:
        return rule
    return Rule(metric=rule.metric, operator=rule.operator, bound=given[0], origin=str(given[1]))


def _left_out(facts: ProjectFacts) -> Mapping[str, str]:
    """Return the metrics that this project cannot have, with the reason: a written rule on them would never pass."""
    reasons: dict[str, str] = {}
    if isinstance(facts.tests, NotApplicable):
        reasons |= dict.fromkeys(("coverage.line_percent", "tests.seconds"), facts.tests.reason)
    if not facts.sources:
        reasons |= dict.fromkeys(("complexity.max", "duplication.percent"), "no source of the project's own was found")
    return reasons


def _noxfile(root: Path) -> Iterator[PlannedFile]:
    old = read_text(root / "noxfile.py")
    if old is None:
        yield _new(root, "noxfile.py", scaffold_texts.NOXFILE, "the sessions, also for plain nox")
    elif "noxline" not in old:
        yield _kept(root, "noxfile.py", old, "your noxfile stays as it is: its sessions are stages of the pipeline")


def _config(root: Path, table: str, text: str, settings: Settings) -> Iterator[PlannedFile]:
    name = config_file(table)
    if table in settings.origins:  # written already, in a file of its own or in pyproject.toml
        return
    old = read_text(root / name)
    if old is None:
        yield _new(root, name, text, _CONFIG_NOTES[table])
    else:
        note = f"this file is not noxline's; write its settings below [tool.noxline.{table}] in {PYPROJECT}"
        yield _kept(root, name, old, note)


def _makefile(root: Path, facts: ProjectFacts) -> Iterator[PlannedFile]:
    name = next((name for name in _MAKEFILES if (root / name).is_file()), "Makefile")
    old = read_text(root / name)
    lacking = _lacking_targets(old or "", _targets(root, facts))
    listed = ", ".join(lacking)
    if not lacking:
        return
    if old is None:
        yield _new(root, name, _make_text("", lacking), f"targets: {listed}")
    elif ".RECIPEPREFIX" in old:
        yield _kept(root, name, old, f"it sets .RECIPEPREFIX; add yourself: {listed}")
    else:
        new = f"{_until_blank_line(old)}{_make_text(old, lacking)}"
        yield PlannedFile(name=name, path=root / name, old=old, new=new, note=f"added at the end: {listed}")


def _lacking_targets(old: str, wanted: Mapping[str, str]) -> dict[str, str]:
    existing = {target for match in _TARGET.finditer(old) for target in match[1].split()}
    return {target: command for target, command in wanted.items() if target not in existing}


def _make_text(old: str, targets: Mapping[str, str]) -> str:
    """Return the text that defines targets, with the introduction where the Makefile does not hold it yet."""
    blocks = [scaffold_texts.make_target(target, command) for target, command in targets.items()]
    return "\n".join(blocks if "NOXLINE" in old else [scaffold_texts.MAKE_INTRO, *blocks])


def _until_blank_line(text: str) -> str:
    """Return a text with the line ends that put a blank line between it and what follows."""
    if not text:
        return ""
    return text + ("\n" if text.endswith("\n") else "\n\n")


def _targets(root: Path, facts: ProjectFacts) -> dict[str, str]:
    """Return the targets that a Makefile should have, with the command of each."""
    targets = {"ci": "ci"}
    if not isinstance(facts.tests, NotApplicable):
        own = _SESSION.findall(read_text(root / "noxfile.py") or "")
        targets["test"] = f"run {'tests' if 'tests' in own or not own else own[0]}"
    return targets


def _workflow(root: Path, text: str) -> Iterator[PlannedFile]:
    folder = root / _WORKFLOWS
    files = sorted((*folder.glob("*.yml"), *folder.glob("*.yaml")))
    if any("noxline" in (read_text(file) or "") for file in files):
        return
    taken = next((file for file in files if file.stem == "ci"), None)
    if taken is None:
        yield _new(root, f"{_WORKFLOWS}/ci.yml", text, "the pipeline on GitHub, in one line")
    else:
        old = read_text(taken) or ""
        yield _kept(root, f"{_WORKFLOWS}/{taken.name}", old, "stays as it is; add the step: - run: pipx run noxline ci")


def _new(root: Path, name: str, text: str, note: str) -> PlannedFile:
    return PlannedFile(name=name, path=root / name, old=None, new=text, note=note)


def _kept(root: Path, name: str, old: str, note: str) -> PlannedFile:
    return PlannedFile(name=name, path=root / name, old=old, new=old, note=note)
