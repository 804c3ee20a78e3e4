"""Settings of a project: read from either place, every problem told with file, line and hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from noxline.errors import ConfigError, ExitCode
from noxline.model.gate import Rule
from noxline.settings.loader import load, rules
from noxline.settings.schema import CacheSettings, GatesSettings, PipelineSettings, Settings, StageSettings
from noxline.settings.sources import near_misses

PIPELINE = """\
python = ["3.10", "3.11"]
standard = ["tests"]
keep_runs = 5
workers = 2
[cache]
size_gb = 2
remote = "file:///srv/cache"
read_only = true
keys = ["ed25519:AAAA"]
timeout = "5s"
resolve_ttl = 0
verify_rate = 0.5
check_rate = 1
[stage.tests]
needs = ["build"]
inputs = ["src"]
outputs = ["out"]
env = ["DATABASE_URL"]
shards = "auto"
timeout = "1h30m"
retries = 1
exclusive = false
max_age = 60
reuse = false
warn_only = true
"""
GATES = '[rules]\n"complexity.max" = "< 10"\n'


def project(root: Path, **files: str) -> Path:
    """Write `config_pipeline` to config/pipeline.toml and so on."""
    names = {
        "config_pipeline": "config/pipeline.toml",
        "config_gates": "config/gates.toml",
        "pyproject": "pyproject.toml",
    }
    for key, text in files.items():
        path = root / names[key]
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def problem(root: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(root)
    assert caught.value.exit_code is ExitCode.USAGE
    return caught.value


def told(root: Path) -> tuple[str, str, str]:
    error = problem(root)
    return error.place, error.message, error.hint


def test_without_settings_everything_is_the_default(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()
    assert load(tmp_path).pipeline.keep_runs == 20


def test_reads_every_key_of_files_of_their_own(tmp_path: Path) -> None:
    settings = load(project(tmp_path, config_pipeline=PIPELINE, config_gates=GATES))
    tests = StageSettings(
        needs=("build",),
        inputs=("src",),
        outputs=("out",),
        env=("DATABASE_URL",),
        shards="auto",
        timeout=5400.0,  # type: ignore[arg-type]  # a Duration is a float
        retries=1,
        exclusive=False,
        max_age=60.0,  # type: ignore[arg-type]  # a Duration is a float
        reuse=False,
        warn_only=True,
    )
    assert all(getattr(tests, name) is not None for name in StageSettings.__struct_fields__)
    cache = CacheSettings(
        size_gb=2.0,
        remote="file:///srv/cache",
        read_only=True,
        keys=("ed25519:AAAA",),
        timeout=5.0,  # type: ignore[arg-type]  # a Duration is a float
        resolve_ttl=0.0,  # type: ignore[arg-type]  # an Age is a float
        verify_rate=0.5,
        check_rate=1.0,
    )
    assert settings.pipeline == PipelineSettings(
        python=("3.10", "3.11"), standard=("tests",), keep_runs=5, workers=2, cache=cache, stage={"tests": tests}
    )
    assert settings.gates == GatesSettings(rules={"complexity.max": "< 10"})
    assert settings.written
    assert settings.origins["pipeline"] == "config/pipeline.toml"
    assert settings.origins["pipeline.standard"] == "config/pipeline.toml:2"
    assert settings.origins["pipeline.cache.remote"] == "config/pipeline.toml:7"
    assert settings.origins["pipeline.stage.tests"] == "config/pipeline.toml:14"
    assert settings.origins["pipeline.stage.tests.needs"] == "config/pipeline.toml:15"
    assert rules(settings) == (Rule(metric="complexity.max", operator="<", bound=10, origin="config/gates.toml:2"),)


def test_reads_the_same_from_pyproject(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    separate = load(project(tmp_path / "a", config_pipeline=PIPELINE))
    inside = PIPELINE.replace("[stage.tests]", "[tool.noxline.pipeline.stage.tests]")
    inside = inside.replace("[cache]", "[tool.noxline.pipeline.cache]")
    (tmp_path / "b").mkdir()
    settings = load(project(tmp_path / "b", pyproject=f"[project]\nname = 'x'\n[tool.noxline.pipeline]\n{inside}"))
    assert settings.pipeline == separate.pipeline
    assert settings.origins["pipeline"] == "pyproject.toml:3"
    assert settings.origins["pipeline.stage.tests.shards"] == "pyproject.toml:22"


def test_one_table_in_each_place_is_fine(tmp_path: Path) -> None:
    gates = '[tool.noxline.gates.rules]\n"complexity.max" = "< 9"\n'
    settings = load(project(tmp_path, config_pipeline=PIPELINE, pyproject=gates))
    assert (settings.pipeline.workers, settings.gates.rules) == (2, {"complexity.max": "< 9"})


def test_an_empty_list_of_standard_stages_is_not_the_default(tmp_path: Path) -> None:
    assert load(project(tmp_path, config_pipeline="standard = []\n")).pipeline.standard == ()


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert load(project(tmp_path, config_pipeline="\ufeffworkers = 3\n")).pipeline.workers == 3


def test_the_same_table_in_both_places(tmp_path: Path) -> None:
    project(tmp_path, config_gates=GATES, pyproject="[project]\nname = 'x'\n\n[tool.noxline.gates]\n")
    assert told(tmp_path) == (
        "config/gates.toml",
        "the gates settings stand in two places: pyproject.toml:4 and config/gates.toml",
        "keep either config/gates.toml or [tool.noxline.gates] in pyproject.toml",
    )


@pytest.mark.parametrize("text", ["[etl]\nsteps = 3\n", "", "[rule]\n'a.b' = 1\n", "[lint]\nshards = 0\n"])
def test_a_file_without_any_of_our_keys_is_not_ours(tmp_path: Path, text: str) -> None:
    assert load(project(tmp_path, config_pipeline=text, config_gates=text)) == Settings()


def test_a_file_that_names_noxline_is_ours_whatever_its_keys(tmp_path: Path) -> None:
    project(tmp_path, config_gates="# gates of noxline\n[rule]\n'a.b' = '< 1'\n")
    assert told(tmp_path) == ("config/gates.toml:2", "unknown key 'rule'", "did you mean 'rules'?")


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("[stage.tests]\nshard = 4\n", 2, "unknown key 'shard' in [stage.tests]", "did you mean 'shards'?"),
        ("workers = 1\npyton = []\n", 2, "unknown key 'pyton'", "did you mean 'python'?"),
        (
            "workers = 1\n[lint]\nshards = 2\n",
            2,
            "unknown key 'lint'",
            "settings of a stage stand below [stage.lint]",
        ),
        (
            "workers = 1\n[tests]\nshards = 2\n",
            3,
            "unknown key 'shards' in [tests]",
            "shards belongs to one stage: write it below [stage.tests], say",
        ),
        (
            "workers = 1\ntimeout = '5m'\n",
            2,
            "unknown key 'timeout'",
            "timeout belongs to one stage: write it below [stage.tests], say",
        ),
        (
            "workers = 1\n[rules]\n",
            2,
            "unknown key 'rules'",
            "it belongs into config/gates.toml, or below [tool.noxline.gates] in pyproject.toml",
        ),
        (
            "python = [3.10]\n",
            1,
            "python must be a list of Python versions in quotes, and 3.1 is not one",
            'put versions in quotes: python = ["3.10"] (without them, 3.10 is the number 3.1)',
        ),
        (
            'python = [\n  "3.11",\n  "3.1",\n]\n',
            3,
            'python must be a list of Python versions in quotes, and "3.1" is not one',
            'did you mean "3.10"?',
        ),
        (
            'python = ["3.11.4"]\n',
            1,
            'python must be a list of Python versions in quotes, and "3.11.4" is not one',
            'did you mean "3.11"?',
        ),
        (
            'python = ["2.7"]\n',
            1,
            'python must be a list of Python versions in quotes, and "2.7" is not one',
            'noxline drives Python 3.8 and later: python = ["3.11", "3.12"]',
        ),
        (
            'python = "py311"\n',
            1,
            'python must be a list of Python versions in quotes, not "py311"',
            'write it as a list: python = ["3.11"]',
        ),
        (
            "python = []\n",
            1,
            "python must be a list of Python versions in quotes, not a list without anything in it",
            'write it like: python = ["3.11", "3.12"]',
        ),
        ('python = ["3.11", "3.11"]\n', 1, 'python names "3.11" twice', "take one of the two out"),
        ("keep_runs = 0\n", 1, "keep_runs must be a number from 1 up, not 0", "write it like: keep_runs = 20"),
        ("workers = true\n", 1, "workers must be a number from 1 up, not true", "write it like: workers = 4"),
        (
            "[stage.tests]\nshards = 0\n",
            2,
            'shards in [stage.tests] must be a number from 1 up, or "auto", not 0',
            "write it like: shards = 4",
        ),
        (
            "[stage.tests]\nretries = -1\n",
            2,
            "retries in [stage.tests] must be a number from 0 up, not -1",
            "write it like: retries = 1",
        ),
        (
            "[stage.tests]\n\ntimeout = '15 minutes'\n",
            3,
            'timeout in [stage.tests]: "15 minutes" is not a length of time',
            'write "15m"',
        ),
        (
            "[stage.tests]\nneeds = 'build'\n",
            2,
            'needs in [stage.tests] must be a list of names of stages, not "build"',
            'write it as a list: needs = ["build"]',
        ),
        (
            "[stage.tests]\nenv = ['A=1']\n",
            2,
            'env in [stage.tests] must be a list of names of environment variables, and "A=1" is not one',
            "env names variables that the result depends on; it sets none",
        ),
        (
            "[stage.tests]\nenv = {A = '1'}\n",
            2,
            "env in [stage.tests] must be a list of names of environment variables, not a table",
            'write it like: env = ["DATABASE_URL"]',
        ),
        (
            "[stage.tests]\nexclusive = 'yes'\n",
            2,
            'exclusive in [stage.tests] must be true or false, not "yes"',
            "write it like: exclusive = true",
        ),
        (
            "stage = 3\n",
            1,
            "stage must be a table for each stage, not 3",
            "write a table for each stage, like [stage.tests]",
        ),
        (
            "[stage]\ntests = 3\n",
            2,
            "stage.tests must be a table, not 3",
            "write a table for each stage, like [stage.tests]",
        ),
        (
            "[stage]\nshards = 3\n",
            2,
            "stage.shards must be a table, not 3",
            "shards belongs to one stage: write it below [stage.tests], say",
        ),
        ("[cache]\nsize_gbs = 4\n", 2, "unknown key 'size_gbs' in [cache]", "did you mean 'size_gb'?"),
        ("[cache]\nreadonly = true\n", 2, "unknown key 'readonly' in [cache]", "did you mean 'read_only'?"),
        (
            "workers = 1\nsize_gb = 4\n",
            2,
            "unknown key 'size_gb'",
            "size_gb belongs to the cache: write it below [cache]",
        ),
        ("cache = true\n", 1, "cache must be a table, not true", "write [cache] and below it lines like size_gb = 5"),
        (
            "[cache]\nsize_gb = 0\n",
            2,
            "size_gb in [cache] must be a number above 0, not 0",
            "write it like: size_gb = 5",
        ),
        (
            "[cache]\nsize_gb = inf\n",
            2,
            "size_gb in [cache] must be a number above 0, not inf",
            "write it like: size_gb = 5",
        ),
        (
            "[cache]\nremote = ''\n",
            2,
            'remote in [cache] must be an address, not ""',
            'write it like: remote = "https://cache.example.org/noxline"',
        ),
        (
            "[cache]\nread_only = 'no'\n",
            2,
            'read_only in [cache] must be true or false, not "no"',
            "write it like: read_only = true",
        ),
        (
            "[cache]\nkeys = 'k'\n",
            2,
            'keys in [cache] must be a list of public keys, not "k"',
            'write it as a list: keys = ["k"]',
        ),
        ("[cache]\nkeys = ['k', 'k']\n", 2, 'keys in [cache] names "k" twice', "take one of the two out"),
        (
            "[cache]\nresolve_ttl = -1\n",
            2,
            "resolve_ttl in [cache]: -1 is not a length of time: it must be more than 0",
            "leave the key out for no limit",
        ),
        (
            "[cache]\ntimeout = 0\n",
            2,
            "timeout in [cache]: 0 is not a length of time: it must be more than 0",
            "leave the key out for no limit",
        ),
        (
            "[cache]\nverify_rate = 2\n",
            2,
            "verify_rate in [cache] must be a number from 0 to 1, not 2",
            "write it like: verify_rate = 0.05",
        ),
        (
            "[cache]\ncheck_rate = '5%'\n",
            2,
            'check_rate in [cache] must be a number from 0 to 1, not "5%"',
            "write it like: check_rate = 0.05",
        ),
        (
            "workers = 1\n[stage.tests\n",
            2,
            "this is not valid TOML: expected ']' at the end of a table declaration",
            "the line reads: [stage.tests",
        ),
    ],
)
def test_mistakes_in_the_pipeline(tmp_path: Path, text: str, line: int, message: str, hint: str) -> None:
    assert told(project(tmp_path, config_pipeline=text)) == (f"config/pipeline.toml:{line}", message, hint)


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        (
            '[rules]\n"coverage.line_percent" = 90\n',
            2,
            "the rule for coverage.line_percent must be an operator and a number in quotes, not 90",
            'write it like: "coverage.line_percent" = ">= 90"',
        ),
        (
            '[rules]\ncomplexity.max = "< 10"\n',
            2,
            "rules.complexity is a table, not a bound",
            'put the whole name in quotes: "complexity.max" = "<= 10"',
        ),
        (
            '[rules]\n"complexity.max" = "10"\n',
            2,
            'the rule for complexity.max must be an operator and a number, not "10"',
            'write it like: "complexity.max" = "<= 10" (operators: < <= == != >= >)',
        ),
        (
            '[rules]\n"complexity.mux" = 1\n',
            2,
            "no metric is called 'complexity.mux'",
            "did you mean 'complexity.max'?",
        ),
        ("rules = []\n", 1, "rules must be a table of bounds, not a list without anything in it", ""),
    ],
)
def test_mistakes_in_the_gates(tmp_path: Path, text: str, line: int, message: str, hint: str) -> None:
    hint = hint or 'write [rules] and below it lines like "complexity.max" = "<= 10"'
    assert told(project(tmp_path, config_gates=text)) == (f"config/gates.toml:{line}", message, hint)


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("[tool.noxline.pipelin]\n", 1, "unknown key 'pipelin' in [tool.noxline]", "did you mean 'pipeline'?"),
        (
            "[tool.noxline]\nworkers = 1\n",
            2,
            "unknown key 'workers' in [tool.noxline]",
            "it belongs below [tool.noxline.pipeline]",
        ),
        (
            "[tool.noxline.deploy]\n",
            1,
            "this version of noxline does not know [tool.noxline.deploy]",
            "take it out, or use a version of noxline that has it",
        ),
        ("[tool]\nnoxline = 3\n", 2, "tool.noxline must be a table", "write [tool.noxline.pipeline]"),
        ("[tool.noxline]\ngates = 3\n", 2, "tool.noxline.gates must be a table", "write [tool.noxline.gates]"),
        (
            "[tool.noxline.pipeline.stage.docs]\ntimeout = 0\n",
            2,
            "timeout in [tool.noxline.pipeline.stage.docs]: 0 is not a length of time: it must be more than 0",
            "leave the key out for no limit",
        ),
    ],
)
def test_mistakes_in_pyproject(tmp_path: Path, text: str, line: int, message: str, hint: str) -> None:
    assert told(project(tmp_path, pyproject=text)) == (f"pyproject.toml:{line}", message, hint)


def test_all_problems_are_told_at_once_in_reading_order(tmp_path: Path) -> None:
    text = "[stage.tests]\nshards = 0\nretry = 1\n[stage.docs]\ntimeout = 'x'\n"
    project(tmp_path, config_pipeline=text, config_gates="rules = 1\n")
    error = problem(tmp_path)
    assert error.message == (
        "4 problems in the settings\n"
        "  config/gates.toml:1: rules must be a table of bounds, not 1\n"
        '    write [rules] and below it lines like "complexity.max" = "<= 10"\n'
        '  config/pipeline.toml:2: shards in [stage.tests] must be a number from 1 up, or "auto", not 0\n'
        "    write it like: shards = 4\n"
        "  config/pipeline.toml:3: unknown key 'retry' in [stage.tests]\n"
        "    did you mean 'retries'?\n"
        '  config/pipeline.toml:5: timeout in [stage.docs]: "x" is not a length of time\n'
        '    write it like "90s", "15m", "1h30m" or "24h"'
    )


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.x]\nname = '\xff'\n")
    assert told(tmp_path) == ("pyproject.toml:2", "the file is not UTF-8 text", "TOML files are UTF-8")


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("")

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    assert told(tmp_path) == ("pyproject.toml", "cannot read the file: Permission denied", "")


def test_a_file_that_is_not_ours_but_nearly_is_remarked(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "pipeline.toml").write_text("jobs = 1\n[stages.tests]\nshards = 2\n", encoding="utf-8")
    (folder / "gates.toml").write_text("[rules]\n", encoding="utf-8")
    assert near_misses(tmp_path) == (
        "config/pipeline.toml is not noxline's, it has none of its keys: is 'stages' 'stage'?",
    )
    (folder / "pipeline.toml").write_text("steps = 1\n", encoding="utf-8")
    assert near_misses(tmp_path) == ()


QUARANTINED = '[[quarantine]]\ntest = "a::b"\nreason = "#1"\nowner = "ada"\nexpires = 2026-03-31\n'


def test_the_quarantine_is_read_with_the_place_of_each_entry(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "gates.toml").write_text(QUARANTINED + "\n" + QUARANTINED.replace("a::b", "a::c"))
    settings = load(tmp_path)
    assert [(entry.test, str(entry.expires)) for entry in settings.gates.quarantine] == [
        ("a::b", "2026-03-31"),
        ("a::c", "2026-03-31"),
    ]
    assert settings.places["gates.quarantine"] == ("config/gates.toml:1", "config/gates.toml:7")


@pytest.mark.parametrize(
    ("wrong", "right", "line", "message"),
    [
        ("owner = ", "ownr = ", 4, "unknown key 'ownr' in [[quarantine]]"),
        ("2026-03-31", '"soon"', 5, 'expires in [[quarantine]] must be a date, not "soon"'),
        ('owner = "ada"\n', "", 1, "an entry of [[quarantine]] lacks owner"),
        ("[[quarantine]]", "[quarantine]", 1, "quarantine must be a table for each test, not a table"),
    ],
)
def test_mistakes_in_the_quarantine_are_named(tmp_path: Path, wrong: str, right: str, line: int, message: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "gates.toml").write_text(QUARANTINED.replace(wrong, right))
    with pytest.raises(ConfigError) as error:
        load(tmp_path)
    assert f"config/gates.toml:{line}" in f"{error.value.place} {error.value.message}"
    assert message in error.value.message


def test_retries_are_set_for_all_tests(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "pipeline.toml").write_text('[tests]\nretries = 0\nretry_time = "5m"\n')
    tests = load(tmp_path).pipeline.tests
    assert (tests.retries, tests.retry_time) == (0, 300.0)
    (tmp_path / "config" / "pipeline.toml").write_text("[tests]\nretry = 3\n")
    with pytest.raises(ConfigError, match=r"unknown key 'retry' in \[tests\]"):
        load(tmp_path)
