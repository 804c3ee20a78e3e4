"""Write coverage reports, run as a script by the project's newest Python: an older one cannot parse newer source.

Its argument is a JSON file: `{"data": path, "output": folder, "branch": bool, "options": {name: value}}`.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any


def write_reports(order: dict[str, Any]) -> None:
    """Write XML, JSON, LCOV and HTML, and print the short report."""
    import coverage

    measured = coverage.Coverage(data_file=order["data"], config_file=False)
    for name, value in order["options"].items():
        measured.set_option(name, value)
    measured.set_option("report:ignore_errors", True)
    measured.load()
    place = order["output"]
    measured.json_report(outfile=os.path.join(place, "coverage.json"))
    measured.xml_report(outfile=os.path.join(place, "coverage.xml"))
    measured.lcov_report(outfile=os.path.join(place, "coverage.lcov"))
    measured.html_report(directory=os.path.join(place, "htmlcov"))
    measured.report(file=sys.stdout, skip_covered=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # files that cannot be parsed are named by the caller
    with open(sys.argv[1], encoding="utf-8") as stream:
        write_reports(json.load(stream))
