from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Noxline

pytestmark = pytest.mark.process


def test_init_shows_the_diff_and_writes_nothing_unasked(noxline: Noxline, project: Path) -> None:
    before = sorted(project.rglob("*"))
    ended = noxline("init")
    assert ended.code == 2
    assert "\n+++ b/noxfile.py\n" in ended.out
    assert ended.err == (
        "noxline: error: nothing was written: there is no terminal to ask on\n  hint: noxline init --yes\n"
    )
    assert sorted(project.rglob("*")) == before


def test_init_writes_with_yes_and_then_has_nothing_to_do(noxline: Noxline, project: Path) -> None:
    ended = noxline("init", "--yes")
    assert ended.code == 0
    assert ended.out.splitlines()[-1].startswith("wrote noxfile.py, ")
    assert (project / "noxfile.py").is_file()
    again = noxline("init", "--yes")
    assert (again.code, again.out) == (0, "nothing to do: everything that noxline init writes is there\n")


def test_init_as_json_plans_and_with_yes_writes(noxline: Noxline, project: Path) -> None:
    planned = json.loads(noxline("init", "--json").out)
    assert planned["written"] == []
    assert {"noxfile.py"} <= {file["name"] for file in planned["files"] if file["changes"]}
    assert not (project / "noxfile.py").exists()
    written = json.loads(noxline("init", "--json", "--yes").out)["written"]
    assert "noxfile.py" in written


def test_doctor_names_each_check_and_its_remedy(noxline: Noxline) -> None:
    document = json.loads(noxline("doctor", "--json").out)
    names = {check["name"] for check in document["checks"]}
    assert {"git", "uv", "nox"} <= names
    ended = noxline("doctor")
    missing = any(check["status"] == "missing" for check in document["checks"])
    assert ended.code == (2 if missing else 0)
    assert [line for line in ended.out.splitlines() if " git " in line]
    for check in document["checks"]:
        if check["fix"] and check["status"] != "ok":
            assert f"mend: {check['fix']}".replace(str(Path.cwd()), "") in ended.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(noxline: Noxline, shell: str) -> None:
    ended = noxline("completion", shell)
    assert ended.code == 0
    assert "_NOXLINE_COMPLETE" in ended.out
    assert noxline("completion", "tcsh").code == 2
