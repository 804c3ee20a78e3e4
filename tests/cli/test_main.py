from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from noxline.version import __version__
from tests.cli.conftest import LAUNCH, Noxline

pytestmark = pytest.mark.process


def test_version(noxline: Noxline) -> None:
    ended = noxline("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"noxline {__version__}\n", "")
    assert noxline("-C", ".", "--version").out == f"noxline {__version__}\n"


def test_an_error_names_place_and_hint_and_exits_with_its_code(noxline: Noxline) -> None:
    ended = noxline("ci", FAKE="config")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "noxline: error: unknown key 'shard'\n  at config/pipeline.toml:3\n  hint: did you mean 'shards'?\n"
    )


def test_with_json_an_error_is_the_one_document(noxline: Noxline) -> None:
    ended = noxline("ci", "--json", FAKE="config")
    assert ended.code == 2
    assert json.loads(ended.out) == {
        "schema": 1,
        "exit_code": 2,
        "error": {
            "message": "unknown key 'shard'",
            "place": "config/pipeline.toml:3",
            "hint": "did you mean 'shards'?",
        },
    }


def test_json_after_the_separator_is_not_ours(noxline: Noxline) -> None:
    assert (
        noxline("run", "tests", FAKE="config").out == noxline("run", "tests", "--", "--json", FAKE="config").out == ""
    )


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("plam",), "there is no command called 'plam'", "did you mean 'plan'?"),
        (("ci", "--xyzzy"), "No such option '--xyzzy'.", "noxline ci --help"),
        (("ci", "-j", "0"), "Invalid value for '-j' / '--jobs': 0 is not in the range x>=1.", "noxline ci --help"),
        (("ci", "-q", "-v"), "-q and -v exclude each other", ""),
        (("run",), "nothing to run was named", "noxline run STAGE..., or noxline run --failed"),
        (("run", "--failed", "lint"), "--failed takes the stages from the last run", "leave the names out"),
        (("gate", "none"), "there is no earlier run in this project", "start with: noxline ci"),
    ],
)
def test_wrong_usage_is_one_message_and_exit_code_2(
    noxline: Noxline, arguments: tuple[str, ...], message: str, hint: str
) -> None:
    ended = noxline(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"noxline: error: {message}\n" + (f"  hint: {hint}\n" if hint else "")


def test_a_bug_is_exit_code_5_with_its_traceback_in_a_file(noxline: Noxline, project: Path) -> None:
    (project / ".noxline").mkdir()
    ended = noxline("ci", FAKE="crash")
    (saved,) = (project / ".noxline").glob("crash-*.txt")
    assert (ended.code, ended.out) == (5, "")
    assert ended.err == (
        f"noxline: error: a bug in noxline: ZeroDivisionError: a bug\n  at PROJECT/.noxline/{saved.name}\n"
        "  hint: please report it\n"
    )
    assert "ZeroDivisionError: a bug" in saved.read_text(encoding="utf-8")


def test_a_bug_before_there_is_a_state_folder_is_saved_among_temporary_files(noxline: Noxline, tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    ended = noxline("ci", FAKE="crash", TMPDIR=str(folder))
    (saved,) = folder.glob("crash-*.txt")
    assert f"at PROJECT/temporary/{saved.name}" in ended.err


def test_a_full_disk_is_no_bug(noxline: Noxline) -> None:
    ended = noxline("ci", FAKE="full")
    assert ended.code == 2
    assert ended.err == (
        "noxline: error: the machine refuses: No space left on device\n  at /full/disk\n"
        "  hint: free some space on the disk\n"
    )


@pytest.mark.parametrize("how", ["interrupt", "terminate", "hang-up"])
def test_an_interrupt_is_exit_code_130_without_a_traceback(noxline: Noxline, how: str) -> None:
    ended = noxline("ci", FAKE=how)
    assert (ended.code, ended.out) == (130, "")
    assert ended.err.strip() == "noxline: interrupted"


def test_another_directory(noxline: Noxline, project: Path) -> None:
    (project / "inner").mkdir()
    assert noxline("-C", "inner", "ci").code == 0
    assert (project / "inner" / "asked.txt").is_file()
    ended = noxline("-C", "nowhere", "ci")
    assert ended.code == 2
    assert "Directory 'nowhere' does not exist" in ended.err


def test_a_reader_that_leaves_early_is_no_error(noxline: Noxline, project: Path) -> None:
    noxline("ci", FAKE="fail")
    log = next(project.glob(".noxline/runs/*/tasks/types/log.txt"))
    log.write_text("x" * 2_000_000, encoding="utf-8")
    command = [sys.executable, str(LAUNCH), "logs", "types"]
    with subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_help_names_every_command_and_does_not_import_them(noxline: Noxline) -> None:
    from noxline.cli.group import COMMANDS

    ended = noxline("--help")
    assert ended.code == 0
    assert [line.split()[0] for line in ended.out.partition("Commands:\n")[2].splitlines()] == list(COMMANDS)


def test_every_command_has_help() -> None:
    from click.testing import CliRunner

    from noxline.cli.cache import COMMANDS as OF_THE_CACHE
    from noxline.cli.group import COMMANDS, cli

    for name in (*([name] for name in COMMANDS), *(["cache", name] for name in OF_THE_CACHE)):
        shown = CliRunner().invoke(cli, [*name, "--help"])
        assert shown.exit_code == 0, shown.output
        first = shown.output.splitlines()[2].strip()
        assert first, name


@pytest.mark.parametrize("arguments", [("--version",), ("--help",)])
def test_the_quick_answers_import_nothing_heavy(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "noxline", *arguments]
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=unmeasured)
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "noxline" in imported
    heavy = {"rich", "msgspec", "nox", "xml", "coverage", "packaging", "hypothesis"}
    assert imported & heavy == set()
    assert arguments == ("--help",) or "click" not in imported
