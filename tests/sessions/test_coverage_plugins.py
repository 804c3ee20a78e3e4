"""Plug-ins that the project's coverage settings name and nothing else brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from nox.command import CommandFailed

from noxline.sessions.coverage_plugins import absent_plugins, distribution_of, has_module, install_plugins
from noxline.sessions.coverage_settings import run_settings
from tests.sessions.samples import facts


class Index:
    """A session whose installer has some distributions."""

    def __init__(self, environment: Path, *known: str) -> None:
        self.bin = str(environment / "bin")
        self.packages = environment / "lib" / "python3.11" / "site-packages"
        self.packages.mkdir(parents=True)
        self.known = known

    def install(self, name: str, **streams: Any) -> None:
        if name not in self.known:
            streams["stdout"].write(f"error: no {name}\n")
            raise CommandFailed("Returned code 1", return_code=1)
        (self.packages / f"{name.replace('-', '_')}.py").touch()


@pytest.fixture
def session(tmp_path: Path) -> Index:
    return Index(tmp_path / "env", "cov-defaults")


def configure(root: Path, *plugins: str) -> None:
    (root / ".coveragerc").write_text(f"[run]\nplugins = {','.join(plugins)}\n", encoding="utf-8")


@pytest.mark.process
def test_what_the_index_has_is_installed_and_what_it_lacks_is_left_out(
    root: Path, session: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(root, "cov_defaults", "nowhere.plugin")
    install_plugins(cast("Any", session), facts(root))
    assert has_module(Path(session.bin), "cov_defaults")
    assert "coverage's settings plugins cannot be satisfied: no nowhere" in capsys.readouterr().out
    absent = absent_plugins(facts(root), Path(session.bin))
    assert absent == ("nowhere.plugin",)
    assert "plugins = cov_defaults\n" in run_settings(facts(root), data_file="x", without=absent)


@pytest.mark.process
def test_a_plugin_that_lies_in_the_project_is_not_looked_for_in_the_index(root: Path, session: Index) -> None:
    (root / "ci").mkdir()
    (root / "ci" / "own_plugin.py").touch()
    configure(root, "own_plugin", "demo.coverage")
    assert absent_plugins(facts(root), Path(session.bin)) == ()


def test_names_of_distributions() -> None:
    assert [distribution_of(name) for name in ("covdefaults", "a_b.c", "Cython.Coverage")] == [
        "covdefaults",
        "a-b",
        "Cython",
    ]
