"""Shards: disjoint, complete, balanced, never empty without need, kept while that is good enough."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from noxline.injected._noxline_split import Weights, digest, file_of, keep
from noxline.testing.records import Process, read_processes
from noxline.testing.shards import Known, ShardReport, keep_or_resplit, problem, report, shard_digest, split
from tests.testing.records_on_disk import collected, record

NAME = st.builds("{}.py::{}".format, st.sampled_from("abcd"), st.text("xyz[]:", min_size=1, max_size=4))
NAMES = st.lists(NAME, unique=True, max_size=40)
SECONDS = st.floats(min_value=0, max_value=1000, allow_nan=False)
COUNT = st.integers(1, 7)


@st.composite
def knowledge(draw: st.DrawFn) -> tuple[list[str], Known]:
    names = draw(NAMES)
    seconds = {name: draw(SECONDS) for name in names if draw(st.booleans())}
    fixtures = [f"module:{letter}.py:db" for letter in "abcd"]
    costs = {key: draw(SECONDS) for key in fixtures if draw(st.booleans())}
    uses = {name: [f"module:{file_of(name)}:db"] for name in names if draw(st.booleans())}
    groups = {name: draw(st.sampled_from("gh")) for name in names if draw(st.integers(0, 3)) == 0}
    return names, Known(seconds, uses, costs, groups)


def length(block: list[str], known: Known) -> float:
    needs = {use for name in block for use in known.uses.get(name, ()) if use in known.costs}
    return sum(max(known.seconds[name], 0.001) for name in block) + sum(known.costs[key] for key in needs)


@given(knowledge(), COUNT)
def test_every_test_is_in_exactly_one_shard(given_: tuple[list[str], Known], count: int) -> None:
    names, known = given_
    blocks = split(names, known, count)
    assert len(blocks) == count
    assert sorted(name for block in blocks for name in block) == sorted(names)


@given(knowledge(), COUNT)
def test_no_shard_is_empty_while_there_are_tests(given_: tuple[list[str], Known], count: int) -> None:
    names, known = given_
    units = {known.groups.get(name, name) for name in names}
    assert sum(map(bool, split(names, known, count))) == min(count, len(units))


@given(knowledge(), COUNT)
def test_groups_stay_whole(given_: tuple[list[str], Known], count: int) -> None:
    names, known = given_
    for group in "gh":
        assert sum(any(known.groups.get(n) == group for n in block) for block in split(names, known, count)) <= 1


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=60), st.integers(1, 6), st.integers(1, 5))
def test_without_shared_fixtures_it_is_as_good_as_the_rule_promises(
    seconds: list[float], count: int, files: int
) -> None:
    known = Known({f"f{n % files}.py::t{n:03}": value for n, value in enumerate(seconds)})
    blocks = split(known.seconds, known, count)
    # Greedy by single tests is never worse than that; whole files must not be either.
    assert max(length(block, known) for block in blocks) <= sum(seconds) / count + max(seconds) + 1e-6


def test_many_tests_of_like_length_come_within_a_tenth() -> None:
    known = Known({f"f{n % 7}.py::t{n:04}": 0.5 + (n * 37 % 100) / 100 for n in range(400)})
    blocks = split(known.seconds, known, 4)
    assert max(length(b, known) for b in blocks) <= 1.03 * sum(known.seconds.values()) / 4


@given(knowledge(), COUNT, st.randoms())
def test_the_order_of_collection_does_not_matter(given_: tuple[list[str], Known], count: int, random: object) -> None:
    names, known = given_
    shuffled = list(names)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert split(names, known, count) == split(shuffled, known, count)


def test_the_longest_come_first() -> None:
    known = Known({"a::1": 4.0, "b::1": 3.0, "c::1": 3.0, "d::1": 2.0})
    assert split(known.seconds, known, 2) == [["a::1", "d::1"], ["b::1", "c::1"]]


def test_an_unknown_test_weighs_the_median_of_its_file() -> None:
    known = Known({"a::1": 1.0, "a::2": 2.0, "a::3": 90.0, "b::1": 20.0})
    weights = Weights([*known.seconds, "a::new", "c::new"], known)
    assert weights.seconds("a::new") == 2.0
    assert weights.seconds("c::new") == 11.0  # of all
    assert Weights(["c::new"], Known()).seconds("c::new") == 1.0


def test_a_file_is_torn_only_when_its_fixtures_cost_less_than_that_saves() -> None:
    names = [f"a.py::t{n}" for n in range(8)]
    uses = {name: ["module:a.py:db"] for name in names}
    cheap = Known(dict.fromkeys(names, 1.0), uses, {"module:a.py:db": 0.5})
    dear = Known(dict.fromkeys(names, 1.0), uses, {"module:a.py:db": 30.0})
    assert [len(block) for block in split(names, cheap, 2)] == [4, 4]
    assert sorted(len(block) for block in split(names, dear, 2)) == [1, 7]  # no shard is empty, and that is all


def test_tests_that_share_a_dear_fixture_over_files_stay_together() -> None:
    uses = {"a::1": ["session::db"], "b::1": ["session::db"]}
    known = Known({"a::1": 2.0, "b::1": 2.0, "c::1": 6.0, "d::1": 6.0}, uses, {"session::db": 5.0})
    assert sum("a::1" in block and "b::1" in block for block in split(known.seconds, known, 3)) == 1


@given(knowledge(), COUNT, NAMES)
def test_tests_that_a_kept_split_knows_stay_where_they_are(
    given_: tuple[list[str], Known], count: int, more: list[str]
) -> None:
    names, known = given_
    known = Known(known.seconds, known.uses, known.costs)
    old = split(names, known, count)
    kept = keep(old, [*names, *more], known)
    assert sorted(name for block in kept for name in block) == sorted({*names, *more})
    if len(names) >= count:
        assert all(set(before) <= set(after) for before, after in zip(old, kept, strict=True))


@given(knowledge(), COUNT)
def test_what_was_split_is_kept(given_: tuple[list[str], Known], count: int) -> None:
    names, known = given_
    old = split(names, known, count)
    assert keep_or_resplit(old, names, known, count) == old


def test_a_split_goes_when_it_is_a_twentieth_off_and_not_before() -> None:
    old = [["a::1", "a::2"], ["b::1", "b::2"]]
    near = Known({"a::1": 1.1, "a::2": 1.0, "b::1": 1.0, "b::2": 1.0})
    far = Known({"a::1": 9.0, "a::2": 9.0, "b::1": 1.0, "b::2": 1.0})
    names = list(near.seconds)
    assert keep_or_resplit(old, names, near, 2) == old
    assert sorted(map(len, keep_or_resplit(old, names, far, 2))) == [2, 2]
    assert keep_or_resplit(old, names, far, 2) != old
    assert len(keep_or_resplit(old, names, near, 3)) == 3


@given(st.lists(st.text()), st.lists(st.text()))
def test_digests_of_parts_add_up(left: list[str], right: list[str]) -> None:
    assert (int(digest(left), 16) + int(digest(right), 16)) % 2**256 == int(digest(left + right), 16)
    assert shard_digest(left) == shard_digest(left[::-1])


def shard(number: int, ids: list[str], everything: list[str]) -> ShardReport:
    return ShardReport(number=number, ids=tuple(ids), total=len(everything), universe=digest(everything))


def test_a_shard_under_an_old_split_beside_one_under_a_new_one_is_noticed() -> None:
    everything = ["a::1", "a::2", "b::1", "b::2"]
    old, new = [["a::1", "a::2"], ["b::1", "b::2"]], [["a::1", "b::1"], ["a::2", "b::2"]]
    assert problem([shard(1, old[0], everything), shard(2, old[1], everything)]) == ""
    said = problem([shard(1, old[0], everything), shard(2, new[1], everything)], planned={"b::1": 0})
    assert said == "tests ran in more than one shard: a::2"
    lost = problem([shard(1, ["a::1"], everything), shard(2, new[1], everything)], planned={"b::1": 0, "a::1": 0})
    assert lost == "only 3 of 4 tests are in a shard: b::1"


def test_shards_that_collected_different_tests_are_noticed() -> None:
    said = problem([shard(1, ["a"], ["a", "b"]), shard(2, ["b"], ["a", "b", "c"])])
    assert said == "the shards did not collect the same tests (shard 1: 2, shard 2: 3)"


def test_items_that_share_an_id_are_no_doubles() -> None:
    assert problem([shard(1, ["a", "a"], ["a", "a", "b"]), shard(2, ["b"], ["a", "a", "b"])]) == ""


def test_processes_of_one_shard_add_up(tmp_path: Path) -> None:
    record(tmp_path, collected(["a", "b"], everything=["a", "b", "c"]), name="1-1")
    record(tmp_path, collected(["d"], everything=["d"]), name="2-1")
    processes = [process for process in read_processes(tmp_path) if isinstance(process, Process)]
    assert report(1, processes) == shard(1, ["a", "b", "d"], ["a", "b", "c", "d"])
    record(tmp_path, name="3-1", end=None)
    died = [process for process in read_processes(tmp_path) if isinstance(process, Process)]
    assert report(1, died) is None
