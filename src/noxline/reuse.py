"""Reuse in one run: decide for each task whether a stored result may stand for it, and keep what passed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from noxline.audit.harmless import FINGERPRINTED
from noxline.audit.undeclared import Declared
from noxline.cache.disk import DiskStore
from noxline.cache.ledger import Tally, append
from noxline.definitions import Definition
from noxline.engine.reuse import Terms, refusal, reuse
from noxline.errors import MachineError, NoxlineError
from noxline.fingerprints import Fingerprints
from noxline.flaky_again import has_flaky, mark_flaky, stored_place, why_again
from noxline.impact_travel import ImpactTravel
from noxline.inputs.outputs import output_digest, output_view
from noxline.last_seen import FAILED_SINCE, UNKEPT, LastSeen
from noxline.model.cache import Fingerprint, Found
from noxline.model.decision import Decision, Run
from noxline.model.task import Outcome, Status, Task
from noxline.ports import CacheStore, Environments
from noxline.results import kept_result, note_root
from noxline.splits import ran_tests
from noxline.started import Started
from noxline.tree_outputs import gather, links_in, put_back
from noxline.verification import REASON, Verifier

NO_OUTPUT = "none"
_UNKNOWN = "unknown"  # nothing that follows from such an output is reused: it is never twice the same
NEVER = "it never ran here"


class WouldRunError(NoxlineError):
    """A task would run in a rehearsal, in which none may."""


def _never(_task: str) -> bool:
    return False


@dataclass
class Reuser:
    """Decides and keeps; `place` gives the folders of a task's output and log in this run.

    `forced` tells why stages or tasks run whatever is stored of them, by name; `again` holds stored results that stand,
    but for their flaky tests, which run again.
    """

    root: Path
    definitions: Mapping[str, Definition]
    fingerprints: Fingerprints
    environments: Environments
    store: CacheStore | None
    seen: LastSeen
    place: Callable[[str], tuple[Path, Path]]
    forced: Mapping[str, str] = field(default_factory=dict)
    started: dict[str, Started] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    made: dict[str, Fingerprint] = field(default_factory=dict)
    taken: dict[str, Found] = field(default_factory=dict)
    again: dict[str, Found] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    local: DiskStore | None = None
    verifier: Verifier | None = None
    travel: ImpactTravel | None = None
    is_checked: Callable[[str], bool] = _never
    rehearses: bool = False
    ran: int = 0

    def decide(self, task: Task) -> Decision:
        """Return whether a task runs or a stored result is taken, which is then in its place already."""
        try:
            decision = self._decide(task)
        except OSError as error:  # the result of this run counts, and nobody knows on what it rests
            self.made.pop(task.name, None)
            decision = Run(reasons=(f"what its result rests on cannot be read: {error}",))
        if isinstance(decision, Run):
            if self.rehearses:
                raise WouldRunError(f"{task.name} would run: {'; '.join(decision.reasons)}")
            if self.travel is not None:
                self.travel.fetch(task)
            self.ran += 1
            self.outputs[task.name] = f"{_UNKNOWN} {os.urandom(8).hex()}"
        return decision

    def _decide(self, task: Task) -> Decision:
        needs = self.needs(task.name)
        environment, unknown = self.environments.before(task)
        made = self.fingerprints.make(task.name, environment, needs) if environment is not None else None
        if made is None:
            decision: Decision = Run(reasons=self.reasons_without_environment(task, needs, unknown))
        else:
            self.made[task.name] = made
            decision = self._by_store(task, made)
        if isinstance(decision, Run):
            patterns, index = self.definitions[task.name].patterns, self.fingerprints.index
            self.started[task.name] = Started(index.digest(patterns), needs, index.moments(patterns))
        return decision

    def _by_store(self, task: Task, made: Fingerprint) -> Decision:
        standing = self.standing_reason(task)
        if standing or self.store is None:
            return Run(reasons=(standing,))
        found = self.store.find(made.digest, self.definitions[task.name].max_age)
        if found is None:
            self.seen.keep_list(made.components["inputs"], self.fingerprints.inputs(task.name).text)
            return Run(reasons=self.seen.why(task.name, made.digest, made.components))
        refused = self.refusal(task.name, made, found)
        if refused:
            self.refused.add(task.name)
            return Run(reasons=(refused,))
        if self.verifier is not None and self.verifier.takes(task.name, found):
            return Run(reasons=(REASON,))
        return self._take(task, made, found, self.store)

    def refusal(self, task: str, made: Fingerprint, found: Found) -> str:
        """Return why a stored result may not stand for a task now, or "".

        A failure under the same fingerprint says that the result depends on something else, chance perhaps.
        """
        if made.digest in self.seen.failed:
            return FAILED_SINCE
        max_age = self.definitions[task].max_age
        return refusal(found, Terms(now=time.time(), max_age=max_age, machine=made.components["machine"]))

    def _take(self, task: Task, made: Fingerprint, found: Found, store: CacheStore) -> Decision:
        """Put a stored result where the task would have left it; the task runs where that cannot be done."""
        output, log = self.place(task.name)
        unsure = has_flaky(found)
        if unsure:
            output, log = stored_place(output)
        if not store.restore(found, output, log):
            return Run(reasons=("its stored result is damaged",))
        try:
            if put_back(self.root, self.definitions[task.name].outputs, output):
                self.fingerprints.index.refresh()  # tasks that follow may read what was put back
        except OSError as error:
            return Run(reasons=(f"its outputs cannot be put back: {error.strerror}",))
        except MachineError as error:
            return Run(reasons=(error.message,))
        if unsure:
            self.again[task.name] = found
            return Run(reasons=(why_again(output),))
        self.outputs[task.name] = found.entry.output_digest
        self.taken[task.name] = found
        if self.travel is not None and not self.rehearses:
            self.travel.taken(task, output)
        taken = reuse(found)
        self.note(task, made, "passed")
        return replace(taken, outcome=replace(taken.outcome, task=task.name, output=output, log=log))

    def reasons_without_environment(self, task: Task, needs: Mapping[str, str], unknown: str) -> tuple[str, ...]:
        """Return why a task runs whose environment is not known: what else differs, or that it is not known."""
        row = self.seen.rows.get(task.name)
        if row is None:
            return (NEVER,)
        as_before = self.made[task.name] = self.fingerprints.make(task.name, row[1]["environment"], needs)
        listed = self.fingerprints.inputs(task.name)
        self.seen.keep_list(listed.digest, listed.text)
        same = as_before.digest == row[0]
        return (unknown,) if same else self.seen.why(task.name, as_before.digest, as_before.components)

    def standing_reason(self, task: Task) -> str:
        """Return why a task runs whatever is stored of it, or ""."""
        if self.store is None:
            return "--no-cache"
        if not self.definitions[task.name].reuse:
            return "its results are never reused"
        return self._forced(task) or ("its inputs are checked" if self.is_checked(task.name) else "")

    def _forced(self, task: Task) -> str:
        return self.forced.get(task.name) or self.forced.get(task.stage, "")

    def needs(self, task: str) -> dict[str, str]:
        """Return the digests of the outputs that a task gets from others."""
        return self.with_needs(task, self.outputs)

    def with_needs(self, task: str, outputs: Mapping[str, str]) -> dict[str, str]:
        """Return those of the digests by task that this one needs; one that left nothing counts as well."""
        return {name: outputs.get(name, NO_OUTPUT) for name in self.definitions[task].needs}

    def finished(self, task: Task, outcome: Outcome) -> Outcome:
        """Take notice of the end of an attempt; keep its result when it passed and nothing changed meanwhile."""
        started = self.started.get(task.name)
        if started is None or outcome.status not in (Status.PASSED, Status.FAILED):
            self._seen_output(task, outcome)
            return outcome
        output = self.place(task.name)[0]
        real = self.environments.after(task)
        self.fingerprints.index.refresh()
        tests = ran_tests(task.shard[0], output) if task.shard else None
        made = self.made[task.name] = self.fingerprints.make(task.name, real, started.needs, tests=tests)
        mark_flaky(self.root, output, made.digest)
        view, lost = self._seen_output(task, outcome)
        started.attempts += 1
        if outcome.status is Status.PASSED or started.attempts > task.retries:  # a hit is judged by the last attempt
            outcome = self._verified(task, outcome, view)
        moments = self.fingerprints.index.moments(self.definitions[task.name].patterns)
        changed = started.changed(self.root, moments, made.components["inputs"])
        if changed:
            return replace(outcome, warnings=(*outcome.warnings, f"not kept: {changed} while it ran"))
        if outcome.status is Status.PASSED:
            return self._passed(task, made, outcome, lost)
        self.note(task, made, outcome.status.value)
        return outcome

    def _seen_output(self, task: Task, outcome: Outcome) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """Return the view of what a task left, its outputs in the project included, and links that cannot be kept.

        The tasks that need this one will be told the digest of the view.
        """
        output = self.place(task.name)[0]
        lost: tuple[str, ...] = ()
        if outcome.status is Status.PASSED:
            lost = (*gather(self.root, self.definitions[task.name].outputs, output), *links_in(output))
        view = output_view(str(output), str(self.root)) if output.is_dir() else {}
        left = output_digest(view) if view else NO_OUTPUT
        again = self.again.get(task.name) if outcome.status is Status.PASSED else None
        self.outputs[task.name] = again.entry.output_digest if again else left
        return view, lost

    def _passed(self, task: Task, made: Fingerprint, outcome: Outcome, lost: tuple[str, ...]) -> Outcome:
        """Keep the result of a task that passed, where it can be kept."""
        keeps = self.store is not None and self.definitions[task.name].reuse and not lost
        self.note(task, made, "passed" if keeps else UNKEPT)
        if keeps:
            self._keep(task, made, outcome)
        if not lost:
            return outcome
        return replace(outcome, warnings=(*outcome.warnings, f"not kept: its output {lost[0]} is a link"))

    def _verified(self, task: Task, outcome: Outcome, view: Mapping[str, str]) -> Outcome:
        """Return the outcome with a warning when a stored result, which was put to the test, says otherwise."""
        if self.verifier is None:
            return outcome
        digest, output = self.made[task.name].digest, self.place(task.name)[0]
        warning = self.verifier.verdict(task.name, digest, outcome, view, output)
        if not warning:
            return outcome
        self.refused.add(task.name)
        return replace(outcome, warnings=(*outcome.warnings, warning))

    def _keep(self, task: Task, made: Fingerprint, outcome: Outcome) -> None:
        if self.store is None or task.name in self.again:
            return
        output, log = self.place(task.name)
        note_root(output, self.root)
        kept = kept_result(
            made,
            task=task.name,
            outcome=outcome,
            output=output,
            log=log,
            inputs=self.fingerprints.inputs(task.name).text,
            output_digest=self.outputs[task.name],
        )
        unwanted = task.name in self.refused or bool(self._forced(task))
        self.store.keep(replace(kept, replaces=unwanted, max_age=self.definitions[task.name].max_age))
        if self.travel is not None:
            self.travel.kept(task, made.digest, output)

    def note(self, task: Task, made: Fingerprint, status: str) -> None:
        """Note the fingerprint of a task that ended, for the reasons of later runs."""
        self.seen.note(task.name, made.digest, made.components, status, self.fingerprints.inputs(task.name).text)

    def close(self) -> None:
        """Keep what was learnt, and finish the store, whatever the disk refuses; may raise OSError."""
        try:
            self.fingerprints.index.save()
            self.seen.save()
        finally:
            if self.store is not None:
                self.store.close()
        if self.local is not None and not self.rehearses:
            append(self.local.root, self.tally())

    def declared(self, task: Task) -> Declared:
        """Return what a task's inputs and outputs are declared, or taken, to be."""
        definition = self.definitions[task.name]
        return Declared(
            files=frozenset(self.fingerprints.inputs(task.name).names),
            patterns=definition.patterns,
            variables=(*FINGERPRINTED, *definition.variables),
            outputs=definition.outputs,
        )

    def tally(self) -> Tally:
        """Return what this run's reuse comes to."""
        return Tally(
            hits=len(self.taken),
            misses=self.ran,
            saved_seconds=sum(found.entry.seconds for found in self.taken.values()),
            verified=self.verifier.verified if self.verifier else 0,
            wrong=self.verifier.wrong if self.verifier else 0,
        )
