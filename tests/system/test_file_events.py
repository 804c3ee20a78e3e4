from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from noxline.errors import UsageError
from noxline.system.file_events import batches, is_available


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_changes_come_in_batches_and_what_tools_write_does_not(tmp_path: Path, stop: threading.Event) -> None:
    pytest.importorskip("watchfiles")
    (tmp_path / ".noxline").mkdir()
    found: list[str] = []
    done = threading.Event()

    def listen() -> None:
        for batch in batches(tmp_path, stop):
            found.extend(batch)
            if any(path.endswith("last") for path in found):
                done.set()

    threading.Thread(target=listen, daemon=True).start()
    for number in range(200):  # until the system watches, and then is seen to
        (tmp_path / ".noxline" / f"{number}").write_text("x", encoding="utf-8")
        (tmp_path / f"{number}").write_text("x", encoding="utf-8")
        if found:
            break
        threading.Event().wait(0.1)
    (tmp_path / "last").write_text("x", encoding="utf-8")
    assert done.wait(20)
    assert not [path for path in found if ".noxline" in Path(path).parts]


def test_without_watchfiles_it_says_what_to_install(
    tmp_path: Path, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(UsageError, match="watchfiles, which is not installed") as raised:
        next(iter(batches(tmp_path, stop)))
    assert raised.value.hint == "pip install 'noxline[watch]'"


def test_whether_it_is_there_can_be_asked_without_importing_it() -> None:
    assert isinstance(is_available(), bool)
