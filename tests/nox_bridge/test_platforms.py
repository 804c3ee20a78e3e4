"""What an interpreter says of itself and of its machine."""

from __future__ import annotations

import json
import os
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from noxline.errors import MachineError
from noxline.inputs import sealed
from noxline.nox_bridge.platforms import PARTS, platform_of


@pytest.mark.process
def test_an_interpreter_is_asked_once(tmp_path: Path) -> None:
    first = platform_of(Path(sys.executable), tmp_path)
    assert tuple(first) == PARTS
    assert first["python"] == f"{sys.implementation.name} {platform.python_version()}"
    assert first["os"] == sys.platform
    assert platform_of(Path(sys.executable)) == first

    file = tmp_path / "platforms"
    known: Any = sealed.load(str(file))
    sealed.save(str(file), {key: ["kept", *answer[1:]] for key, answer in known.items()})

    assert platform_of(Path(sys.executable), tmp_path)["python"] == "kept"


@pytest.mark.process
def test_several_that_ask_at_once_have_each_interpreter_asked_once(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    answer = json.dumps(["one", "abi", "os", "arch", "libc"])
    scripts = [tmp_path / name for name in ("python-a", "python-b")]
    for script in scripts:
        script.write_text(f"#!/bin/sh\necho {script.name} >> {asked}\nsleep 0.1\necho '{answer}'\n")
        script.chmod(0o755)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda script: platform_of(script, tmp_path / "state"), scripts * 4))
    assert [one["python"] for one in found] == ["one"] * 8
    assert sorted(asked.read_text().split()) == ["python-a", "python-b"]
    for script in scripts:
        platform_of(script, tmp_path / "state")
    assert sorted(asked.read_text().split()) == ["python-a", "python-b"], "both answers are kept"


@pytest.mark.process
def test_a_replaced_interpreter_and_torn_knowledge_are_asked_again(tmp_path: Path) -> None:
    script = tmp_path / "python"
    for version in ("one", "other"):
        answer = json.dumps([version, "abi", "os", "arch", "libc"])
        script.write_text(f"#!/bin/sh\necho '{answer}'\n")
        script.chmod(0o755)
        assert platform_of(script, tmp_path)["python"] == version
    (tmp_path / "platforms").write_text("{")
    assert platform_of(script, tmp_path)["python"] == "other"


@pytest.mark.process
@pytest.mark.parametrize("text", ["exit 1", "echo no"])
def test_what_is_no_interpreter_is_said(tmp_path: Path, text: str) -> None:
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)
    with pytest.raises(MachineError, match="does not say what it is"):
        platform_of(script)


def test_an_interpreter_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="not there") as caught:
        platform_of(tmp_path / "python", tmp_path)
    assert os.fspath(tmp_path) in caught.value.place
