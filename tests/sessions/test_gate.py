"""Sessions under noxline stop between what they install and what they do."""

from __future__ import annotations

import importlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from noxline.sessions import gate
from noxline.sessions.catalog import STANDARD
from noxline.sessions.gate import pass_gate
from tests.sessions.samples import EndedError, FakeSession, facts, tool


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a gate that the environment names."""
    path = tmp_path / "gate"
    path.mkdir()
    monkeypatch.setenv("NOXLINE_GATE", str(path))
    return path


def test_without_a_gate_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOXLINE_GATE", raising=False)
    pass_gate(FakeSession())


def test_a_session_waits_at_its_gate_until_it_may_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_CPUS", "1")
    waiting = threading.Thread(target=pass_gate, args=(FakeSession(),), daemon=True)
    waiting.start()
    end = time.monotonic() + 10
    while not (folder / "prepared").exists():
        assert time.monotonic() < end
        time.sleep(0.005)
    waiting.join(0.2)
    assert waiting.is_alive()
    draft = folder / "draft"
    draft.write_text(json.dumps({"DEMO_CPUS": "4"}), encoding="utf-8")
    draft.rename(folder / "go")
    waiting.join(10)
    assert not waiting.is_alive()
    assert os.environ["DEMO_CPUS"] == "4"
    assert "NOXLINE_GATE" not in os.environ, "what the session starts has no gate"


def test_a_session_that_noxline_left_behind_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parents = iter([100, 100, 100, 1])
    monkeypatch.setattr(gate.os, "getppid", lambda: next(parents))
    with pytest.raises(EndedError, match="noxline is gone"):
        pass_gate(FakeSession())
    assert (folder / "prepared").exists()


class Order:
    """Notes in which order a session installs, passes its gate and runs commands."""

    def __init__(self, session: FakeSession) -> None:
        self.steps: list[str] = []
        install, run = session.install, session.run
        session.install = self._noting("install", install)  # type: ignore[method-assign]
        session.run = self._noting("run", run)  # type: ignore[method-assign]

    def _noting(self, step: str, call: Any) -> Any:
        def noting(*args: Any, **kwargs: Any) -> Any:
            self.steps.append(step)
            return call(*args, **kwargs)

        return noting

    def gate(self, _session: object) -> None:
        self.steps.append("gate")


@pytest.mark.parametrize("name", [stage.name for stage in STANDARD])
@pytest.mark.parametrize("install_only", [False, True])
def test_every_standard_session_passes_its_gate_once_after_installing(
    name: str, install_only: bool, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(f"noxline.sessions.{name}")
    session = FakeSession(install_only=install_only)
    order = Order(session)
    install = order._noting("install", lambda *_, **__: None)
    for function in ("install_tool", "install_first", "install_safety", "_install"):
        if hasattr(module, function):
            monkeypatch.setattr(module, function, install)
    for place in ("noxline.sessions.tools", f"noxline.sessions.{name}"):
        if hasattr(importlib.import_module(place), "pass_gate"):
            monkeypatch.setattr(f"{place}.pass_gate", order.gate)
    configured = {
        "lint": tool("ruff", "ruff", "check"),
        "types": (tool("mypy"),),
        "docs": tool("mkdocs"),
        "hooks": tool("prek"),
        "benchmarks": tool("pytest"),
    }
    try:
        getattr(module, f"run_{name}")(session, facts(root, **configured))
    except Exception:  # noqa: BLE001 - commands that do nothing leave no reports; the order up to there is what counts
        assert not install_only
    assert order.steps.count("install") >= 1
    if install_only:
        assert set(order.steps) == {"install"}
        return
    at = order.steps.index("gate")
    assert order.steps.count("gate") == 1
    assert set(order.steps[:at]) == {"install"}
    assert "install" not in order.steps[at:]
