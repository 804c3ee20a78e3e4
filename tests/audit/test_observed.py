"""From records of processes to what a task read and wrote."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from noxline.audit.observed import Observed, Record, observed, source_of


def seen(*records: str, there: Mapping[str, str] | None = None) -> Observed:
    """Return what is observed of records like `R data/a.txt`, one second after the other."""
    parsed = [Record(kind=text[0], at=float(at), name=text[2:]) for at, text in enumerate(records)]
    return observed(parsed, on_disk=lambda name: (there or {}).get(name, ""))


def test_a_file_that_the_task_wrote_before_is_no_input() -> None:
    found = seen("W out.txt", "R out.txt", "S out.txt", there={"out.txt": "file"})
    assert (found.reads, found.writes) == (frozenset(), {"out.txt"})


def test_a_file_that_was_read_first_is_an_input_and_an_output() -> None:
    found = seen("R db.sqlite", "W db.sqlite", there={"db.sqlite": "file"})
    assert (found.reads, found.writes) == ({"db.sqlite"}, {"db.sqlite"})


def test_the_order_counts_across_processes_and_not_the_order_of_the_records() -> None:
    records = [Record(kind="R", at=5.0, name="a"), Record(kind="W", at=1.0, name="a")]
    assert observed(records, on_disk=lambda _: "file").reads == frozenset()


def test_what_lies_in_a_folder_that_the_task_made_is_no_input() -> None:
    found = seen("M tmp", "L tmp", "R tmp/a", "N tmp/b", "W moved", "R moved/x")
    assert (found.reads, found.listed, found.missing) == (frozenset(), frozenset(), frozenset())


def test_files_that_came_and_went_are_nobodys() -> None:
    assert seen("W a.tmp", "D a.tmp").writes == frozenset()
    assert seen("M tmp", "W tmp/a", "D tmp/a", "D tmp").writes == frozenset()


def test_a_file_that_was_there_and_is_gone_was_changed() -> None:
    assert seen("D old.txt").writes == {"old.txt"}
    assert seen("R old.txt", "W old.txt", "D old.txt").writes == {"old.txt"}


def test_what_was_looked_for_before_the_task_made_it_is_an_output_only() -> None:
    found = seen("N out.txt", "W out.txt", there={"out.txt": "file"})
    assert (found.missing, found.writes) == (frozenset(), {"out.txt"})


def test_what_is_missing_and_folders_that_could_not_be_listed() -> None:
    assert seen("N local.cfg", "L fixtures").missing == {"local.cfg", "fixtures"}
    assert seen("L src/a.py", there={"src/a.py": "file"}).listed == frozenset()


def test_byte_code_is_its_source_and_a_folder_is_not_read() -> None:
    found = seen("R src/__pycache__/a.cpython-312.pyc", "W src/__pycache__/a.cpython-312.pyc")
    assert found.reads == {"src/a.py"}
    assert found.writes == frozenset()
    assert seen("S src", there={"src": "folder"}).reads == frozenset()


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("__pycache__/a.cpython-38.pyc", "a.py"),
        ("x/__pycache__/a.b.cpython-313.opt-1.pyc", "x/a.b.py"),
        ("x/__pycache__/t.cpython-311-pytest-8.4.1.pyc", "x/t.py"),
        ("x/alone.pyc", "x/alone.pyc"),
        ("x/y.txt", "x/y.txt"),
    ],
)
def test_sources_of_byte_code(name: str, source: str) -> None:
    assert source_of(name) == source


@pytest.mark.parametrize(
    "name",
    [".git/index", ".noxline/x", "a/.pytest_cache/x", "p.egg-info/PKG-INFO", ".venv/bin/x", "<string>", ".coverage.x"],
)
def test_what_belongs_to_tools_does_not_count(name: str) -> None:
    assert seen(f"R {name}", f"W {name}", f"N {name}-x/{name}", f"L {name}", there={name: "folder"}) == Observed()


def test_variables_that_are_set_and_those_that_are_not() -> None:
    found = seen("V A", "U B", "U A", "V *")
    assert (found.variables, found.unset) == ({"A", "*"}, {"B"})
