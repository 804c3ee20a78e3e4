"""Trace a suite of pytest, run only what a change reaches, and merge that with what is known of the rest."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

from noxline.sessions.impact_checks import METRICS, is_due, missed, read_checks, write_checks
from noxline.sessions.impact_events import events_of_tests, merge_events, reused_events
from noxline.sessions.impact_files import (
    datum_digest,
    environment_digest,
    file_digest,
    python_sources,
    source_of,
    to_watch,
    watched_files,
)
from noxline.sessions.impact_lines import ContextLines, add_reused, context_lines, without_contexts
from noxline.sessions.orders import ALL, EVERY, SELECT
from noxline.settings.facts import ProjectFacts, Runner, TestSuite
from noxline.testing.blocks import Source
from noxline.testing.carried import carry
from noxline.testing.impact import Now, Selection, select
from noxline.testing.impact_record import Record, read_record, write_record
from noxline.testing.lazy_imports import reused_units
from noxline.testing.traced import build
from noxline.testing.traces import ProcessTrace, Traced, why_not

TRACE = "NOXLINE_TRACE"
REUSE = "NOXLINE_REUSE"
ORDER = "NOXLINE_ORDER"
WATCH = "NOXLINE_WATCH"
RECORD = "impact.bin"
SAID = "selection.json"
_FOLDER = ".noxline/state/impact"


def why_untraced(facts: ProjectFacts, suite: TestSuite, posargs: Sequence[str]) -> str:
    """Return why the tests of a suite cannot be told apart; empty when they can."""
    from noxline.sessions.coverage_settings import project_settings

    if len(suite.commands) != 1 or suite.commands[0].runner is not Runner.PYTEST:
        return "the suite is not one command of pytest"
    if posargs:
        return "arguments choose the tests"
    config = project_settings(facts.root)
    if config.plugins:
        return f"coverage measures with plug-ins ({', '.join(config.plugins)})"
    if config.core not in (None, "ctrace"):
        return f"the project has coverage measure with its core {config.core}, which sees only the first test of a line"
    if not set(config.concurrency) <= {"thread", "multiprocessing"}:
        return f"coverage measures {', '.join(config.concurrency)}"
    return ""


@dataclass
class Impact:
    """One run of a suite that is traced; `name` is the session's, shard included."""

    name: str
    facts: ProjectFacts
    suite: TestSuite
    output: Path
    environment: str
    everything: bool = False
    every: int = 0
    checking: bool = False
    selection: Selection | None = None
    before: Record | None = None
    sources: dict[str, str] = field(default_factory=dict)
    watched: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """Return the project's root."""
        return self.facts.root

    @property
    def _state(self) -> Path:
        return self.root / _FOLDER / f"{self.name.replace('/', '-')}.bin"

    def begin(self) -> dict[str, str]:
        """Decide what runs; return the variables that say so."""
        self.sources = python_sources(self.root)
        self.watched = watched_files(self.root, self.facts, self.suite)
        self.before = read_record(self._state)
        if self.before is not None and not self.everything:
            self.selection = select(self.before, self._now())
            self.checking = is_due(read_checks(self._checks), self.every, os.environ)
        variables = {
            TRACE: str(self.output / "trace"),
            REUSE: "",
            ORDER: "",
            WATCH: self._written(WATCH, to_watch(self.root, self.sources, self.before)),
        }
        if self.selection is None or self.checking:
            return variables
        for name, ids in ((REUSE, self.selection.reuse), (ORDER, self.selection.files)):
            variables[name] = self._written(name, ids)
        return variables

    def _written(self, name: str, what: object) -> str:
        """Write something down for the plugin; return the path."""
        file = self.output / f"{name.lower()}.json"
        file.write_text(json.dumps(what), encoding="utf-8")
        return str(file)

    @property
    def _checks(self) -> Path:
        return self._state.with_suffix(".json")

    def _why(self) -> str:
        """Return why tests ran."""
        if self.checking:
            return "all are run now and then"
        if self.selection is None:
            return "all are asked for" if self.everything else "nothing is known of them yet"
        return self.selection.why

    def _count_checks(self, events: Mapping[str, dict[str, Any]]) -> None:
        """Keep count of runs, and of what the selection would have missed in one that ran everything."""
        if not self.every or self.selection is None or self.before is None:
            return
        checks = read_checks(self._checks).selected()
        if self.checking:
            wrong = missed(self.before, self.selection, events)
            checks = checks.checked(len(self.selection.reuse), len(wrong))
            for name in wrong:
                print(f"noxline: a selection would have missed {name}", flush=True)
            (self.output / METRICS).write_text(json.dumps(checks.metrics()), encoding="utf-8")
        write_checks(self._checks, checks)

    def _now(self) -> Now:
        known: dict[tuple[str, str], str] = {}

        def digest(kind: str, path: str) -> str:
            if (kind, path) not in known:
                known[kind, path] = datum_digest(self.root, kind, path)
            return known[kind, path]

        return Now(
            environment=self.environment,
            sources=self.sources,
            watched=self.watched,
            source=lambda name: source_of(self.root, name),
            digest=digest,
        )

    def finish(self) -> None:
        """Merge what ran with what is reused, and keep the record for the next run."""
        processes = self._processes()
        ids = {name: line for process in processes for name, line in process.reused.items()}
        found = context_lines(self.output, self.root)
        events = events_of_tests(self.output)
        whole = without_contexts(self.output)
        if ids and self.before is not None and self.selection is not None:
            units = reused_units(self.before, self.selection, ids, self._source_of)
            add_reused(whole, self.before, self.selection, self.root, units)
            order = next(process.order for process in processes if process.order)
            merge_events(self.output, reused_events(self.before, ids), order)
        whole.close()
        self._say(len(events), len(events) + len(ids))
        self._count_checks(events)
        self._keep(processes, found, reused=frozenset(ids))
        self._tidy()

    def _tidy(self) -> None:
        """Remove what only the run itself needed."""
        shutil.rmtree(self.output / "trace", ignore_errors=True)
        for name in (REUSE, ORDER, WATCH):
            (self.output / f"{name.lower()}.json").unlink(missing_ok=True)

    def _say(self, ran: int, total: int) -> None:
        """Say how many tests ran, and why."""
        said = f"ran {ran} of {total} tests: {self._why()}"
        print(f"noxline: {said}", flush=True)
        (self.output / SAID).write_text(json.dumps({"ran": ran, "of": total, "said": said}), encoding="utf-8")

    def _processes(self) -> list[ProcessTrace]:
        import msgspec

        files = sorted((self.output / "trace").glob("*.json"))
        return [msgspec.json.decode(file.read_bytes(), type=ProcessTrace) for file in files]

    def _keep(self, processes: Sequence[ProcessTrace], found: ContextLines, *, reused: frozenset[str]) -> None:
        traced = Traced(
            processes=processes,
            lines=found.lines,
            arcs=found.arcs,
            sources=self._parsed(),
            digest=lambda kind, path: datum_digest(self.root, kind, path),
            events=events_of_tests(self.output),
            environment=self.environment,
            branch=found.branch or bool(reused and self.before and self.before.branch),
            watched=self.watched,
        )
        if reused and self.before is not None and self.selection is not None:
            traced = carry(traced, self.before, self.selection, reused=reused)
        why = self._keep_record(traced, found)
        if why:
            print(f"noxline: the next run cannot select tests: {why}", flush=True)
            self._state.unlink(missing_ok=True)

    def _keep_record(self, traced: Traced, found: ContextLines) -> str:
        """Write the record; return why there is none that could be relied on."""
        why = why_not(traced) or self._why_not(found)
        if why:
            return why
        record = build(traced)
        try:
            write_record(self.output / RECORD, record)
        except UnicodeEncodeError as error:  # a Python file in such a folder
            return f"a name in the project is no text: {error.object!r}"
        write_record(self._state, record)
        return ""

    def _parsed(self) -> dict[str, tuple[str, Source]]:
        parsed = ((name, digest, self._source_of(name)) for name, digest in self.sources.items())
        return {name: (digest, source) for name, digest, source in parsed if source}

    @cached_property
    def _source_of(self) -> Callable[[str], Source | None]:
        return cache(partial(source_of, self.root))

    def _why_not(self, found: ContextLines) -> str:
        if found.outside:
            return f"an installed copy is tested, not the project's own files: {found.outside}"
        if found.unclear:
            return found.unclear
        changed = [name for name, digest in self.sources.items() if file_digest(self.root / name) != digest]
        return f"{changed[0]} changed while the tests ran" if changed else ""


def open_impact(
    facts: ProjectFacts, suite: TestSuite, output: Path, *, name: str, bin_folder: Path, posargs: Sequence[str]
) -> Impact | None:
    """Return the trace of this run when it is asked for and possible; say why where it is not."""
    asked = os.environ.get(SELECT, "")
    why = why_untraced(facts, suite, posargs) if asked else ""
    if not asked or why:
        if why:
            print(f"noxline: all tests run: {why}", flush=True)
        return None
    argv = [command.argv for command in suite.commands]
    shard = os.environ.get("NOXLINE_SHARD", "")
    return Impact(
        name=f"{name}#{shard}" if shard else name,
        facts=facts,
        suite=suite,
        output=output,
        environment=environment_digest(facts.root, facts, bin_folder=bin_folder, argv=argv),
        everything=asked == ALL,
        every=int(asked.removeprefix(EVERY)) if asked.startswith(EVERY) else 0,
    )
