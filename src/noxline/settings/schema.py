"""The settings of a project as types; the editor's JSON Schema and the error messages follow from them.

`description` is what an editor shows; `expects` is how an error message says what belongs there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from noxline.settings.durations import Age, Duration, parse_age, parse_duration

_PYTHON = r"^3\.([89]|[1-9][0-9])$"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _meta(description: str, expects: str, example: str) -> Meta:
    return Meta(description=description, extra={"expects": expects, "example": example})


PythonVersion = Annotated[str, Meta(pattern=_PYTHON)]
VariableName = Annotated[str, Meta(pattern=_VARIABLE)]
Text = Annotated[str, Meta(min_length=1)]
Texts = tuple[Text, ...]
Count = Annotated[int, Meta(ge=1)]


class StageSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one stage runs; what is left out stays as noxline or the noxfile has it."""

    needs: Annotated[
        Texts | None,
        _meta("Stages that must pass before this one starts.", "a list of names of stages", '["build"]'),
    ] = None
    inputs: Annotated[
        Texts | None,
        _meta(
            "Files, folders and globs that the result depends on; without a wildcard: a file or a whole folder.",
            "a list of files, folders and globs",
            '["src", "tests", "pyproject.toml"]',
        ),
    ] = None
    outputs: Annotated[
        Texts | None,
        _meta(
            "Files and folders that the stage writes into the project.",
            "a list of files and folders",
            '["docs/_build"]',
        ),
    ] = None
    env: Annotated[
        tuple[VariableName, ...] | None,
        _meta(
            "Names of environment variables that the result depends on; it sets none.",
            "a list of names of environment variables",
            '["DATABASE_URL"]',
        ),
    ] = None
    shards: Annotated[
        Count | Literal["auto"] | None,
        _meta(
            'Number of parts the tests are split into; "auto": one for each CPU.', 'a number from 1 up, or "auto"', "4"
        ),
    ] = None
    timeout: Annotated[
        Duration | None,
        _meta("Longest time a task of the stage may take.", "a length of time", '"15m"'),
    ] = None
    retries: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        _meta("How often a failed task is run again, as a whole.", "a number from 0 up", "1"),
    ] = None
    exclusive: Annotated[
        bool | None,
        _meta("Run alone on the machine, as benchmarks want it.", "true or false", "true"),
    ] = None
    max_age: Annotated[
        Duration | None,
        _meta("Longest time a result may be reused.", "a length of time", '"24h"'),
    ] = None
    reuse: Annotated[
        bool | None,
        _meta("false: never reuse an earlier result.", "true or false", "false"),
    ] = None
    warn_only: Annotated[
        bool | None,
        _meta("A failure of the stage is shown and fails nothing.", "true or false", "true"),
    ] = None


class CacheSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where results are kept and from whom they are taken."""

    size_gb: Annotated[
        Annotated[float, Meta(gt=0, le=1_000_000)],  # TOML knows inf, which is no size
        _meta("How much the local store may hold; the least recently used goes first.", "a number above 0", "5"),
    ] = 5.0
    remote: Annotated[
        Text | None,
        _meta(
            "A store shared with others: http(s)://, s3://, gs://, az:// or file://.",
            "an address",
            '"https://cache.example.org/noxline"',
        ),
    ] = None
    read_only: Annotated[
        bool,
        _meta("Take from the remote store and give nothing to it.", "true or false", "true"),
    ] = False
    keys: Annotated[
        Texts,
        _meta(
            "Public keys whose entries are accepted from others (noxline cache keygen).",
            "a list of public keys",
            '["ed25519:…"]',
        ),
    ] = ()
    timeout: Annotated[
        Duration | None,
        _meta("Longest time that one request to the remote store may take; default: 10s.", "a length of time", '"5s"'),
    ] = None
    resolve_ttl: Annotated[
        Age | None,
        _meta(
            "How long a resolved set of distributions is taken as current; default: 24h; 0: it is resolved each time.",
            "a length of time, or 0",
            '"24h"',
        ),
    ] = None
    verify_rate: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        _meta(
            "Share of hits that run all the same, to compare; default: 0, and 0.02 in CI.",
            "a number from 0 to 1",
            "0.05",
        ),
    ] = None
    check_rate: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        _meta(
            "Share of tasks whose inputs are checked as they run; default: 0, and 0.02 in CI.",
            "a number from 0 to 1",
            "0.05",
        ),
    ] = None


class TestsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tests run, and what noxline makes of those that fail."""

    __test__ = False  # for pytest, which would collect a class of this name

    retries: Annotated[
        Annotated[int, Meta(ge=0)],
        _meta(
            "How often a failed test is run again alone, to tell a flaky one from a broken one; 0: never.",
            "a number from 0 up",
            "2",
        ),
    ] = 2
    select: Annotated[
        bool,
        _meta(
            "Run only the tests that a change can reach and reuse the others, each by itself; default: false.",
            "true or false",
            "true",
        ),
    ] = False
    full_run_every: Annotated[
        int,
        _meta(
            "With `select`: each one of so many runs on a protected branch or for a release runs all tests, and counts "
            "what a selection would have missed; 0: none does; default: 10.",
            "a whole number",
            "5",
        ),
    ] = 10
    retry_time: Annotated[
        Duration | None,
        _meta(
            "Longest time for running tests again; default: a quarter of the suite's time, at least a minute.",
            "a length of time",
            '"5m"',
        ),
    ] = None


class QuarantineSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test whose failure does not count for a while."""

    test: Annotated[
        Text,
        _meta(
            "The test's id; without parameters all of them, a class or a file all tests in it.",
            "the id of a test",
            '"tests/test_mail.py::test_send"',
        ),
    ]
    reason: Annotated[Text, _meta("Why it is there: a link to the issue, say.", "a text", '"times out, #123"')]
    owner: Annotated[Text, _meta("Who mends it.", "a name", '"ada"')]
    expires: Annotated[
        date,
        _meta("The last day on which its failure does not count.", "a date", "2026-03-31"),
    ]

    def covers(self, test: str) -> bool:
        """Tell whether a test is meant."""
        return test == self.test or test.startswith((f"{self.test}[", f"{self.test}::"))


class PipelineSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stages of the pipeline and how they run: config/pipeline.toml or [tool.noxline.pipeline]."""

    python: Annotated[
        Annotated[tuple[PythonVersion, ...], Meta(min_length=1)] | None,
        _meta(
            "Pythons of the test matrix; default: those that the project declares.",
            "a list of Python versions in quotes",
            '["3.11", "3.12"]',
        ),
    ] = None
    standard: Annotated[
        Texts | None,
        _meta(
            "Standard stages to add; default: all that apply; []: only the project's own sessions.",
            "a list of names of standard stages",
            '["tests", "security"]',
        ),
    ] = None
    keep_runs: Annotated[
        Count,
        _meta("How many runs are kept under .noxline/runs.", "a number from 1 up", "20"),
    ] = 20
    workers: Annotated[
        Count | None,
        _meta("CPUs to use at most; default: all that there are.", "a number from 1 up", "4"),
    ] = None
    tests: Annotated[
        TestsSettings,
        _meta("Which tests run, and what is done about those that fail.", "a table", "[tests]"),
    ] = TestsSettings()
    cache: Annotated[
        CacheSettings,
        _meta("Where results are kept and from whom they are taken.", "a table", "[cache]"),
    ] = CacheSettings()
    stage: Annotated[
        dict[str, StageSettings],
        _meta("One table for each stage.", "a table for each stage", "[stage.tests]"),
    ] = {}


class GatesSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must hold for the run to pass: config/gates.toml or [tool.noxline.gates]."""

    rules: Annotated[
        dict[str, str],
        _meta("A bound for each metric.", "a table of bounds", '"coverage.line_percent" = ">= 90"'),
    ] = {}
    quarantine: Annotated[
        tuple[QuarantineSettings, ...],
        _meta("Tests whose failures do not count until they expire.", "a table for each test", "[[quarantine]]"),
    ] = ()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a project.

    `written`: the project has settings of noxline's at all. `origins` says for each dotted key
    ("pipeline.stage.tests.shards", "gates.rules.complexity.max", and "pipeline" or "gates" for the table itself)
    where it stands ("config/pipeline.toml:12"). `places` says so for the tables of an array ("gates.quarantine").
    """

    pipeline: PipelineSettings = field(default_factory=PipelineSettings)
    gates: GatesSettings = field(default_factory=GatesSettings)
    written: bool = False
    origins: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


TABLES: Mapping[str, type[Struct]] = {"pipeline": PipelineSettings, "gates": GatesSettings}


def decode_custom(kind: type, value: object) -> object:
    """Decode the types that msgspec does not know: lengths of time."""
    if kind is Duration:
        return parse_duration(value)
    if kind is Age:
        return parse_age(value)
    raise NotImplementedError(f"no decoder for {kind.__name__}")
