"""Combining coverage data of several Pythons, shards and kinds over the package's own source."""

from __future__ import annotations

from pathlib import Path

import pytest
from coverage import CoverageData

from noxline.sessions.coverage_data import Combined, Sources, combine, find_data
from tests.sessions.samples import facts


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    for name in (
        "src/demo/__init__.py",
        "src/demo/tests/test_a.py",
        "src/demo/lazy.py",
        "src/demo/data/x.py",
        "setup.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a = 1\nb = 2\n", encoding="utf-8")
    return Sources(facts(tmp_path, test_dirs=("src/demo/tests",)))


def lines(folder: Path, name: str, *numbers: int, suffix: str = "1") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    data = CoverageData(basename=str(folder / f"coverage.data.{suffix}"))
    data.add_lines({name: numbers})
    data.close()
    return folder


def arcs(folder: Path, name: str, *pairs: tuple[int, int]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    data = CoverageData(basename=str(folder / "coverage.data.arcs"))
    data.add_arcs({name: pairs})
    data.close()
    return folder


def union(tmp_path: Path, sources: Sources, *folders: Path) -> tuple[Combined, CoverageData]:
    combined = combine(find_data(folders), tmp_path / "all", sources)
    data = CoverageData(basename=str(tmp_path / "all"))
    data.read()
    return combined, data


def test_shards_are_united_and_inputs_kept(tmp_path: Path, sources: Sources) -> None:
    demo = str(tmp_path / "src/demo/__init__.py")
    folders = [lines(tmp_path / "a", demo, 1), lines(tmp_path / "b", demo, 2)]
    before = [path.read_bytes() for path in find_data(folders)]
    combined, data = union(tmp_path, sources, *folders)
    assert data.lines(demo) == [1, 2]
    assert combined == Combined(files=2, branch=False)
    assert [path.read_bytes() for path in find_data(folders)] == before


def test_source_that_never_ran_counts_too(tmp_path: Path, sources: Sources) -> None:
    demo = str(tmp_path / "src/demo/__init__.py")
    _, data = union(tmp_path, sources, lines(tmp_path / "a", demo, 1))
    assert {Path(name).relative_to(tmp_path).as_posix() for name in data.measured_files()} == {
        "src/demo/__init__.py",
        "src/demo/lazy.py",
    }


@pytest.mark.parametrize(
    "name",
    [
        "/env/lib/python3.12/site-packages/demo/__init__.py",
        "src/demo/__init__.py",
        "C:\\e\\site-packages\\demo\\__init__.py",
    ],
)
def test_installed_and_relative_files_belong_to_their_sources(tmp_path: Path, sources: Sources, name: str) -> None:
    _, data = union(tmp_path, sources, lines(tmp_path / "a", name, 2))
    assert data.lines(str(tmp_path / "src/demo/__init__.py")) == [2]


@pytest.mark.parametrize("name", ["src/demo/tests/test_a.py", "setup.py", "/usr/lib/python3/site-packages/other/x.py"])
def test_tests_and_other_files_are_left_out(tmp_path: Path, sources: Sources, name: str) -> None:
    combined, data = union(tmp_path, sources, lines(tmp_path / "a", name, 1))
    assert combined.files == 0
    assert data.measured_files() == set()


def test_branches_stay_when_all_data_holds_them(tmp_path: Path, sources: Sources) -> None:
    demo = str(tmp_path / "src/demo/__init__.py")
    combined, data = union(tmp_path, sources, arcs(tmp_path / "a", demo, (-1, 1), (1, 2)))
    assert combined.branch
    assert set(data.arcs(demo) or ()) == {(-1, 1), (1, 2)}


def test_data_with_and_without_branches_is_combined_by_lines(tmp_path: Path, sources: Sources) -> None:
    demo = str(tmp_path / "src/demo/__init__.py")
    combined, data = union(tmp_path, sources, arcs(tmp_path / "a", demo, (-1, 1)), lines(tmp_path / "b", demo, 2))
    assert data.lines(demo) == [1, 2]
    assert combined.notes == ("some data holds no branches: combined by lines",)


def test_an_unreadable_file_is_named_and_the_rest_counts(tmp_path: Path, sources: Sources) -> None:
    folder = lines(tmp_path / "a", str(tmp_path / "src/demo/__init__.py"), 1)
    (folder / "coverage.data.torn").write_bytes(b"torn")
    combined, _ = union(tmp_path, sources, folder)
    assert combined.files == 1
    assert combined.notes[0].startswith("coverage.data.torn is left out: ")


def test_a_single_module_is_its_own_source(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("a = 1\n", encoding="utf-8")
    sources = Sources(facts(tmp_path, sources=("one.py",), modules=("one",)))
    _, data = union(tmp_path, sources, lines(tmp_path / "a", "/e/site-packages/one.py", 1))
    assert data.lines(str(tmp_path / "one.py")) == [1]
