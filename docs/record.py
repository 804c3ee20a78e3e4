#!/usr/bin/env python3
"""Run noxline on a project and draw what it printed, line by line, as an SVG.

python docs/record.py PROJECT PICTURE.svg [ci --python 3.12 …]

The project is used as it stands: its environments are kept below its `.noxline`. The run gets a terminal of its own, so
that colours and width are those that a person sees. No word of the output is changed; long lines are wrapped.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 100
JUDGED = (0, 1, 3, 4)  # with any other exit code there was no run to show
# A web font would be fetched from another host by everybody who looks at the picture.
_WEB_FONT = re.compile(r"@font-face\s*\{[^}]*\}\s*")


def captured(argv: list[str], directory: Path) -> str:
    """Return what a command prints on a terminal of `WIDTH` columns, without a live table (as under CI)."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "CI": "true", "TERM": "xterm-256color", "COLUMNS": str(WIDTH)}
    environ.pop("NO_COLOR", None)
    child = subprocess.Popen(argv, cwd=directory, env=environ, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    chunks: list[bytes] = []
    try:
        while chunk := os.read(ours, 65536):
            chunks.append(chunk)
    except OSError:  # Linux's way to say that the other end of the terminal is closed
        pass
    os.close(ours)
    if child.wait() not in JUDGED:
        raise SystemExit(b"".join(chunks).decode("utf-8", "replace"))
    return b"".join(chunks).decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n")


def picture(text: str, title: str) -> str:
    """Return an SVG of a terminal that shows the text."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="standard")
        for line in text.split("\n"):
            console.print(Text.from_ansi(line), soft_wrap=False)
        return _WEB_FONT.sub("", console.export_svg(title=title))


def main() -> None:
    """Record one run."""
    project, target, *arguments = sys.argv[1:]
    words = arguments or ["ci"]
    text = captured([sys.executable, "-m", "noxline", *words], Path(project))
    command = " ".join(["noxline", *words])
    Path(target).write_text(picture(f"$ {command}\n{text}", command), encoding="utf-8")


if __name__ == "__main__":
    main()
