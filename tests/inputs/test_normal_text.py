from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.inputs.normal_text import Places, lines, page

ROOT = "/home/a/my p"
PLACES = Places(ROOT, f"{ROOT}/.noxline/runs/20260131-142530-9f3a/tasks/t/output")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ROOT}/src/a.py:3", "<root>/src/a.py:3"),
        (f"in {ROOT}.", "in <root>."),
        (f'"{ROOT}"', '"<root>"'),
        ("file:///home/a/my%20p/x", "file://<root>/x"),
        (f"{ROOT}q {ROOT}-old {ROOT}.old", f"{ROOT}q {ROOT}-old {ROOT}.old"),
        (f"/srv{ROOT}/x", f"/srv{ROOT}/x"),
        (f"{ROOT}/.noxline/runs/20260131-142530-9f3a/tasks/t/output/x", "<output>/x"),
        (f"{ROOT}/.noxline/runs/20260131-142530-9f3a/tasks/u/output/x", "<run>/tasks/u/output/x"),
        (".noxline/runs/20260131-142530-9f3a/tasks/u", "<run>/tasks/u"),
        (f"{ROOT}/.noxline/runs/20250101-000000-0000/tasks/t/output/x", "<output>/x"),  # where a reused one was made
        (f"{ROOT}/.noxline/runs/20250101-000000-0000/tasks/t/output2", "<run>/tasks/t/output2"),
        (f"{ROOT}/.noxline/envs/standard/tests-3-12/bin", "<root>/.noxline/envs/standard/tests-3-12/bin"),
        ("/tmp/pytest-of-me/pytest-12/x", "/tmp/pytest-of-me/pytest-12/x"),
    ],
)
def test_folders_get_settled_names(text: str, expected: str) -> None:
    assert PLACES.text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/tmp/pytest-of-me/pytest-12/test_a0/x.py", "<tmp>/test_a0/x.py"),
        ("'/var/tmp/tmpx1y2z3/a'", "'<tmp>/a'"),
        ("<A object at 0x7f670fe34dd0>", "<A object at 0x>"),
        ("/srv/tmp/x and 0xdeadbeef", "/srv/tmp/x and 0xdeadbeef"),
    ],
)
def test_reports_lose_what_programs_make_up(text: str, expected: str) -> None:
    assert PLACES.words(text) == expected


def test_the_folder_for_temporary_files_of_this_machine_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/scratch/me/")
    assert Places(ROOT, ROOT).words("/scratch/me/tmpabc/x") == "<tmp>/x"


@pytest.mark.skipif(os.name == "nt", reason="links need rights")
def test_a_root_behind_a_link_is_known_by_both_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    places = Places(str(tmp_path / "link"), str(tmp_path / "link" / "out"))
    assert places.text(f"{tmp_path}/link/a {tmp_path}/real/a {tmp_path}/real/out") == "<root>/a <root>/a <output>"


def test_the_top_of_the_file_system_is_no_root() -> None:
    assert Places("/", "/").text("/usr/lib a/b") == "/usr/lib a/b"


@given(st.binary())
def test_bytes_without_a_place_stay_as_they_are(content: bytes) -> None:
    assert PLACES.data(content) == content


@given(st.text(), st.text())
def test_the_rest_of_a_text_still_counts(before: str, other: str) -> None:
    one, two = (PLACES.text(f"{text} {ROOT}/x") for text in (before, other))
    assert (one == two) == (before == other)


@given(st.lists(st.text("abc /", max_size=5)), st.randoms())
def test_messages_count_in_no_order(messages: list[str], random: object) -> None:
    text = "\n".join(messages)
    mixed = "\n".join(sorted(messages, key=lambda _: random.random()))  # type: ignore[attr-defined]
    assert lines(text.encode(), PLACES) == sorted(text.splitlines())
    if "" not in messages:  # an empty last line is none
        assert lines(text.encode(), PLACES) == lines(mixed.encode(), PLACES)


@pytest.mark.parametrize(
    "stamp",
    [
        "created at 2026-{:02d}-26 13:0{:d} +0000",
        "Build Date UTC : 2026-{:02d}-26 13:07:0{:d}.123456+00:00",
        "Last updated on Jan {:d}, 202{:d}",
    ],
)
def test_pages_count_without_the_moment_they_were_made(stamp: str) -> None:
    first, second = (page(f"<p>{stamp.format(*when)}</p>".encode(), PLACES) for when in ((1, 5), (12, 7)))
    assert first == second != page(b"<p>other</p>", PLACES)


def test_other_dates_in_a_page_count() -> None:
    assert page(b"released 2026-01-02", PLACES) != page(b"released 2026-01-03", PLACES)
