"""What is inside of things, and which entries of a dictionary with weak keys nobody can look up any more."""

from __future__ import annotations

import enum
import weakref
from typing import Any

import pytest

from noxline.sessions.measure import INJECTED


class Key:
    """Something that can be referred to weakly."""


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(INJECTED))
    import _noxline_inside

    return _noxline_inside


def data_of(kept: weakref.WeakKeyDictionary[Any, Any]) -> dict[Any, Any]:
    data: dict[Any, Any] = vars(kept)["data"]
    return data


def test_an_entry_that_only_holds_itself_is_forgotten(inside: Any) -> None:
    kept: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
    known = Key()
    kept[known] = known
    lost = Key()
    kept[lost] = lost
    del lost
    assert len(kept) == 2
    assert [value for _, value in inside.keyed(data_of(kept), weakref.ref(kept))] == [known]


def test_an_entry_is_forgotten_when_the_last_one_lets_go(inside: Any) -> None:
    kept: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
    holders = [Key() for _ in range(4)]
    for key in holders:
        kept[key] = key
    del key
    for left in range(4, 0, -1):
        assert len(inside.keyed(data_of(kept), weakref.ref(kept))) == left
        holders.pop(left // 2)
    assert inside.keyed(data_of(kept), weakref.ref(kept)) == []


@pytest.mark.parametrize("value", [1, "text", None, [1], Key()], ids=["number", "text", "none", "list", "object"])
def test_an_entry_with_another_value_counts(inside: Any, value: Any) -> None:
    kept: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
    key = Key()
    kept[key] = value
    assert [found for _, found in inside.keyed(data_of(kept), weakref.ref(kept))] == [value]


def test_after_entries_went_the_others_are_looked_at_again(inside: Any) -> None:
    kept: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
    first, other = Key(), Key()
    kept[first], kept[other] = 1, 2
    lost = Key()
    kept[lost] = lost
    del lost
    assert len(inside.keyed(data_of(kept), weakref.ref(kept))) == 2
    del first
    late = Key()
    kept[late] = late
    assert [value for _, value in inside.keyed(data_of(kept), weakref.ref(kept))] == [2, late]
    kept.clear()
    assert inside.keyed(data_of(kept), weakref.ref(kept)) == []
    kept[late] = late
    assert [value for _, value in inside.keyed(data_of(kept), weakref.ref(kept))] == [late]


def test_kinds(inside: Any) -> None:
    old, kinds = Key(), inside.Kinds()
    kinds.begin(lambda module: module == __name__, [inside.address(old)])

    class Level(enum.Enum):
        HIGH = 1

    again = [1, "a", None, (1,), frozenset(), len, test_kinds, weakref, Key, type(inside), old, Level.HIGH, object()]
    assert [value for value in again if kinds.of(value) != inside.AGAIN] == []
    assert {kinds.of(value) for value in ([], {}, set(), [1], Key())} == {0}
    assert kinds.of_all([]) == inside.EMPTY
    assert kinds.of_all([[], Key()]) == 0
    assert kinds.of_all([Key(), 1]) == inside.AGAIN
    assert inside.kind_in(inside.EMPTY, was_there=True) == inside.AGAIN
    assert inside.kind_in(inside.EMPTY, was_there=False) == 0
    assert inside.kind_in(0, was_there=True) == 0


class Equal:
    """Something that is found by what is equal to it."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equal)

    def __hash__(self) -> int:
        return 1


def test_what_is_found_by_its_equals_is_not_forgotten(inside: Any) -> None:
    kept: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
    lost = Equal()
    kept[lost] = lost
    del lost
    assert len(inside.keyed(data_of(kept), weakref.ref(kept))) == 1
    assert kept.get(Equal()) is not None


def test_no_key_is_called_but_a_weak_reference(inside: Any) -> None:
    called = []

    def handler() -> None:
        called.append(1)

    assert inside.keyed({handler: None, "a": Key()})
    assert called == []


def test_defaults_are_found_and_their_absence_is_known_for_the_same_function_only(inside: Any) -> None:
    def bare() -> None: ...

    def with_default(value: object = []) -> None: ...

    def by_name(*, value: object = ()) -> None: ...

    for _ in range(2):
        assert inside.defaults_of(bare) == []
        assert inside.defaults_of(with_default) == [([],)]
        assert inside.defaults_of(by_name) == [{"value": ()}]
    assert inside.is_bare(bare)
    assert not inside.is_bare(with_default)
    with_default.__defaults__ = None
    assert inside.is_bare(with_default)
