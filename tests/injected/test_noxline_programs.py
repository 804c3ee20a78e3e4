"""Programs of the system that read nothing but what their arguments name, and those of which nobody knows that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from noxline.sessions.measure import INJECTED

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str] | None]:
    monkeypatch.syspath_prepend(str(INJECTED))
    from _noxline_programs import files_read as function  # type: ignore[import-not-found]  # not a package of ours

    found: Callable[..., list[str] | None] = function
    return found


@pytest.mark.parametrize(
    ("program", "words", "read"),
    [
        ("cat", [], []),
        ("/bin/cat", ["a.txt", "-n", "b.txt"], ["a.txt", "b.txt"]),
        ("head", ["-n", "1", "a.txt"], ["1", "a.txt"]),
        ("echo", ["README.md"], []),
        ("sed", ["-i~", "s/$/Test/", "a.txt"], ["a.txt"]),
        ("sed", ["-n", "-E", r"s|a\|b|c|gp", "a.txt", "b.txt"], ["a.txt", "b.txt"]),
        ("sh", ["-c", "cat a.txt"], ["a.txt"]),
        ("/bin/sh", ["-c", "# what follows\nhead -n 1 a.txt\n\n  /bin/cat b.txt\nexit 3"], ["1", "a.txt", "b.txt"]),
    ],
)
def test_what_their_arguments_name_is_what_they_read(
    files_read: Callable[..., list[str] | None], program: str, words: list[str], read: list[str]
) -> None:
    assert files_read(program, words, ENV) == read


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("python3", ["-c", "print(open('a').read())"]),
        ("sh", ["script.sh"]),
        ("sh", ["-c"]),
        ("sh", ["-ec", "cat a.txt"]),
        ("sh", ["-c", "cat $FILE"]),
        ("sh", ["-c", "cat < a.txt"]),
        ("sh", ["-c", "cat *.txt"]),
        ("sh", ["-c", "cat ~/a.txt"]),
        ("sh", ["-c", "cat a.txt; python3 b.py"]),
        ("sh", ["-c", "cat a.txt && ./b"]),
        ("sh", ["-c", "cat `ls`"]),
        ("sh", ["-c", "PATH=. cat a.txt"]),
        ("sh", ["-c", "cd src\ncat a.txt"]),
        ("sh", ["-c", ". ./a.sh"]),
        ("sh", ["-c", "cat 'a.txt'"]),
        ("sh", ["-c", "cat a.txt\\\n b.txt"]),
        ("sh", ["-c", "cat() {"]),
        ("sh", ["-c", "sh -c date"]),
        ("sh", ["-c", "exit `date`"]),
        ("env", ["cat", "a.txt"]),
        ("./cat", ["a.txt"]),
        ("/tmp/own/cat", ["a.txt"]),
        ("no-such-program", []),
        ("wc", ["--files0-from=names.txt"]),
        ("sha256sum", ["-c", "sums.txt"]),
        ("wc", ["--files=names.txt"]),
        ("cat", ["--", "-x"]),
        ("sort", ["--compress-program=./x", "a.txt"]),
        ("sort", ["--random-source=r.txt", "a.txt"]),
        ("sha256sum", ["-wc", "sums.txt"]),
        ("md5sum", ["--ch", "sums.txt"]),
        ("touch", ["-rr.txt", "a.txt"]),
        ("less", ["-kf", "a.txt"]),
        ("less", ["+!date", "a.txt"]),
        ("sed", ["r other.txt", "a.txt"]),
        ("sed", ["s/a/date/e", "a.txt"]),
        ("sed", ["s/a/b/;r other.txt", "a.txt"]),
        ("sed", ["s/a/b/w out.txt", "a.txt"]),
        ("sed", ["s/a/b/\nr other.txt", "a.txt"]),
        ("sed", ["-f", "script.sed", "a.txt"]),
        ("sed", ["s/a/b/", "-e", "r other.txt", "a.txt"]),
        ("sed", ["-n"]),
    ],
)
def test_of_others_nobody_knows(files_read: Callable[..., list[str] | None], program: str, words: list[str]) -> None:
    assert files_read(program, words, ENV) is None


def test_a_program_of_that_name_somewhere_else_may_be_anything(
    files_read: Callable[..., list[str] | None], tmp_path: Path
) -> None:
    own = tmp_path / "cat"
    own.write_text("#!/usr/bin/env python3\n")
    own.chmod(0o755)
    assert files_read("cat", ["a"], {"PATH": f"{tmp_path}:/usr/bin:/bin"}) is None
    assert files_read("cat", ["a"], {"PATH": f"/usr/bin:/bin:{tmp_path}"}) == ["a"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("#!/bin/sh\ncat\n", []),
        ("#! /bin/bash\n# a note\ncat a.txt\nhead b.txt\nexit 0\n", ["a.txt", "b.txt"]),
        ('#!/bin/sh\ncat "$@"\n', None),
        ("#!/bin/sh -x\ncat\n", None),
        ("#!/usr/bin/python3\ncat\n", None),
        ("cat\n", None),
        ("#!/bin/sh\n" + "cat a.txt\n" * 2000, None),
    ],
)
def test_a_script_reads_what_its_commands_read(
    files_read: Callable[..., list[str] | None], tmp_path: Path, text: str, read: list[str] | None
) -> None:
    own = tmp_path / "less"
    own.write_text(text)
    assert files_read(str(own), ["x"], ENV) == (None if read is None else [str(own), *read])
    assert files_read("./less", ["x"], ENV) is None


def test_a_script_that_cannot_be_read_may_do_anything(
    files_read: Callable[..., list[str] | None], tmp_path: Path
) -> None:
    assert files_read(str(tmp_path / "gone"), [], ENV) is None
    (tmp_path / "binary").write_bytes(b"\x7fELF\xff\xfe")
    assert files_read(str(tmp_path / "binary"), [], ENV) is None


def test_what_a_shell_finds_in_its_variables_is_heeded(files_read: Callable[..., list[str] | None]) -> None:
    assert files_read("sh", ["-c", "cat a"], ENV) == ["a"]
    assert files_read("sh", ["-c", "cat a"], {**ENV, "BASH_FUNC_cat%%": "() { date; }"}) is None
    assert files_read("sh", ["-c", "cat a"], {**ENV, "BASH_ENV": "own.sh"}) is None


@pytest.mark.parametrize("variable", ["LESSOPEN", "LESSKEY", "LESSKEY_CONTENT", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES"])
def test_variables_by_which_more_is_read_or_run_are_heeded(
    files_read: Callable[..., list[str] | None], variable: str
) -> None:
    assert files_read("cat", ["a"], {**ENV, variable: "./own"}) is None


def test_options_in_a_variable_are_heeded(files_read: Callable[..., list[str] | None]) -> None:
    assert files_read("cat", ["a"], {**ENV, "LESS": "-R"}) == ["a"]
    assert files_read("cat", ["a"], {**ENV, "LESS": "--lesskey-src=own"}) is None


@pytest.mark.parametrize("path", [".:/usr/bin:/bin", "/usr/bin:/bin:", "tools:/usr/bin:/bin"])
def test_where_the_folder_decides_which_program_it_is_nobody_knows(
    files_read: Callable[..., list[str] | None], path: str
) -> None:
    assert files_read("cat", ["a"], {"PATH": path}) is None
    assert files_read("/bin/cat", ["a"], {"PATH": path}) == ["a"]
