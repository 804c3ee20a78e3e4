"""Which commands install something."""

from __future__ import annotations

import pytest

from noxline.nox_bridge.installers import OwnRules, PipInstall, classify


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("uv pip install -e .", PipInstall("uv", ("-e", "."))),
        ("/opt/uv -q --offline pip install six", PipInstall("uv", ("six",))),
        ("python -m uv pip install six", PipInstall("uv", ("six",))),
        ("pip3.12 install six", PipInstall("pip", ("six",))),
        ("/e/bin/python3.13t -m pip --no-input install six", PipInstall("pip", ("six",))),
        (r"C:\e\Scripts\pip.exe install six", PipInstall("pip", ("six",))),
        ("uv pip sync lock.txt", OwnRules("uv pip sync")),
        ("uv pip --python x install six", OwnRules("uv pip --python")),
        ("uv sync --frozen", OwnRules("uv sync")),
        ("uv run pytest", OwnRules("uv run")),
        ("uv --directory x pip install six", OwnRules("uv --directory")),
        ("pip uninstall -y six", OwnRules("pip uninstall")),
        ("poetry -q install --with dev", OwnRules("poetry install")),
        ("pdm sync", OwnRules("pdm sync")),
        ("micromamba install six", OwnRules("micromamba install")),
        ("python setup.py develop", OwnRules("setup.py develop")),
        ("pip-sync", OwnRules("pip-sync")),
        ("uv export --frozen -o x", None),
        ("uv pip compile x", None),
        ("uv pip list", None),
        ("uv --version", None),
        ("uv", None),
        ("python -m pip --version", None),
        ("python -m pip wheel .", None),
        ("python setup.py sdist", None),
        ("python -c install", None),
        ("poetry build", None),
        ("pytest install", None),
        ("make install", None),
    ],
)
def test_commands_are_told_apart(command: str, expected: PipInstall | OwnRules | None) -> None:
    assert classify(command.split(" ")) == expected


def test_no_command_installs_nothing() -> None:
    assert classify([]) is None
