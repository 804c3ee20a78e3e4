"""What functions do with what they are given: only who asks things of it surely leaves it as it was."""

from __future__ import annotations

import pytest

from noxline.testing.altering import Altering, Alters
from noxline.testing.blocks import read_source
from noxline.testing.lasting import Lasting


def alters(body: str, parameters: str = "it, other=None") -> Alters:
    source = read_source(f"def f({parameters}):\n    {body}\n")
    lasting = Lasting()
    lasting.add("a.py", source)
    return lasting.facts["a.py", 1].alters


@pytest.mark.parametrize(
    "body",
    [
        "it.name = 1",
        "it[0] = 1",
        "del it[0]",
        "it.append(1)",
        "it += [1]",
        "it.part.clear()",
        "x = it.part; x.append(1)",
        "other.kept = it",
        "TABLE[0] = it",
        "TABLE.append(it)",
        "TABLE.get(0).kept = it",
        "for x in it: pass",
        "[x for x in it]",
        "next(it)",
        "1 in it",
        "it[0]",
        "it << 1",
        "with it: pass",
        "yield it",
        "raise it",
        "g = lambda: it",
        "def g(): it.append(1)",
        "class G: kept = it",
        "global it\n    it = 1",
        "it.write('x')",
        "other(it)",
        "it()",
        "table()[0](it)",
        "setattr(it, 'a', 1)",
        "exec('it.append(1)')",
        "print(*it)",
        "match it:\n        case [x]: pass",
        "(x := it).append(1)",
    ],
)
def test_whoever_may_change_or_keep_it_is_known(body: str) -> None:
    assert alters(body).itself, body


@pytest.mark.parametrize(
    ("body", "hands_on"),
    [
        ("return it is None or it == 1 and not it", set()),
        ("x = it\n    return x.part", set()),
        ("return len(it) > 1 and isinstance(it, int)", {"len", "isinstance"}),
        ("x = 1\n    TABLE[x] = 2\n    return it", set()),
        ("return it.isatty() or g(it)", {"isatty", "g"}),
        ("return it.name.startswith('a')", {"startswith"}),
        ("x = g(it)\n    return h(x)", {"g", "h"}),
    ],
)
def test_whoever_only_asks_hands_on_what_it_says(body: str, hands_on: set[str]) -> None:
    found = alters(body)
    assert not found.itself
    assert found.hands_on == hands_on


def test_what_has_no_parameters_changes_none() -> None:
    assert alters("TABLE.append(1)", "") == Alters()


def test_attributes_that_are_read_are_told() -> None:
    assert alters("x = it.first\n    return x.second.third").asks == {"first", "second", "third"}


ONE, TWO, THREE, FOUR = range(4)
NAMES = {"ask": {ONE}, "keep": {TWO}, "both": {ONE, TWO}, "again": {THREE}}


def altering(*of: Alters) -> Altering:
    functions = {**NAMES, "Box": set[int]()}
    return Altering(
        of, lambda names: {n for name in names for n in functions.get(name, ())}, unsettled={"Box"}, unasked=[FOUR]
    )


@pytest.mark.parametrize(
    ("name", "ran", "may"),
    [
        ("ask", {ONE}, False),
        ("keep", {TWO}, True),
        ("both", {ONE}, False),
        ("both", {ONE, TWO}, True),
        ("ask", {TWO}, True),  # another function was called
        ("again", {ONE, THREE}, False),
        ("again", {ONE, TWO, THREE}, True),
        ("again", {THREE}, True),
        ("Box", {ONE}, True),
        ("unknown", {ONE}, True),
    ],
)
def test_a_function_may_when_any_may_that_it_hands_it_on_to(name: str, ran: set[int], may: bool) -> None:
    hands_on = Alters(hands_on=frozenset({"both", "again", "len"}), asks=frozenset({"x"}))
    of = (Alters(), Alters(itself=True), hands_on, Alters())
    assert altering(*of).may(name, frozenset(ran)) is may


def test_an_attribute_that_is_a_function_of_the_project_runs() -> None:
    asks = Alters(asks=frozenset({"keep", "unknown"}))
    assert not altering(asks, Alters(itself=True), Alters(), Alters()).may("ask", frozenset({ONE}))
    assert altering(asks, Alters(itself=True), Alters(), Alters()).may("ask", frozenset({ONE, TWO}))


def test_a_name_that_surely_means_one_that_did_not_run_called_nothing() -> None:
    found = altering(Alters(), Alters(itself=True), Alters(), Alters())
    assert not found.may("keep", frozenset({ONE}), sure=True)
    assert found.may("keep", frozenset({TWO}), sure=True)
    assert found.may("unknown", frozenset({ONE}), sure=True)
    assert found.may("Box", frozenset({ONE}), sure=True)


@pytest.mark.parametrize(("changes", "may"), [(True, True), (False, False)])
def test_a_special_method_that_ran_and_changes_something_leaves_nothing_sure(*, changes: bool, may: bool) -> None:
    found = altering(Alters(), Alters(), Alters(), Alters(itself=changes))
    assert not found.may("ask", frozenset({ONE}))
    assert found.may("ask", frozenset({ONE, FOUR})) is may
