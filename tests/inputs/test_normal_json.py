from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noxline.inputs.canonical import digest
from noxline.inputs.normal_json import KNOWN, benchmarks, report, sarif
from noxline.inputs.normal_text import Places

PLACES = Places("/home/a/p", "/home/a/p/.noxline/runs/1/tasks/t/output")
words = st.text("abc ./:", min_size=1, max_size=8)
rows = st.lists(st.fixed_dictionaries({"file": words, "line": st.integers(1, 9), "text": words}), max_size=5)
seeds = st.integers(0, 2**16)
kinds = st.sampled_from(sorted(KNOWN))
many = settings(max_examples=200, deadline=None)


def counted(name: str, document: object) -> str:
    return digest(report(name, json.dumps(document).encode(), PLACES))


def shuffled(given: list[Any], seed: int) -> list[Any]:
    return random.Random(seed).sample(given, len(given))


def reports(name: str, found: list[Any], noise: int) -> Any:
    """Return a report of each kind that holds these rows; `noise` is what must not matter."""
    later, mixed = f"2026-01-{noise % 28 + 1:02d}T10:00:00Z", shuffled(found, noise)
    made: dict[str, Any] = {
        "bandit.json": {"generated_at": later, "errors": [], "results": mixed, "metrics": {"_totals": {"loc": 3}}},
        "build.json": {"wheel": "a.whl", "sizes": {"a.whl": noise}, "reproducible": not found, "differs": mixed},
        "coverage.json": {"meta": {"timestamp": later, "format": 3}, "files": {"a.py": found}},
        "docs.json": {"warnings": len(found), "messages": mixed},
        "jscpd.json": {"duplicates": mixed, "statistics": {"detectionDate": later, "total": {"lines": len(found)}}},
        "pip-audit.json": {"dependencies": mixed, "fixes": []},
        "radon.json": {"cc": {"a.py": mixed}, "mi": {}},
        "safety.json": {"report_meta": {"timestamp": later, "git": {"commit": noise}}, "vulnerabilities": mixed},
        "sbom.cdx.json": {"serialNumber": f"urn:{noise}", "metadata": {"timestamp": later}, "components": mixed},
        "secrets.json": {"generated_at": later, "plugins_used": [{"name": "a"}], "results": {"a.py": mixed}},
        "tools.json": mixed,
        "trivy.json": {"CreatedAt": later, "ReportID": str(noise), "Results": [{"Secrets": mixed}]},
        "warnings.json": mixed,
        "zizmor.json": mixed,
    }
    return made[name]


@many
@given(name=kinds, found=rows, first=seeds, second=seeds)
def test_times_and_orders_do_not_count(name: str, found: list[Any], first: int, second: int) -> None:
    assert counted(name, reports(name, found, first)) == counted(name, reports(name, found, second))


@many
@given(name=kinds, found=rows, more=rows.filter(bool), noise=seeds)
def test_what_was_found_counts(name: str, found: list[Any], more: list[Any], noise: int) -> None:
    assert counted(name, reports(name, found, noise)) != counted(name, reports(name, [*found, *more], noise))


@many
@given(name=kinds, found=rows.filter(bool), noise=seeds)
def test_a_line_that_moved_counts(name: str, found: list[Any], noise: int) -> None:
    moved = [{**found[0], "line": found[0]["line"] + 1}, *found[1:]]
    assert counted(name, reports(name, found, noise)) != counted(name, reports(name, moved, noise))


@many
@given(name=kinds, found=rows.filter(bool))
def test_places_count_as_seen_from_the_root(name: str, found: list[Any]) -> None:
    here, there = (
        report(
            name,
            json.dumps(reports(name, [{**row, "file": f"{root}/src/a.py"} for row in found], 0)).encode(),
            Places(root, f"{root}/out"),
        )
        for root in ("/home/a/p", "/srv/b")
    )
    assert digest(here) == digest(there)


def test_the_order_of_arcs_counts() -> None:
    one, other = ({"files": {"a.py": {"executed_branches": [arc]}}} for arc in ([1, 5], [5, 1]))
    assert counted("coverage.json", one) != counted("coverage.json", other)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_report_is_refused(content: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        digest(report("bandit.json", content, PLACES))


def sarif_document(found: list[Any], noise: int, *, indexed: bool = True) -> dict[str, Any]:
    rules = shuffled(sorted({row["text"] for row in found}), noise)
    results = [
        {"ruleId": row["text"], "guid": str(noise), "locations": [row["file"], row["line"]]}
        | ({"ruleIndex": rules.index(row["text"])} if indexed else {})
        for row in shuffled(found, noise)
    ]
    invocation = {"startTimeUtc": str(noise), "machine": f"m{noise}", "executionSuccessful": True}
    driver = {"name": "x", "rules": [{"id": rule} for rule in rules]}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results, "invocations": [invocation]}]}


def counted_sarif(document: object) -> str:
    return digest(sarif(json.dumps(document).encode(), PLACES))


@given(found=rows, first=seeds, second=seeds)
def test_sarif_counts_without_times_machines_and_orders(found: list[Any], first: int, second: int) -> None:
    assert counted_sarif(sarif_document(found, first)) == counted_sarif(sarif_document(found, second))


@given(found=rows, more=rows.filter(bool), noise=seeds)
def test_a_finding_counts(found: list[Any], more: list[Any], noise: int) -> None:
    assert counted_sarif(sarif_document(found, noise)) != counted_sarif(sarif_document([*found, *more], noise))


def test_rules_keep_their_order_where_a_result_names_them_by_it() -> None:
    one, other = (
        {"runs": [{"tool": {"driver": {"rules": [{"id": a}, {"id": b}]}}, "results": [{"ruleIndex": 0}]}]}
        for a, b in ("xy", "yx")
    )
    assert counted_sarif(one) != counted_sarif(other)


def test_an_invocation_that_failed_counts() -> None:
    one, other = ({"runs": [{"invocations": [{"executionSuccessful": fine}]}]} for fine in (True, False))
    assert counted_sarif(one) != counted_sarif(other)


@pytest.mark.parametrize("content", [b"[]", b'{"runs": 1}', b"{"])
def test_what_is_no_sarif_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        sarif(content, PLACES)


def measured(names: list[str], figure: float) -> bytes:
    found = [{"fullname": name, "group": None, "stats": {"mean": figure}} for name in names]
    return json.dumps({"datetime": str(figure), "machine_info": {"node": "x"}, "benchmarks": found}).encode()


@given(names=st.sets(words), more=words, first=st.floats(0, 9), second=st.floats(0, 9))
def test_of_benchmarks_only_the_names_count(names: set[str], more: str, first: float, second: float) -> None:
    there = sorted(names)
    seen = benchmarks(measured(there, first), PLACES)
    assert seen == benchmarks(measured(there[::-1], second), PLACES)
    assert seen != benchmarks(measured([*there, more + "x" * 9], first), PLACES)


@pytest.mark.parametrize("content", [b"{}", b"[]", b'{"benchmarks": [{}]}'])
def test_what_is_no_report_of_benchmarks_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        benchmarks(content, PLACES)
