from __future__ import annotations

import gzip
import random
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.inputs.canonical import digest
from noxline.inputs.normal_text import Places
from noxline.inputs.normal_xml import coverage, junit, site_map

PLACES = Places("/home/a/p", "/home/a/p/out")
Cases = list[tuple[str, str, str]]
cases: st.SearchStrategy[Cases] = st.lists(
    st.tuples(st.text("ab", min_size=1, max_size=3), st.sampled_from(["passed", "skipped", "failure"]), st.just("why"))
)


def junit_report(tests: Cases, noise: int) -> bytes:
    root = Element("testsuites")
    suite = SubElement(
        root, "testsuite", name="Python 3.12", time=str(noise), timestamp=str(noise), hostname=str(noise)
    )
    for name, outcome, why in random.Random(noise).sample(tests, len(tests)):
        case = SubElement(suite, "testcase", name=name, time=str(noise / 7))
        if outcome != "passed":
            SubElement(case, outcome, message=why).text = f"at /home/a/p/x.py in /tmp/pytest-of-me/pytest-{noise}/x"
    return tostring(root)


@given(cases, st.integers(0, 99), st.integers(0, 99))
def test_junit_counts_without_times_hosts_and_order(tests: Cases, first: int, second: int) -> None:
    assert digest(junit(junit_report(tests, first), PLACES)) == digest(junit(junit_report(tests, second), PLACES))


@given(cases, cases, st.integers(0, 99))
def test_the_tests_and_their_outcomes_count(tests: Cases, others: Cases, noise: int) -> None:
    one, other = (digest(junit(junit_report(list(given), noise), PLACES)) for given in (tests, others))
    assert (one == other) == (sorted(tests) == sorted(others))


def test_the_reason_of_a_skip_counts() -> None:
    one, other = (digest(junit(junit_report([("a", "skipped", why)], 1), PLACES)) for why in ("x", "y"))
    assert one != other


def cobertura(when: int, source: str, hits: int) -> bytes:
    return f"""<coverage version="7" timestamp="{when}"><sources><source>{source}</source></sources>
        <lines><line number="1" hits="{hits}"/><line number="2" hits="0"/></lines></coverage>""".encode()


def test_a_coverage_report_counts_without_its_time_and_place() -> None:
    first = coverage(cobertura(1, "/home/a/p/src", 1), PLACES)
    assert first == coverage(cobertura(2, "/srv/p/src", 1), Places("/srv/p", "/srv/p/out"))
    assert first != coverage(cobertura(1, "/home/a/p/src", 0), PLACES)
    assert first != coverage(cobertura(1, "/home/a/p/lib", 1), PLACES)


def sitemap(day: int, *pages: str) -> bytes:
    rows = "".join(f"<url><loc>{page}</loc><lastmod>2026-01-{day:02d}</lastmod></url>" for page in pages)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'.encode()


def test_a_site_map_counts_by_its_pages_packed_or_not() -> None:
    first = site_map(sitemap(1, "a", "b"), PLACES)
    assert first == site_map(sitemap(2, "b", "a"), PLACES) == site_map(gzip.compress(sitemap(3, "a", "b")), PLACES)
    assert first != site_map(sitemap(1, "a", "c"), PLACES)


@pytest.mark.parametrize("read", [junit, coverage, site_map])
@pytest.mark.parametrize("content", [b"", b"<a>", b"\x1f\x8bx"])
def test_what_is_no_xml_is_refused(read: object, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(content, PLACES)  # type: ignore[operator]
