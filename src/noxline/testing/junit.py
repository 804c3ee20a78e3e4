"""Write results as JUnit XML, in the form that CI services and editors read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from noxline.testing.results import Result, Results

# What XML 1.0 cannot hold (W3C Recommendation, section 2.2), not even as a character reference.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(results: Results) -> bytes:
    """Return one test suite for each Python."""
    document = Element("testsuites")
    for python, tests in results.tests.items():
        document.append(_suite(python, tests, results.seconds.get(python, 0.0)))
    indent(document)
    content: bytes = tostring(document, encoding="utf-8", xml_declaration=True)
    return content


def _suite(python: str, tests: Mapping[str, Result], seconds: float) -> Element:
    counts = Counter(result.outcome for result in tests.values())
    suite = Element(
        "testsuite",
        name=f"Python {python}",
        tests=str(len(tests)),
        failures=str(counts["failed"]),
        errors=str(counts["error"]),
        skipped=str(counts["skipped"]),
        time=f"{seconds:.3f}",
    )
    for result in tests.values():
        suite.append(_case(result))
    return suite


def _case(result: Result) -> Element:
    classname, name = _names(result)
    case = Element("testcase", classname=_clean(classname), name=_clean(name), time=f"{result.seconds:.6f}")
    if result.file:
        case.set("file", result.file)
    if result.line is not None:
        case.set("line", str(result.line))
    match result.outcome:
        case "failed":
            _detail(case, "failure", result.message)
        case "error":
            _detail(case, "error", result.message)
        case "skipped":
            SubElement(case, "skipped", message=_first_line(result.message), type="xfail" if result.xfail else "skip")
        case "passed":
            pass
    return case


def _detail(case: Element, kind: str, message: str) -> None:
    SubElement(case, kind, message=_first_line(message)).text = _clean(message)


def _names(result: Result) -> tuple[str, str]:
    """Return class and name: `a/test_b.py::C::d` is `a.test_b.C` and `d`, `a.test_b.C.d` the same."""
    if "::" not in result.id:
        owner, _, name = result.id.rpartition(".") if result.runner == "unittest" else ("", "", result.id)
        return owner, name
    path, _, rest = result.id.partition("::")
    parameters = rest.find("[")
    plain, tail = (rest, "") if parameters < 0 else (rest[:parameters], rest[parameters:])
    *owners, name = plain.split("::")
    return ".".join([path.removesuffix(".py").replace("/", "."), *owners]), name + tail


def _first_line(message: str) -> str:
    lines = [line for line in message.strip().splitlines() if line.strip()]
    errors = [line[1:].strip() for line in lines if line.startswith("E ")]  # pytest marks the error itself
    return _clean((errors or lines or [""])[0])[:300]


def _clean(text: str) -> str:
    return _FORBIDDEN.sub(lambda found: f"\\x{ord(found.group()):02x}", text)
