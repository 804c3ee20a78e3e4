"""What a session installed, written so that it holds on every machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from noxline.nox_bridge.installs import (
    CannotResolveAheadError,
    Installs,
    Step,
    forget_installs,
    from_plain,
    installs_file,
    installs_of,
    named_files,
    step_of,
    with_files,
    write_installs,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "p" / "sub").mkdir(parents=True)
    return tmp_path / "p"


def step(root: Path, *words: str, directory: str = "", **environ: str) -> Step:
    return step_of(
        "uv", words, root=root, directory=root / directory, environ=environ, environment=root / ".noxline/envs/t"
    )


def test_paths_of_the_project_are_relative_to_where_the_step_ran(root: Path) -> None:
    found = step(root, "-r", str(root / "r.txt"), "-e", str(root), "-e", str(root / "lib"), "x", directory="sub")
    assert found == Step(tool="uv", args=("-r", "../r.txt", "-e", "..", "-e", "../lib", "x"), directory="sub")


def test_a_folder_keeps_looking_like_one(root: Path) -> None:
    assert step(root, str(root / "lib"), ".[x]").args == ("./lib", ".[x]")


def test_files_elsewhere_and_noxlines_own_are_kept_by_content(root: Path) -> None:
    own = root / ".noxline" / "envs" / "t" / "tmp" / "r.txt"
    own.parent.mkdir(parents=True)
    own.write_text("six==1.16\n")
    other = root.parent / "c.txt"
    other.write_text("attrs<25\n")
    found = step(root, "-r", str(own), "-c", str(other))
    assert found.args == ("-r", "<file 0>", "-c", "<file 1>")
    assert found.files == ("six==1.16\n", "attrs<25\n")

    words = with_files(found, root)

    assert [Path(word).read_text() for word in words[1::2]] == list(found.files)


def test_its_own_environment_may_be_named(root: Path) -> None:
    environment = root / ".noxline/envs/t"
    for place in (environment, environment / "bin" / "python"):
        assert step(root, "--python", str(place), "six").args == ("six",)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (("--python", "/usr/bin/python3", "six"), "another environment"),
        (("../lib",), "lib from outside the project"),
        (("-r", "/nowhere/r.txt"), r"r\.txt cannot be read"),
        (("--nonsense",), "does not know the install option --nonsense"),
        (("-i", "https://me:secret@e.org/simple", "six"), "credentials"),  # pragma: allowlist secret - made up
        (("a @ https://token@e.org/a.whl",), "credentials"),
        (("-r", "pylock.toml"), "installed as it is"),
    ],
)
def test_what_only_an_installation_tells(root: Path, words: tuple[str, ...], cause: str) -> None:
    with pytest.raises(CannotResolveAheadError, match=cause) as caught:
        step(root, *words)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "cause"),
    [("-r other.txt\n", "includes other files"), ("#" * 500_000, "too large"), ("a @ https://u:p@e.org/a\n", "creden")],
)
def test_files_that_cannot_be_kept(root: Path, text: str, cause: str) -> None:
    file = root.parent / "r.txt"
    file.write_text(text)
    with pytest.raises(CannotResolveAheadError, match=cause):
        step(root, "-r", str(file))


def test_credentials_in_variables_are_never_kept(root: Path) -> None:
    with pytest.raises(CannotResolveAheadError, match="credentials"):
        step(root, "six", UV_INDEX="https://u:p@e.org/")


def test_git_over_ssh_has_no_secret(root: Path) -> None:
    assert step(root, "git+ssh://git@e.org/a").args == ("git+ssh://git@e.org/a",)


def test_a_step_outside_the_project_is_not_foreseen(root: Path) -> None:
    with pytest.raises(CannotResolveAheadError, match="a folder outside"):
        step(root, "six", directory="..")


def test_the_note_is_read_as_it_was_written_and_forgotten(root: Path) -> None:
    environment = root / "t"
    installs = Installs(
        steps=(Step(tool="pip", args=("-r", "<file 0>"), directory="a", files=("six",), environ={"UV_INDEX": "x"}),),
        seeds={"pip": ""},
        obstacle="why",
    )
    write_installs(environment, installs)
    assert installs_of(environment) == installs
    forget_installs(environment)
    assert installs_of(environment) is None
    forget_installs(environment)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": 2, "steps": [], "seeds": {}, "obstacle": ""}'])
def test_a_torn_or_foreign_note_is_none(root: Path, text: str) -> None:
    installs_file(root / "t").write_text(text)
    assert installs_of(root / "t") is None


@pytest.mark.parametrize("change", [{"steps": 1}, {"steps": [{}]}, {"seeds": []}, {"schema": 9}])
def test_other_data_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no list|another version"):
        from_plain({**Installs().to_plain(), **change})


def test_files_that_steps_name_are_relative_to_the_root() -> None:
    steps = (
        Step(tool="uv", args=("-r", "../a.txt", "-c", "b.txt", "-f", "wheels"), directory="sub"),
        Step(tool="uv", args=("-r", "<file 0>", "--overrides", "o.txt"), files=("six",)),
    )
    assert named_files(Installs(steps=steps)) == ["a.txt", "o.txt", "sub/b.txt"]


def test_a_note_that_cannot_be_written_is_as_none(root: Path) -> None:
    (root / "file").touch()
    write_installs(root / "file" / "t", Installs())
    assert installs_of(root / "file" / "t") is None
