"""From traces to a record, and from a record to what runs: without any process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest

from noxline.testing.blocks import read_source
from noxline.testing.carried import carry
from noxline.testing.impact import Now, Selection, select
from noxline.testing.impact_record import Record
from noxline.testing.traced import build
from noxline.testing.traces import ProcessTrace, Traced, why_not

FILES = {
    "a.py": "def one():\n    return 1\n\ndef two():\n    return 2\n",
    "b.py": "def three():\n    return 3\n",
    "test_a.py": "import a\ndef test_one(): a.one()\ndef test_two(): a.two()\n",
    "test_b.py": "import b\ndef test_three(): b.three()\n",
}
LINES = {
    "i:a.py": {"a.py": {1, 4}},
    "i:b.py": {"b.py": {1}},
    "i:test_a.py": {"test_a.py": {1, 2, 3}},
    "i:test_b.py": {"test_b.py": {1, 2}},
    "t:1": {"test_a.py": {2}, "a.py": {2}},
    "t:2": {"test_a.py": {3}, "a.py": {5}},
    "t:3": {"test_b.py": {2}, "b.py": {2}},
}
TESTS = {"one": ("t:1", "test_a.py"), "two": ("t:2", "test_a.py"), "three": ("t:3", "test_b.py")}


@dataclass
class World:
    """A project in memory, its files and what a traced run of it leaves."""

    files: dict[str, str] = field(default_factory=lambda: dict(FILES))
    data: dict[tuple[str, str], str] = field(default_factory=dict)
    more_lines: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    process: dict[str, Any] = field(default_factory=dict)
    others: list[ProcessTrace] = field(default_factory=list)

    def traced(self, ran: Mapping[str, tuple[str, str]] = TESTS) -> Traced:
        tests = {name: {"units": [context], "file": file} for name, (context, file) in ran.items()}
        lines = {
            c: found for c, found in {**LINES, **self.more_lines}.items() if not c.startswith("t:") or c in str(ran)
        }
        return Traced(
            processes=[ProcessTrace(**{"tests": tests, **self.process}), *self.others],
            lines={c: {file: frozenset(found) for file, found in of.items()} for c, of in lines.items()},
            arcs={},
            sources={name: (self._digest(name), read_source(text)) for name, text in self.files.items()},
            digest=lambda kind, path: self.data.get((kind, path), "absent"),
            events={name: {"id": name, "outcome": "passed"} for name in ran},
            environment="here",
            branch=False,
            watched={},
        )

    def _digest(self, name: str) -> str:
        return sha256(self.files[name].encode()).hexdigest()

    def record(self) -> Record:
        return build(self.traced())

    def select(self, record: Record) -> Selection:
        return select(
            record,
            Now(
                environment="here",
                sources={name: self._digest(name) for name in self.files},
                watched={},
                source=lambda name: read_source(self.files[name]),
                digest=lambda kind, path: self.data.get((kind, path), "absent"),
            ),
        )

    def change(self, name: str, old: str, new: str) -> None:
        assert old in self.files[name]
        self.files[name] = self.files[name].replace(old, new)


def test_nothing_changed_nothing_runs() -> None:
    world = World()
    assert world.select(world.record()).run == ()


def test_a_body_reaches_those_who_ran_it_and_it_is_said() -> None:
    world = World()
    record = world.record()
    world.change("a.py", "return 1", "return 0")
    chosen = world.select(record)
    assert (chosen.run, set(chosen.reuse), chosen.why, chosen.files) == (
        ("one",),
        {"two", "three"},
        "a.py changed",
        ("test_a.py",),
    )


def test_the_files_with_the_most_affected_tests_come_first() -> None:
    world = World(more_lines={"t:3": {"test_b.py": {2}, "b.py": {2}, "a.py": {2, 5}}})
    record = world.record()
    world.change("a.py", "return 1", "return 0")
    world.change("a.py", "return 2", "return 0")
    assert world.select(record).files == ("test_b.py", "test_a.py")


def test_module_level_code_reaches_those_who_import_it() -> None:
    world = World()
    record = world.record()
    world.change("a.py", "def one():", "def one(x=1):")
    assert set(world.select(record).run) == {"one", "two"}


def test_comments_reach_nobody() -> None:
    world = World()
    record = world.record()
    world.change("a.py", "    return 1", "    # why\n    return 1")
    assert world.select(record).run == ()


def test_data_reaches_those_who_read_it() -> None:
    world = World(data={("R", "x.txt"): "1"}, process={"reads": (("t:2", "R", "x.txt", "a.py", 5),)})
    record = world.record()
    world.data["R", "x.txt"] = "2"
    assert (world.select(record).run, world.select(record).why) == (("two",), "x.txt changed")


def child(parent: str, **more: Any) -> ProcessTrace:
    return ProcessTrace(child=parent, **more)


def test_what_a_child_ran_and_read_belongs_to_who_started_it() -> None:
    world = World(
        data={("R", "x.txt"): "1"},
        more_lines={"p:7:t:1": {"b.py": {1, 2}}},
        process={"started": {"t:1": 1}},
        others=[child("t:1", reads=(("p:7:t:1", "R", "x.txt", "", 0),))],
    )
    record = world.record()
    assert [test.open for test in record.tests] == ["", "", ""]
    world.change("b.py", "return 3", "return 4")
    assert set(world.select(record).run) == {"one", "three"}
    world.change("b.py", "return 4", "return 3")
    world.data["R", "x.txt"] = "2"
    assert world.select(record).run == ("one",)


@pytest.mark.parametrize(
    "others",
    [
        [],
        [child("t:1", refused="why ever")],
        [child("t:2")],
        [child("t:1", open={"p:7:t:1": "starts a process"})],
        [child("t:1", started={"t:1": 1})],
    ],
    ids=["no trace", "refused", "of another test", "starts something else", "a grandchild without a trace"],
)
def test_a_child_that_was_not_followed_to_the_end_makes_its_test_run(others: list[ProcessTrace]) -> None:
    world = World(process={"started": {"t:1": 1}}, others=others)
    record = world.record()
    assert world.select(record).run == ()
    world.change("b.py", "return 3", "return 4")
    assert set(world.select(record).run) == {"one", "three"}


def test_what_a_child_ran_is_not_forgotten_when_its_test_is_reused() -> None:
    world = World(more_lines={"p:7:t:1": {"b.py": {1, 2}}}, process={"started": {"t:1": 1}}, others=[child("t:1")])
    record = world.record()
    after = World().traced({"two": TESTS["two"]})
    reused = Selection(run=("two",), reuse=("one", "three"))
    again = build(carry(after, record, reused, reused=frozenset(reused.reuse)))
    world.change("b.py", "return 3", "return 4")
    assert set(world.select(again).run) == {"one", "three"}


def test_an_import_that_cannot_be_followed_counts_for_its_importers() -> None:
    world = World(process={"open": {"i:a.py": "starts a process"}})
    record = world.record()
    assert why_not(world.traced()) == ""
    world.change("b.py", "return 3", "return 4")
    assert set(world.select(record).run) == {"one", "two", "three"}


def test_what_all_share_and_cannot_be_followed_is_refused() -> None:
    assert "starts a process" in why_not(World(process={"open": {"s": "starts a process"}}).traced())


def test_a_trace_in_which_most_tests_ran_nothing_is_refused() -> None:
    world = World(more_lines={"t:1": {}, "t:2": {}})
    assert "2 of 3 tests executed nothing" in why_not(world.traced())


def test_names_that_were_looked_for_count_when_a_new_file_has_them() -> None:
    world = World(process={"sought": ("elsewhere",)})
    record = world.record()
    world.files["new.py"] = ""
    assert world.select(record).run == ()
    world.files["elsewhere.py"] = ""
    assert "elsewhere.py is new" in world.select(record).whole


def test_a_record_made_from_reused_tests_is_that_of_a_full_run() -> None:
    world = World()
    record = world.record()
    world.change("a.py", "def one():\n    return 1", "# moved\ndef one():\n    return 0")
    chosen = world.select(record)
    assert chosen.run == ("one",)
    moved = {**LINES, "i:a.py": {"a.py": {2, 5}}, "t:1": {"test_a.py": {2}, "a.py": {3}}}
    after = World(files=world.files, more_lines=moved)
    merged = build(carry(after.traced({"one": TESTS["one"]}), record, chosen, reused=frozenset(chosen.reuse)))
    full = World(files=world.files, more_lines={**moved, "t:2": {"test_a.py": {3}, "a.py": {6}}}).record()
    assert dependencies(merged) == dependencies(full)


def dependencies(record: Record) -> dict[str, tuple[set[tuple[int, int]], dict[str, set[int]]]]:
    found = {}
    for test in record.tests:
        units = [record.units[number] for number in (*test.units, test.left)]
        lines: dict[str, set[int]] = {}
        for unit in units:
            for file, numbers in unit.lines.items():
                lines.setdefault(record.names[file], set()).update(numbers)
        found[test.id] = {record.blocks[number] for unit in units for number in unit.blocks}, lines
    return found
