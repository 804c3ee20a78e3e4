import ast
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def cold() -> ModuleType:
    spec = spec_from_file_location("cold", Path(__file__).parents[2] / "benchmarks" / "cold.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["cold"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def task(name: str, seconds: float, *needs: str) -> dict[str, object]:
    return {"name": name, "seconds": seconds, "needs": list(needs)}


def test_the_critical_path_is_the_longest_chain_not_the_longest_task(cold: ModuleType) -> None:
    tasks = [task("a", 2), task("b", 3, "a"), task("c", 4), task("d", 1, "b", "c"), task("e", 1, "not run")]
    assert cold.critical_path(tasks) == 6
    assert cold.critical_path([]) == 0


def test_the_bound_is_the_larger_of_both(cold: ModuleType) -> None:
    figures = cold.Figures(noxline=30, critical_path=10, cpu_per_core=25, nox=40, cores=2, tasks=12, load=3.2)
    assert (figures.bound, figures.over_bound, figures.over_nox) == (25, 1.2, 0.75)
    text = cold.table(figures)
    assert "the machine was busy (load 3.2)" in text
    assert [float(n) for n in re.findall(r" (\d+\.\d) s", text)] == [30.0, 10.0, 25.0, 40.0]


@pytest.mark.process
def test_the_suite_is_as_long_as_it_says(cold: ModuleType, tmp_path: Path) -> None:
    cold.make_project(tmp_path, seconds=20, sleep=0.25, shards=2)
    lists = [
        ast.literal_eval(found)
        for path in tmp_path.glob("tests/test_*.py")
        for found in re.findall(r"(\[.*\])\)\ndef", path.read_text())
    ]
    assert sum(map(sum, lists)) == pytest.approx(20, rel=0.01)
    assert (tmp_path / ".git").is_dir()
    assert "shards = 2" in (tmp_path / "config" / "pipeline.toml").read_text()
    for path in tmp_path.rglob("*.py"):
        compile(path.read_text(), path, "exec")
