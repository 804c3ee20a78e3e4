"""Who imports whom, as the source says it and as it was seen."""

from __future__ import annotations

import ast

from noxline.testing.import_graph import Imports, closure, edges, imports_of


def read(file: str, text: str) -> Imports:
    return imports_of(file, ast.parse(text).body)


def test_names_are_read_wherever_they_stand_but_not_those_for_type_checkers() -> None:
    inner = "def f():\n    from . import g\n    from ..h import i\n"
    text = f"import a.b\nfrom c import d\nif TYPE_CHECKING:\n    import e\n{inner}"
    assert read("p/q/r.py", text).names == {"a.b", "c", "c.d", "p.q", "p.q.g", "p.h", "p.h.i"}


def test_a_name_means_every_file_that_ends_so_and_the_packages_above() -> None:
    files = {
        "t.py": read("t.py", "import demo.one"),
        "src/demo/__init__.py": read("src/demo/__init__.py", ""),
        "src/demo/one.py": read("src/demo/one.py", "from demo import two"),
        "src/demo/two.py": read("src/demo/two.py", ""),
        "other/one.py": read("other/one.py", ""),
    }
    graph = edges(files, [])
    assert graph["t.py"] == {"src/demo/__init__.py", "src/demo/one.py"}
    assert closure(["t.py"], graph) == {"t.py", "src/demo/__init__.py", "src/demo/one.py", "src/demo/two.py"}


def test_what_was_only_seen_counts_for_all_who_import_by_computed_names() -> None:
    files = {
        "a.py": read("a.py", "import importlib\nimportlib.import_module(x)"),
        "b.py": read("b.py", "__import__(x)"),
        "c.py": read("c.py", ""),
        "late.py": read("late.py", ""),
    }
    graph = edges(files, [("a.py", "late.py")])
    assert graph["a.py"] == graph["b.py"] == {"late.py"}
    assert graph["c.py"] == frozenset()


def test_conftest_files_above_belong_to_what_is_below() -> None:
    graph = {
        "tests/a/test_x.py": frozenset[str](),
        "tests/conftest.py": {"h.py"},
        "h.py": frozenset[str](),
        "o/conftest.py": (),
    }
    assert closure(["tests/a/test_x.py"], graph) == {"tests/a/test_x.py", "tests/conftest.py", "h.py"}
