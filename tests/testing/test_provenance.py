"""What outlives a test: which blocks a test depends on although another test ran them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from noxline.testing.blocks import read_source
from noxline.testing.lasting import Lasting
from noxline.testing.moves import Change, Moved
from noxline.testing.provenance import EVERYWHERE, Provenance, Together, left_before

HERE = frozenset({"a.py"})


def left(
    text: str,
    *runs: Sequence[str],
    changed: Sequence[str] = (),
    roots: frozenset[str] = EVERYWHERE,
    reach: Sequence[frozenset[str] | None] = (),
    moved: tuple[str, ...] | None = None,
    places: dict[frozenset[str], tuple[str, ...]] | None = None,
) -> list[set[str]]:
    """Return what each of these runs, given by the names of the blocks that it ran, depends on beyond them.

    `roots` are the files that lead to what changed, `reach` those that each run may reach; `moved` says in which runs,
    by their numbers, what changed moved, `places` the same of places of the source.
    """
    source = read_source(text)
    lasting = Lasting()
    lasting.add("a.py", source)
    names = [block.name for block in source.blocks]
    reaches = reach or [HERE] * len(runs)
    blocks = [frozenset(names.index(name) for name in run) for run in runs]
    found = Provenance(
        [("a.py", number) for number in range(len(names))],
        names,
        lasting,
        together=[Together(b, r, frozenset({str(n)})) for n, (b, r) in enumerate(zip(blocks, reaches, strict=True))],
        changed=dict.fromkeys(changed, Change(tuple(roots), moved)),
        moves=places or {},
    )
    return [
        {names[number] for number in left_before(run, found.left, may or HERE)}
        for run, may in zip(blocks, reaches, strict=True)
    ]


CACHED = """
from functools import lru_cache

@lru_cache
def kept(): return helper()

def helper(): return 1

def other(): return 2

def ask(): return kept()
"""


def test_who_names_a_cached_function_depends_on_what_it_may_have_run() -> None:
    assert left(CACHED, ["ask", "kept", "helper", "other"], ["ask"]) == [set(), {"kept", "helper"}]


def test_who_does_not_name_it_does_not() -> None:
    assert left(CACHED, ["ask", "kept", "helper"], ["other"]) == [set(), set()]


def test_what_never_ran_left_nothing() -> None:
    assert left(CACHED, ["ask"], ["ask", "other"]) == [set(), set()]


KEPT_ON_AN_OBJECT = """
def fill(thing): thing.found = helper()

def helper(): return 1

def read(thing): return thing.found
"""
T1, T2 = frozenset({"t1.py", "a.py"}), frozenset({"t2.py", "a.py"})


def test_what_only_a_file_of_tests_leads_to_counts_for_those_who_reach_it() -> None:
    def found(*reach: frozenset[str] | None) -> list[set[str]]:
        runs = (["fill", "helper"], ["read"])
        return left(KEPT_ON_AN_OBJECT, *runs, changed=["found"], roots=frozenset({"t1.py"}), reach=reach)

    assert found(T1, T1) == [set(), {"fill", "helper"}]
    assert found(T1, T2) == [set(), set()]
    assert found(T2, T1) == [set(), set()]
    assert found(None, T1) == [set(), {"fill", "helper"}]


def test_what_more_leads_to_counts_for_all() -> None:
    runs = (["fill", "helper"], ["read"])
    assert left(KEPT_ON_AN_OBJECT, *runs, changed=["found"], reach=(T1, T2)) == [set(), {"fill", "helper"}]


GLOBAL = """
KEPT = None

def load():
    global KEPT
    KEPT = helper()

def helper(): return 1

def ask(): return KEPT

def local():
    KEPT = 2
    return KEPT
"""


def test_a_global_leads_from_its_readers_to_its_writers() -> None:
    assert left(GLOBAL, ["load", "helper"], ["ask"], ["local"]) == [set(), {"load", "helper"}, set()]


LENT = """
KEPT = {}

def fill(table): table[1] = helper()

def helper(): return 1

def store():
    fill(KEPT)

def ask(): return KEPT[1]
"""


def test_a_table_that_is_lent_to_a_function_may_be_changed_by_it() -> None:
    found = left(LENT, ["store", "fill", "helper"], ["ask"], changed=["KEPT"])
    assert found == [set(), {"store", "fill", "helper"}]


ASKED = """
KEPT = {}

def store(value):
    if is_free(KEPT):
        return
    KEPT[1] = 1

def show(message):
    if is_free(KEPT):
        return message

def is_free(table): {does}

def text(): return "a"

def first(): store(1)

def second(): show(text())

def ask(): return KEPT[1]
"""


@pytest.mark.parametrize(
    ("does", "made"),
    [
        ("return table is None", {"store", "is_free", "show"}),
        ("table[2] = 1", {"store", "is_free", "show", "text"}),
        ("return table.get(1)", {"store", "is_free", "show", "text"}),
        ("return other(table)", {"store", "is_free", "show", "text"}),
    ],
)
def test_whoever_lends_it_to_a_function_that_only_asks_does_not_change_it(does: str, made: set[str]) -> None:
    runs = (["first", "store", "is_free"], ["second", "show", "text", "is_free"], ["ask"])
    assert left(ASKED.replace("{does}", does), *runs, changed=["KEPT"])[2] == made


def test_a_function_that_did_not_run_changed_nothing_unless_it_may_be_replaced() -> None:
    text = ASKED.replace("{does}", "table[2] = 1")
    runs = (["first", "store", "is_free"], ["second", "show", "text"], ["ask"])
    assert left(text, *runs, changed=["KEPT"])[2] == {"store", "is_free", "show"}
    patched = text + "\ndef patch(): mock('package.is_free')\n"
    assert left(patched, *runs, changed=["KEPT"])[2] == {"store", "is_free", "show", "text"}
    held = text.replace("is_free(KEPT)", "HELPERS.is_free(KEPT)")
    assert left(held, *runs, changed=["KEPT"])[2] == {"store", "is_free", "show", "text"}
    given = text.replace("def show(message)", "def show(message, is_free=None)")
    assert left(given, *runs, changed=["KEPT"])[2] == {"store", "is_free", "show", "text"}


def test_where_it_moved_and_nobody_but_askers_is_to_be_found_they_count() -> None:
    text = ASKED.replace("{does}", "return table is None")
    runs = (["first", "store", "is_free"], ["second", "show", "text", "is_free"], ["ask"])
    assert left(text, *runs, places={frozenset({"KEPT"}): ("1",)})[2] == {"show", "text", "is_free"}


GIVEN = """
CACHE = []

class Base:
    def register(self): {does}

class Item(Base):
    def __init__(self, value): self.value = computed(value)

def keep(it): CACHE.append(it)

def computed(value): return value

def make(): Item(given()).register()

def given(): return 1

def ask(): return CACHE[0].value
"""


@pytest.mark.parametrize("does", ["CACHE.append(self)", "CACHE[0] = self", "keep(self)"])
def test_what_made_an_object_counts_where_it_gives_itself(does: str) -> None:
    runs = (["make", "Base.register", "Item.__init__", "computed", "given", "keep"], ["ask"])
    found = left(GIVEN.replace("{does}", does), *runs, changed=["CACHE"])[1]
    assert found >= {"Item.__init__", "computed", "given"}


@pytest.mark.parametrize("does", ["CACHE.append(self.value)", "CACHE.append(1) or self == 2"])
def test_an_object_that_does_not_give_itself_is_not_followed(does: str) -> None:
    runs = (["make", "Base.register", "Item.__init__", "computed", "given"], ["ask"])
    assert "given" not in left(GIVEN.replace("{does}", does), *runs, changed=["CACHE"])[1]


BY_TEXT = """
class Kind:
    def load(self): return helper()

def fill(kind): {does}

def helper(): return 1

def ask(): return THING.found
"""


@pytest.mark.parametrize(
    "does",
    [
        "THING.found = getattr(kind, 'load')()",
        "setattr(THING, 'found', kind.load())",
        "THING.__dict__['found'] = kind.load()",
        "THING.__dict__.setdefault('found', []).append(kind.load())",
    ],
)
def test_a_name_in_a_text_is_a_name(does: str) -> None:
    more = "\ndef other(): return THING.found or helping()\n\ndef helping(): pass\n"
    runs = (["fill", "Kind.load", "helper"], ["other", "helping"], ["ask"])
    found = left(BY_TEXT.replace("{does}", does) + more, *runs, changed=["found"])
    assert found[2] == {"fill", "Kind.load", "helper"}


COMPUTED = """
def put(thing, key): thing.__dict__[key] = helper()

def helper(): return 1

def ask(thing): return thing.__dict__["found"]
"""


def test_what_only_texts_name_may_be_what_others_compute() -> None:
    assert left(COMPUTED, ["put", "helper"], ["ask"], changed=["found"])[1] == {"put", "helper"}


ANOTHER_NAME = """
class Shell:
    context_class: type = Context

    def make(self): self.context_class(given()).enter()

class Context:
    def __init__(self, value): self.value = value

    def enter(self): STACK.append(self)

STACK = []

def given(): return 1

def ask(): return STACK[0].value
"""


def test_a_class_that_is_called_by_another_name_is_made_from_what_it_is_given() -> None:
    runs = (["Shell.make", "Context.__init__", "Context.enter", "given"], ["ask"])
    assert {"Context.__init__", "given"} <= left(ANOTHER_NAME, *runs, changed=["STACK"])[1]


HANDED = """
class Registry:
    def take(self, value): self.items.append(value)
    def get(self): return self.items[0]

REG = Registry()

def make(): return 1

def put():
    value = make()
    REG.take(value)

def ask(): return REG.get()
"""


def test_values_that_callers_hand_down_count() -> None:
    found = left(HANDED, ["put", "make", "Registry.take"], ["ask", "Registry.get"], changed=["items"])
    assert found == [set(), {"make", "Registry.take"}]


CALLED_LIKE_IT = """
TABLE = {}

def fill(): TABLE["a"] = 1

def other(task):
    task.fill(made())

def made(): return 1

def read(): return TABLE["a"]
"""


def test_a_function_without_parameters_is_handed_nothing() -> None:
    assert left(CALLED_LIKE_IT, ["fill", "other", "made"], ["read"])[1] == {"fill"}


CLOSURE = """
TABLE = {}

def filler(value):
    def fill(): TABLE["a"] = value
    return fill

def use(): filler(made())()

def made(): return 1

def read(): return TABLE["a"]
"""


def test_what_the_function_around_it_was_handed_counts() -> None:
    found = left(CLOSURE, ["filler", "filler.fill", "use", "made"], ["read"])
    assert found[1] == {"filler.fill", "made"}


HOLDER = """
TABLE = {}

class Holder:
    def __init__(self, value): self.value = value
    def __call__(self): TABLE["a"] = self.value

def use(): Holder(made())()

def made(): return 1

def read(): return TABLE["a"]
"""


def test_what_an_object_was_made_from_counts_for_its_special_methods() -> None:
    found = left(HOLDER, ["Holder.__init__", "Holder.__call__", "use", "made"], ["read"])
    assert {"Holder.__call__", "made"} <= found[1]


SEVERAL = CLOSURE.replace("def filler(value):", "def filler(): pass\n\ndef filler(value):")


def test_of_several_functions_of_one_name_any_may_be_around_it() -> None:
    names = [block.name for block in read_source(SEVERAL).blocks]
    inner = next(name for name in names if name.endswith("fill"))
    outer = next(name for name in names if name.endswith("#2"))
    assert "made" in left(SEVERAL, [outer, inner, "use", "made"], ["read"])[1]


def test_attributes_that_were_not_seen_to_change_count_for_nothing() -> None:
    assert left(HANDED, ["put", "make", "Registry.take"], ["ask", "Registry.get"]) == [set(), set()]


ATTRIBUTE = """
class A:
    def get(self):
        if self.kept is None:
            self.kept = helper()
        return self.kept

def helper(): return 1

def table(): return ITEM.tables

def put(): table()[1] = helper()
"""


@pytest.mark.parametrize(
    ("changed", "runs"),
    [("kept", (["A.get", "helper"], ["A.get"])), ("tables", (["put", "table", "helper"], ["table"]))],
)
def test_an_attribute_leads_to_who_sets_it_or_changes_it_through_a_function(
    changed: str, runs: tuple[list[str], list[str]]
) -> None:
    assert "helper" in left(ATTRIBUTE, *runs, changed=[changed])[1]


@pytest.mark.parametrize("more", ["", "\nNAMES = ['do_it']\n\ndef again(): do_it()\n"])
def test_names_that_are_computed_may_mean_what_nobody_names_and_what_stands_in_strings(more: str) -> None:
    text = CACHED.replace("return helper()", "return getattr(B(), 'do_' + name)()").replace("def helper", "def do_it")
    text = text.replace("def other(): return 2", "def other(): return 2\n\ndef call_other(): return other()")
    found = left(text + more, ["ask", "kept", "do_it", "call_other", "other"], ["ask"])[1]
    assert found >= {"kept", "do_it"}


def test_another_name_for_the_same_is_the_same() -> None:
    text = CACHED.replace("@lru_cache\ndef kept", "def _kept").replace(
        "def other", "kept = lru_cache(_kept)\n\ndef other"
    )
    assert left(text, ["ask", "_kept", "helper"], ["ask"])[1] == {"_kept", "helper"}


FILLED = """
def fill(thing, value): thing.found = value

def first(): fill(A, one())

def second(): fill(A, two())

def one(): return 1

def two(): return 2

def ask(): return A.found
"""
FILLS = (["first", "fill", "one"], ["second", "fill", "two"], ["ask"])


@pytest.mark.parametrize(
    ("moved", "made"),
    [
        (None, {"fill", "one", "two"}),
        (("0",), {"fill", "one"}),
        (("1", "2"), {"fill", "two"}),
        ((), set()),
    ],
)
def test_only_what_ran_in_the_tests_in_which_a_name_moved_made_it(
    moved: tuple[str, ...] | None, made: set[str]
) -> None:
    assert left(FILLED, *FILLS, changed=["found"], moved=moved)[2] == made


def test_what_ran_outside_of_tests_may_always_have_made_it() -> None:
    source = read_source(FILLED)
    lasting = Lasting()
    lasting.add("a.py", source)
    names = [block.name for block in source.blocks]
    fixture = frozenset(map(names.index, FILLS[1]))
    found = Provenance(
        [("a.py", number) for number in range(len(names))],
        names,
        lasting,
        together=[Together(frozenset(map(names.index, FILLS[0])), HERE, frozenset("t")), Together(fixture, None)],
        changed={"found": Change(("",), ())},
    )
    ask = names.index("ask")
    assert {names[n] for n in left_before({ask}, found.left, HERE)} == {"fill", "two"}


CACHE = frozenset({"kept"})


@pytest.mark.parametrize(
    ("places", "made"),
    [({}, {"kept", "helper", "other"}), ({CACHE: ("0",)}, {"kept", "helper"}), ({CACHE: ()}, set())],
)
def test_only_what_ran_in_the_tests_in_which_a_place_of_the_source_moved_made_it(
    places: dict[frozenset[str], tuple[str, ...]], made: set[str]
) -> None:
    text = CACHED.replace("return helper()", "return helper() or other()")
    runs = (["ask", "kept", "helper"], ["ask", "kept", "helper", "other"], ["ask"])
    assert left(text, *runs, places=places)[2] == made


def test_places_that_were_watched_are_heeded() -> None:
    lasting = Lasting()
    for file in ("a.py", "b.py"):
        lasting.add(file, read_source("KEPT = []\n\ndef fill(): KEPT.append(1)\n"))
    lasting.add("c.py", read_source("OTHER = []\n\ndef fill(): OTHER.append(1)\n"))
    assert lasting.heed([Moved("a.py", ("KEPT",), ("x",)), Moved("c.py", ("OTHER",))]) == {}
    assert lasting.places == {frozenset({"KEPT"}): {"a.py", "b.py"}}
    moved = [Moved("a.py", ("KEPT",), ("x",)), Moved("b.py", ("KEPT",), ("y",))]
    assert lasting.heed(moved) == {frozenset({"KEPT"}): ("x", "y")}
    assert lasting.heed([Moved("b.py", ("KEPT",)), *moved[:1]]) == {frozenset({"KEPT"}): ("x",)}
    assert lasting.places == {frozenset({"KEPT"}): {"a.py"}}


INSPECTED = """
KEPT = {}

def fill(): KEPT[1] = Box(inspect(thing, name))

class Box:
    def __init__(self, value): self.value = value

def inspect(thing, name):
    found = getattr(thing, name, None)
    return {what}

class Thing:
    @property
    def looked(self): return 1

    def called(self): return 2

def ask(): return KEPT
"""


@pytest.mark.parametrize(
    ("what", "made"),
    [
        ("found is None or found == 1", {"Thing.looked"}),
        ("found() is None", {"Thing.looked", "Thing.called"}),
        ("found", {"Thing.looked", "Thing.called"}),
        ("use(found) and found == 1", {"Thing.looked", "Thing.called"}),
        ("found is None or (lambda: found) == 1", {"Thing.looked", "Thing.called"}),
        ("found == 1\n    def inner(): return found()", {"Thing.looked", "Thing.called"}),
    ],
)
def test_what_is_found_by_a_computed_name_and_only_compared_is_not_called(what: str, made: set[str]) -> None:
    everything = ["fill", "inspect", "Box.__init__", "Thing.looked", "Thing.called"]
    found = left(INSPECTED.replace("{what}", what), everything, ["ask"])[1]
    assert found & {"Thing.looked", "Thing.called"} == made


def test_a_function_of_that_name_in_a_module_is_called_by_no_other_of_its_modules() -> None:
    text = CACHED + "\ndef __getattr__(name): return other()\n"
    found = left(text, ["ask", "kept", "helper", "__getattr__", "other"], ["ask"])
    assert found[1] == {"kept", "helper"}


def test_arguments_of_a_decorator_decorate_nothing() -> None:
    lasting = Lasting()
    lasting.add("a.py", read_source("@option(callback=memo)\ndef a(): pass\n\n@memo(option)\ndef b(): pass\n"))
    assert lasting.places == {frozenset({"b"}): {"a.py"}}


def test_attributes_that_functions_store_are_told_but_those_of_constructors() -> None:
    lasting = Lasting()
    text = "class A:\n    def __init__(self): self.a = 1\n    def f(self): self.b, self.c.d = 1, 2\nA.e = 1\n"
    lasting.add("a.py", read_source(text))
    assert lasting.stored_by_file() == {"a.py": ("b", "d", "e")}
