"""What a run would do, told without running: run, reuse, or depends on what another task will leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from noxline.engine.plan import NOTHING_RAN
from noxline.flaky_again import FLAKY_AGAIN, has_flaky
from noxline.inputs.patterns import matcher
from noxline.model.cache import Fingerprint
from noxline.model.task import Task
from noxline.project import Project
from noxline.reuse import Reuser
from noxline.tree_outputs import to_be_put_back


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """What is foreseen of one task: `decision` is "run", "reuse", "skip" or "depends"; `reasons` say why.

    A task that depends runs unless the output of those it names comes out as it was.
    """

    decision: str
    reasons: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return it in one line: `run: src/a.py changed`."""
        word = "depends on" if self.decision == "depends" else self.decision
        joint = " " if self.decision == "depends" else ": "
        names = ", ".join(self.reasons) if self.decision == "depends" else "; ".join(self.reasons)
        return f"{word}{joint}{names}" if names else word


def foresee(project: Project, reuser: Reuser) -> dict[str, Foreseen]:
    """Return what would become of each selected task, in the order of the graph."""
    seen: dict[str, Foreseen] = {}
    ahead = _Ahead()
    for name in project.selection.tasks:
        task = project.graph.tasks[name]
        seen[name] = _one(task, reuser, seen, ahead)
    return seen


@dataclass
class _Ahead:
    """What reused tasks will leave: the digests of their outputs, and the files that they put back in the project."""

    outputs: dict[str, str] = field(default_factory=dict)
    put_back: dict[str, frozenset[str]] = field(default_factory=dict)

    def touching(self, patterns: tuple[str, ...]) -> tuple[str, ...]:
        """Return the tasks that put back something that patterns name."""
        wanted = matcher(patterns) if self.put_back else None
        return tuple(name for name, files in self.put_back.items() if wanted and any(map(wanted, files)))


def _one(task: Task, reuser: Reuser, seen: Mapping[str, Foreseen], ahead: _Ahead) -> Foreseen:
    needed = reuser.definitions[task.name].needs
    idle = _idle(task, needed, seen)
    if idle:
        return Foreseen(decision="skip", reasons=(idle,))
    waiting = tuple(name for name in needed if seen[name].decision in ("run", "depends"))
    last = _last_needs(reuser, task.name)
    needs = reuser.with_needs(task.name, {**{name: last[name] for name in waiting if name in last}, **ahead.outputs})
    waiting = tuple(dict.fromkeys((*waiting, *ahead.touching(reuser.definitions[task.name].patterns))))
    reasons = _certain(task, reuser, needs)
    if reasons:
        return Foreseen(decision="run", reasons=reasons)
    if waiting:
        return Foreseen(decision="depends", reasons=waiting)
    return _by_store(task, reuser, reuser.made[task.name], ahead)


def _idle(task: Task, needed: Sequence[str], seen: Mapping[str, Foreseen]) -> str:
    """Return why a task will have nothing to do, or ""."""
    nothing_ran = task.tolerant and needed and all(seen[name].decision == "skip" for name in needed)
    return task.skip or (NOTHING_RAN if nothing_ran else "")


def _certain(task: Task, reuser: Reuser, needs: Mapping[str, str]) -> tuple[str, ...]:
    """Return why a task runs whatever its needs leave; nothing when that decides. Its fingerprint is made besides."""
    environment, unknown = reuser.environments.before(task)
    if environment is not None:
        reuser.made[task.name] = reuser.fingerprints.make(task.name, environment, needs)
        listed = reuser.fingerprints.inputs(task.name)
        reuser.seen.keep_list(listed.digest, listed.text)
    standing = reuser.standing_reason(task)
    if standing:
        return (standing,)
    return reuser.reasons_without_environment(task, needs, unknown) if environment is None else ()


def _last_needs(reuser: Reuser, task: str) -> Mapping[str, str]:
    """Return the outputs that a task got last time, which stand for those of tasks that are still to run."""
    row = reuser.seen.rows.get(task)
    return row[1]["needs"] if row else {}


def _by_store(task: Task, reuser: Reuser, made: Fingerprint, ahead: _Ahead) -> Foreseen:
    definition = reuser.definitions[task.name]
    found = reuser.store.find(made.digest, definition.max_age) if reuser.store else None
    if found is None:
        return Foreseen(decision="run", reasons=reuser.seen.why(task.name, made.digest, made.components))
    refused = reuser.refusal(task.name, made, found)
    if refused:
        return Foreseen(decision="run", reasons=(refused,))
    if has_flaky(found):
        return Foreseen(decision="run", reasons=(FLAKY_AGAIN,))
    ahead.outputs[task.name] = found.entry.output_digest
    restored = to_be_put_back(reuser.root, reuser.definitions[task.name].outputs, found.entry.files)
    if restored:
        ahead.put_back[task.name] = restored
    return Foreseen(decision="reuse", reasons=())
