from __future__ import annotations

from pathlib import Path

import pytest

from noxline.errors import ConfigError, UsageError
from noxline.settings.detect.explain import explain
from noxline.settings.detect.poetry import specifier
from noxline.settings.detect.project import detect

TEST = "def test_a():\n    pass\n"


def pyproject(backend: str = "setuptools.build_meta", name: str = "my-pkg", more: str = "") -> str:
    return f'[build-system]\nrequires = ["x"]\nbuild-backend = "{backend}"\n[project]\nname = "{name}"\n{more}'


@pytest.mark.parametrize(
    ("files", "kind", "sources", "modules"),
    [
        ({"src/my_pkg/__init__.py": "", "tests/test_a.py": TEST}, "src", ("src/my_pkg",), ("my_pkg",)),
        ({"my_pkg/__init__.py": "", "docs/__init__.py": "", "setup.py": ""}, "flat", ("my_pkg",), ("my_pkg",)),
        ({"my_pkg.py": "", "test_my_pkg.py": TEST}, "module", ("my_pkg.py",), ("my_pkg",)),
        ({"src/a/__init__.py": "", "src/b.py": ""}, "src", ("src/a", "src/b.py"), ("a", "b")),
        ({"other/__init__.py": "", "scripts/__init__.py": ""}, "flat", ("other",), ("other",)),
    ],
)
def test_layouts(facts_of, files, kind, sources, modules) -> None:
    facts = facts_of({"pyproject.toml": pyproject(), **files})
    assert (facts.layout, facts.sources, facts.modules) == (kind, sources, modules)


@pytest.mark.parametrize(
    ("text", "paths", "sources"),
    [
        (pyproject("flit_core.buildapi", more='[tool.flit.module]\nname = "real"\n'), ["src/real/a.py"], ("src/real",)),
        (pyproject("flit_core.buildapi"), ["my_pkg.py"], ("my_pkg.py",)),
        ('[tool.poetry]\nname = "x"\npackages = [{ include = "a", from = "lib" }]\n', ["lib/a/b.py"], ("lib/a",)),
        (
            pyproject("hatchling.build", more='[tool.hatch.build.targets.wheel]\npackages = ["src/a", "b"]\n'),
            ["src/a/x.py", "b/x.py"],
            ("src/a", "b"),
        ),
        (
            pyproject("uv_build", more='[tool.uv.build-backend]\nmodule-name = "m"\nmodule-root = ""\n'),
            ["m/a.py"],
            ("m",),
        ),
        (pyproject("uv_build"), ["src/my_pkg/a.py"], ("src/my_pkg",)),
        (pyproject("pdm.backend", more='[tool.pdm.build]\nincludes = ["q/"]\n'), ["q/a.py"], ("q",)),
        (
            pyproject(more='[tool.setuptools]\npy-modules = ["one", "two"]\n'),
            ["one.py", "two.py"],
            ("one.py", "two.py"),
        ),
        (
            pyproject(more='[tool.setuptools.packages.find]\nwhere = ["lib"]\nexclude = ["skip*"]\n'),
            ["lib/a/x.py", "lib/skipped/x.py"],
            ("lib/a",),
        ),
        (
            pyproject("maturin", more='[tool.maturin]\npython-source = "python"\n'),
            ["python/my_pkg/a.py"],
            ("python/my_pkg",),
        ),
        (pyproject(name="ns.pkg"), ["src/ns/pkg/__init__.py"], ("src/ns/pkg",)),
    ],
)
def test_packages_that_backends_name(facts_of, text: str, paths: list[str], sources: tuple[str, ...]) -> None:
    files = dict.fromkeys(paths, "")
    assert facts_of({"pyproject.toml": text, "tests/test_a.py": TEST, "setup.cfg": "", **files}).sources == sources


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("setup(name='n', packages=find_packages('src'), package_dir={'': 'src'})", ("src/a",)),
        ("setup(name='n', py_modules=['m'])", ("m.py",)),
        ("kw = dict(name='n', packages=['f', 'f.tests', 'f.sub'])\nsetup(**kw)", ("f",)),
        ("setup(name='n', packages=['d'], package_dir={'d': 'code'})", ("code",)),
    ],
)
def test_packages_in_setup_scripts(facts_of, text: str, sources: tuple[str, ...]) -> None:
    files = {"src/a/__init__.py": "", "m.py": "", "f/__init__.py": "", "f/sub/__init__.py": "", "code/__init__.py": ""}
    assert facts_of({"setup.py": text, **files}).sources == sources


def test_packages_in_setup_cfg(facts_of) -> None:
    text = "[metadata]\nname = n\n[options]\npackages = find:\npackage_dir =\n    = src\npython_requires = >=3.10\n"
    facts = facts_of({"setup.cfg": text, "src/a/__init__.py": ""})
    assert (facts.sources, facts.pythons[0], dict(facts.origins)["sources"].line) == (("src/a",), "3.10", 4)


def test_tests_inside_the_package_are_no_source_folder(facts_of) -> None:
    facts = facts_of(
        {
            "setup.py": "setup(name='p')",
            "p/__init__.py": "",
            "p/tests/test_a.py": TEST,
            "p/test_b.py": f"import pytest\n{TEST}",
        }
    )
    assert (facts.sources, facts.test_dirs) == (("p",), ("p/test_b.py", "p/tests"))


def test_a_folder_of_scripts(facts_of) -> None:
    facts = facts_of({"a.py": "", "test_a.py": TEST, "requirements.txt": "x\n"})
    assert (facts.layout, facts.installable, facts.sources) == ("scripts", False, ("a.py",))
    assert facts.tests.sources[0][0].args == ("-r", "requirements.txt")


def test_a_workspace(facts_of) -> None:
    member = '[project]\nname = "{}"\n[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    facts = facts_of(
        {
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/c"]\n',
            "packages/a/pyproject.toml": member.format("a"),
            "packages/a/src/a/__init__.py": "",
            "packages/a/tests/test_a.py": TEST,
            "packages/b/pyproject.toml": member.format("b"),
            "packages/b/b/__init__.py": "",
            "packages/c/pyproject.toml": member.format("c"),
        }
    )
    assert facts.sources == ("packages/a/src/a", "packages/b/b")
    assert facts.test_dirs == ("packages/a/tests",)
    assert facts.tests.sources[0][0].args == ("-e", "packages/a", "-e", "packages/b")
    assert any("workspace" in note for note in facts.notes)


def test_versions_from_git_are_remarked_where_there_is_no_git(facts_of, tmp_path: Path) -> None:
    text = '[build-system]\nrequires = ["hatch-vcs"]\nbuild-backend = "hatchling.build"\n[project]\nname = "a"\n'
    files = {"pyproject.toml": text, "a/__init__.py": ""}
    assert any("version comes from git" in note for note in facts_of(files).notes)
    (tmp_path / ".git").mkdir()
    assert not any("version comes from git" in note for note in facts_of(files).notes)


def test_a_backend_in_the_tree_that_cannot_install_in_place(facts_of) -> None:
    text = (
        '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["_build_meta"]\n[project]\nname = "a"\n'
    )
    files = {"pyproject.toml": text, "a/__init__.py": "", "tests/test_a.py": TEST}
    assert not facts_of({**files, "_build_meta/own.py": "def build_wheel(): ...\n"}).tests.editable
    assert facts_of(
        {**files, "_build_meta/own.py": "def build_wheel(): ...\ndef build_editable(): ...\n"}
    ).tests.editable


@pytest.mark.parametrize(
    ("python", "classified", "envlist", "expected"),
    [
        (">=3.12", (), "", ("3.12", "3.13", "3.14")),
        (">=3.8", (), "py3{8,9,10}", ("3.8", "3.9", "3.10")),
        (">=3.9", ("3.10", "3.12"), "", ("3.10", "3.11", "3.12")),
        (">=3.9,<3.11", ("3.10", "3.12"), "", ("3.10",)),
        ("", ("3.10", "3.12"), "", ("3.10", "3.12")),
        ("", (), "", ()),
        (">=3.13.2", (), "", ("3.13", "3.14")),
        (">=3.11", ("3.7",), "", ("3.11", "3.12", "3.13", "3.14")),
    ],
)
def test_pythons(facts_of, python: str, classified, envlist: str, expected) -> None:
    lines = ", ".join(f'"Programming Language :: Python :: {version}"' for version in classified)
    more = f"classifiers = [{lines}]\n" + (f'requires-python = "{python}"\n' if python else "")
    files = {"pyproject.toml": pyproject(more=more), "my_pkg.py": ""}
    if envlist:
        files["tox.ini"] = f"[tox]\nenvlist = {envlist}\n[testenv]\n"
    assert facts_of(files).pythons == expected


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ("^1.2", ">=1.2,<2"),
        ("^0.3.1", ">=0.3.1,<0.4"),
        ("^0", ">=0,<1"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1", ">=1,<2"),
        ("*", ""),
        ("1.*", "==1.*"),
        ("1.2", "==1.2"),
        (">=1, <2", ">=1,<2"),
        (">= 1.0 <2", ">=1.0,<2"),
        ("^7 || ^8", ">=7,<9"),
        ("!=1.5", "!=1.5"),
        ("~=1.4", "~=1.4"),
    ],
)
def test_poetry_constraints_become_pep_440(constraint: str, expected: str) -> None:
    assert specifier(constraint) == expected


def test_poetry_tables(facts_of) -> None:
    text = """\
[tool.poetry]
name = "a"
[tool.poetry.group.test.dependencies]
pytest = [{ version = "^7", python = "<3.8" }, { version = "^8", python = ">=3.8" }]
x = { git = "https://example.org/x", tag = "v1" }
y = { version = "*", extras = ["z"], markers = "sys_platform == 'linux'" }
"""
    facts = facts_of(
        {"pyproject.toml": text, "a/__init__.py": "", "tests/test_a.py": TEST, "setup.py": "setup(name='a')"}
    )
    assert facts.tests.sources[0][0].args == (
        'pytest>=7,<8; python_version < "3.8"',
        'pytest>=8,<9; python_version >= "3.8"',
        "x @ git+https://example.org/x@v1",
        "y[z]; sys_platform == 'linux'",
    )


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("pyproject.toml", "[project]\nname = \n", 2),
        ("tox.ini", "[testenv]\ncommands = x\nnonsense\n", 3),
        ("setup.cfg", "key = outside\n", 1),
        ("Pipfile.lock", "{\n  x\n}", 2),
    ],
)
def test_a_broken_file_is_named_with_its_line(make, name: str, text: str, line: int) -> None:
    root = make({"setup.py": "setup(name='a')", "tests/test_a.py": TEST, name: text})
    with pytest.raises(ConfigError) as caught:
        detect(root)
    assert caught.value.place == f"{name}:{line}"
    assert caught.value.hint


def test_an_unreadable_file_is_named(make, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make({"pyproject.toml": pyproject(), "tox.ini": "[testenv]\n"})
    real = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "tox.ini":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigError, match=r"tox\.ini cannot be read: Permission denied"):
        detect(root)


def test_no_python_project(make) -> None:
    with pytest.raises(UsageError) as caught:
        detect(make({"README.md": "# x\n"}))
    assert caught.value.exit_code == 2
    assert "pyproject.toml" in caught.value.hint


def test_a_setup_script_for_another_python_is_passed_over(facts_of) -> None:
    facts = facts_of({"setup.py": "print 'python 2'\n", "a/__init__.py": ""})
    assert facts.sources == ("a",)


def test_rows_name_the_place_of_every_fact(facts_of) -> None:
    facts = facts_of(
        {
            "pyproject.toml": pyproject(more='requires-python = ">=3.13"\n'),
            "my_pkg.py": "",
            "test_a.py": TEST,
            "ruff.toml": "",
        }
    )
    rows = {what: (value, place) for what, value, place in explain(facts)}
    assert rows["project"] == ("my-pkg", "pyproject.toml:5 project.name")
    assert rows["pythons"] == ("3.13, 3.14", "pyproject.toml:6 project.requires-python")
    assert rows["lint"] == ("ruff", "ruff.toml:1")
    assert rows["hooks"] == ("no hook configuration", "")
    assert rows["tests"] == ("python -m pytest", "test_a.py")
