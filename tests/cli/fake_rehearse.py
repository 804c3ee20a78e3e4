"""A rehearsal that rehearses nothing: it notes that it was asked for."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

Asked = SimpleNamespace


def rehearse(asked: SimpleNamespace) -> bool:
    if os.environ.get("FAKE") == "impatience":
        raise KeyboardInterrupt
    Path(asked.folder, "rehearsed.txt").write_text(repr(asked.arguments), encoding="utf-8")
    return False
