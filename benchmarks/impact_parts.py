#!/usr/bin/env python3
"""Measure within one run what a traced test costs more: parts of the plug-in are left out for fifty tests, then not.

    python benchmarks/impact_parts.py --suite packaging [--parts all trace record looks lines] [--keep FOLDER]
        [-- options of pytest]

Two runs of a suite differ by 10 % on a machine with neighbours (`impact.py cost`); tests that follow each other within
a tenth of a second hardly do. For each part the median of the microseconds of a test is printed without it, beside
that of all, and by how much of the time without it the test is longer. What happens once a run is not in it:
collection, the first look, the writing of the trace. The trace that such a run leaves is of no use.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from impact import PROJECTS, prepared
from impact_parts_plugin import PARTS


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    own, options = list(arguments), []
    if "--" in own:
        own, options = own[: own.index("--")], own[own.index("--") + 1 :]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", required=True, choices=PROJECTS)
    parser.add_argument("--parts", nargs="+", choices=sorted(PARTS), default=["all"])
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args(own)
    with tempfile.TemporaryDirectory(prefix="noxline-parts-") as folder:
        place = given.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        suite = prepared(given.suite, place)
        found = Path(folder) / "parts.json"
        with redirect_stdout(None):
            variables = suite.impact(everything=True).begin()
        variables = {**variables, "PARTS": " ".join(given.parts), "PARTS_FOUND": str(found)}
        suite.pytest(variables, "-p", "impact_parts_plugin", *options, path=str(Path(__file__).parent))
        if not found.is_file():
            sys.exit(f"{given.suite}: no test was measured")
        print(json.dumps({suite.root.name: json.loads(found.read_text(encoding="utf-8"))}, indent=1))
    return 0


if __name__ == "__main__":
    os.environ.pop("NOXLINE_SHARD", None)
    sys.exit(main(sys.argv[1:]))
