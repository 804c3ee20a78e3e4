"""Lines out of bytes, masked, logged and posted."""

from __future__ import annotations

import doctest
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.executors import lines as lines_module
from noxline.executors.lines import LONGEST_LINE, LineSink, LineSplitter


def split(chunks: list[bytes]) -> list[str]:
    splitter = LineSplitter()
    return [line for chunk in chunks for line in splitter.feed(chunk)] + splitter.end()


def test_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(lines_module).failed == 0


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=6))
def test_where_the_stream_is_cut_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    chunks = [data[start:end] for start, end in itertools.pairwise(edges)]
    whole = data.decode("utf-8", "replace").split("\n")
    expected = [line.removesuffix("\r") for line in whole[:-1]] + ([whole[-1].removesuffix("\r")] if whole[-1] else [])
    assert split(chunks) == expected


def test_a_line_without_end_is_cut_and_nothing_is_lost() -> None:
    parts = split([b"x" * 50_000] * 40)
    assert "".join(parts) == "x" * 2_000_000
    assert max(map(len, parts)) <= LONGEST_LINE


def test_a_line_without_end_does_not_stay_in_memory() -> None:
    splitter = LineSplitter()
    passed_on = sum(len(line) for _ in range(100) for line in splitter.feed(b"y" * 50_000))
    assert passed_on >= 100 * 50_000 - 2 * LONGEST_LINE


def test_a_long_line_is_cut_between_words() -> None:
    word = b"secret-0123456789 "
    parts = split([word * 5_000, word * 5_000])
    assert len(parts) > 1
    assert set(" ".join(parts).split()) == {"secret-0123456789"}


class Posts(list[tuple[str, ...]]):
    def __call__(self, lines: tuple[str, ...]) -> None:
        self.append(lines)


def test_lines_are_masked_in_the_log_and_in_what_is_posted(tmp_path: Path) -> None:
    posts, log = Posts(), tmp_path / "task" / "log.txt"
    with LineSink(log, mask=lambda line: line.replace("hunter2", "***"), post=posts) as sink:
        sink.feed(b"password: hun")
        sink.feed(b"ter2\nlast")
        assert log.read_text(encoding="utf-8") == "password: ***\n"
    assert log.read_text(encoding="utf-8") == "password: ***\nlast\n"
    assert [line for lines in posts for line in lines] == ["password: ***", "last"]


def test_lines_are_posted_in_batches_and_in_order(tmp_path: Path) -> None:
    posts = Posts()
    with LineSink(tmp_path / "log.txt", mask=str, post=posts) as sink:
        for number in range(1_200):
            sink.feed(f"{number}\n".encode())
    assert [int(line) for lines in posts for line in lines] == list(range(1_200))
    assert [len(lines) for lines in posts] == [500, 500, 200]


def test_a_second_attempt_is_added_to_the_log(tmp_path: Path) -> None:
    for attempt in (b"first\n", b"second\n"):
        with LineSink(tmp_path / "log.txt", mask=str, post=Posts()) as sink:
            sink.feed(attempt)
    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == "first\nsecond\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a thing of Linux")
def test_a_full_disk_costs_the_log_and_not_the_lines() -> None:
    posts = Posts()
    with LineSink(Path("/dev/full"), mask=str, post=posts) as sink:
        sink.feed(b"one\n")
        sink.feed(b"two\n")
    assert [line for lines in posts for line in lines] == ["one", "two"]
    assert sink.warning == "the log is not complete: [Errno 28] No space left on device"


def test_a_log_that_cannot_be_made_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with LineSink(tmp_path / "file" / "log.txt", mask=str, post=Posts()) as sink:
        sink.feed(b"one\n")
    assert sink.warning.startswith("the log is not complete: ")
