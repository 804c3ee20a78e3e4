from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest
from coverage import CoverageData
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noxline.inputs.canonical import digest
from noxline.inputs.normal_coverage import Measured
from noxline.inputs.normal_text import Places

Lines = Mapping[str, frozenset[int]]
lines: st.SearchStrategy[Lines] = st.dictionaries(
    st.sampled_from(["src/a.py", "src/b.py", "lib/c.py"]), st.frozensets(st.integers(1, 40)), max_size=3
)
slow = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(folder: Path, root: str, measured: Lines, context: str = "", *, arcs: bool = False) -> Path:
    """Write a data file as coverage does."""
    path = folder / uuid.uuid4().hex
    data = CoverageData(basename=str(path))
    data.set_context(context)
    full = {f"{root}/{name}": numbers for name, numbers in measured.items()}
    if arcs:
        data.add_arcs({name: {(number, number + 1) for number in numbers} for name, numbers in full.items()})
    else:
        data.add_lines(full)
    data.touch_files(list(full))
    data.close()
    return path


def counted(root: str, *paths: Path) -> str:
    union = Measured(Places(root, f"{root}/out"))
    for path in paths:
        union.add(str(path))
    return digest(union.plain())


@slow
@given(measured=lines, arcs=st.booleans(), cut=st.integers(0, 40))
def test_how_processes_share_it_and_where_the_root_lies_means_nothing(
    tmp_path: Path, measured: Lines, arcs: bool, cut: int
) -> None:
    whole = written(tmp_path, "/home/a/p", measured, arcs=arcs)
    low = {name: frozenset(n for n in numbers if n < cut) for name, numbers in measured.items()}
    high = {name: frozenset(n for n in numbers if n >= cut) for name, numbers in measured.items()}
    parts = [written(tmp_path, "/srv/x", part, arcs=arcs) for part in (high, low)]
    assert counted("/home/a/p", whole) == counted("/srv/x", *parts) == counted("/srv/x", *parts[::-1])


@slow
@given(first=lines, second=lines, arcs=st.booleans())
def test_every_line_of_every_file_counts(tmp_path: Path, first: Lines, second: Lines, arcs: bool) -> None:
    one, other = (counted("/p", written(tmp_path, "/p", measured, arcs=arcs)) for measured in (first, second))
    assert (one == other) == (first == second)


def test_the_context_counts(tmp_path: Path) -> None:
    measured = {"src/a.py": frozenset({1})}
    one, other = (counted("/p", written(tmp_path, "/p", measured, context)) for context in ("test_a", "test_b"))
    assert one != other


def test_lines_are_no_branches(tmp_path: Path) -> None:
    measured: Lines = {"src/a.py": frozenset()}
    one, other = (counted("/p", written(tmp_path, "/p", measured, arcs=arcs)) for arcs in (True, False))
    assert one != other


def test_a_file_that_was_measured_and_never_ran_counts(tmp_path: Path) -> None:
    with_file, without = ({"src/a.py": frozenset({1}), **more} for more in ({"src/b.py": frozenset[int]()}, {}))
    assert counted("/p", written(tmp_path, "/p", with_file)) != counted("/p", written(tmp_path, "/p", without))


def test_reading_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, "/p", {"src/a.py": frozenset({1})})
    before = path.read_bytes()
    counted("/p", path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_damaged_file_is_refused_and_adds_nothing(tmp_path: Path) -> None:
    good = written(tmp_path, "/p", {"src/a.py": frozenset({1})})
    bad = written(tmp_path, "/p", {"src/b.py": frozenset({2})})
    data = sqlite3.connect(bad)
    data.execute("DROP TABLE arc")
    data.commit()
    data.close()
    union = Measured(Places("/p", "/p/out"))
    union.add(str(good))
    with pytest.raises(ValueError, match="arc"):
        union.add(str(bad))
    assert digest(union.plain()) == counted("/p", good)
