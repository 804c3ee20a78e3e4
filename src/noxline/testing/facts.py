"""What one block of code says: the names in it, what it calls with what, and what it may change."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from noxline.testing.altering import MUTATING, NOTHING, Alters, altered
from noxline.testing.altering import callee as called_by
from noxline.testing.computed import computing_in, meant_attribute, only_compared

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_SELF = frozenset({"self", "cls", "mcs"})
_CHANGING = frozenset({"setattr", "delattr", "next", "heappush", "heappop", "heapify", "insort", "shuffle", "update"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What one block says.

    `names` are those it mentions and does not bind itself, `texts` those of them that only texts name,
    `defines` functions and classes inside it,
    `calls` the names handed to each function that it calls,
    `passes` the functions that get its own parameters,
    `gives` those that get the object that it is a method of, "" for other places;
    `writes` those whose content it may change, `through` functions that give it what it changes, `lends` the names lent
    to each function that it calls, `shared` variables of the module that it changes;
    `local` functions that it calls by a variable of its own, `plain` those that it calls neither so nor as attributes;
    `alters` what becomes of its parameters;
    `takes`: it has parameters, beside the object that it is a method of; `computes`: it calls by names that are not
    written down; `inspects`: it compares what it finds by such names.
    """

    names: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    defines: frozenset[str] = frozenset()
    calls: Mapping[str, frozenset[str]] = field(default_factory=dict)
    passes: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    through: frozenset[str] = frozenset()
    lends: Mapping[str, frozenset[str]] = field(default_factory=dict)
    local: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()
    gives: frozenset[str] = frozenset()
    alters: Alters = NOTHING
    shared: frozenset[str] = frozenset()
    takes: bool = False
    computes: bool = False
    inspects: bool = False


def facts_of(nodes: Sequence[ast.stmt], parameters: frozenset[str], outside: frozenset[str]) -> Facts:
    """Return what a block says; `outside` are the variables of its module, what it imports left out."""
    everything = [node for statement in nodes for node in ast.walk(statement)]
    variables = _variables_of(everything, parameters)
    calls = list(_calls(everything))
    changed = list(_changed(everything))
    defines = frozenset(_defined(everything))
    computing = computing_in(everything)
    # What a function inside, or another one of the module, does with a variable is not seen here.
    alone = outside and not (defines or variables.declared)
    inspecting = only_compared(computing, everything) if alone else []
    roots = frozenset(map(_root, changed))
    return Facts(
        names=_all_mentioned(nodes, variables.bound, {}),
        texts=frozenset(_named_by_texts_alone(everything)),
        defines=defines,
        calls=_by_callee(calls, _handed, variables),
        passes=_handed_any(calls, parameters),
        writes=_all_mentioned(changed, variables.bound, variables.sources) | (variables.declared & variables.stored),
        through=_called_in(changed),
        lends=_by_callee(calls, _lent, variables),
        local=frozenset(map(_called, calls)) & variables.bound,
        plain=frozenset(map(_called, calls)) - variables.bound - frozenset(_called_as_attributes(calls)),
        gives=frozenset(_given(everything, calls)),
        alters=altered(everything, parameters, variables.bound),
        shared=(roots & (outside - variables.bound - defines)) | (variables.shared & variables.stored),
        takes=bool(parameters - _SELF),
        computes=len(computing) > len(inspecting),
        inspects=bool(inspecting),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Variables:
    """The variables of one block.

    `stored` are those that it sets or deletes, `shared` those that it declares to be its module's, `declared` those and
    the ones of functions around it, `bound` its own; `sources` are the names from which each of its own is made.
    """

    stored: frozenset[str]
    shared: frozenset[str]
    declared: frozenset[str]
    bound: frozenset[str]
    sources: Mapping[str, frozenset[str]]


def _variables_of(everything: Sequence[ast.AST], parameters: frozenset[str]) -> _Variables:
    shared = frozenset(name for node in everything if isinstance(node, ast.Global) for name in node.names)
    declared = shared.union(*(node.names for node in everything if isinstance(node, ast.Nonlocal)))
    stored = frozenset(n.id for n in everything if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load))
    bound = (stored | parameters) - declared
    sources = _sources(everything, bound)
    return _Variables(stored=stored, shared=shared, declared=declared, bound=bound, sources=sources)


def _by_callee(
    calls: Iterable[ast.Call], parts: Callable[[ast.Call], Iterable[ast.AST]], variables: _Variables
) -> dict[str, frozenset[str]]:
    """Return the names mentioned in these parts of the calls, by the name of the function that is called."""
    found: dict[str, frozenset[str]] = {}
    for call in calls:
        name = _called(call)
        found[name] = found.get(name, frozenset()) | _all_mentioned(parts(call), variables.bound, variables.sources)
    return found


def _handed(call: ast.Call) -> list[ast.expr]:
    """Return what a call hands to the function."""
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _lent(call: ast.Call) -> list[ast.expr]:
    """Return what a call hands to the function as it is, so that it may be changed there."""
    return [part for part in _handed(call) if isinstance(part, ast.Name | ast.Attribute | ast.Starred)]


def _handed_any(calls: Iterable[ast.Call], variables: frozenset[str]) -> frozenset[str]:
    """Return the names of functions to which any of these variables is handed."""
    return frozenset(_called(call) for call in calls if _hands_on(call, variables))


def _hands_on(call: ast.Call, variables: frozenset[str]) -> bool:
    """Tell whether a call hands on any of these variables, the object itself left out."""
    names = {node.id for part in _handed(call) for node in ast.walk(part) if isinstance(node, ast.Name)}
    return bool(names & variables - _SELF)


def _named_by_texts_alone(nodes: Sequence[ast.AST]) -> set[str]:
    written = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    written |= {node.id for node in nodes if isinstance(node, ast.Name)}
    return {attribute.attr for node in nodes if (attribute := meant_attribute(node))} - written


def _given(nodes: Sequence[ast.AST], calls: Iterable[ast.Call]) -> Iterator[str]:
    """Yield the functions that get `self` itself; "" where it may be kept otherwise."""
    bare = _bare(nodes)
    kept = set(bare)
    for call in calls:
        handed = bare.intersection(id(node) for part in _handed(call) for node in ast.walk(part))
        kept -= handed
        yield from [_called(call)] if handed else []
    yield from [""] if kept else []


def _bare(nodes: Sequence[ast.AST]) -> set[int]:
    """Return where `self` stands for itself, by the identities of the nodes."""
    found = {id(node) for node in nodes if isinstance(node, ast.Name) and node.id == "self"}
    return found.difference(id(part) for node in nodes for part in _asked_of(node))


def _asked_of(node: ast.AST) -> Iterable[ast.AST | None]:
    """Return what is only asked, compared or returned here."""
    if isinstance(node, ast.Attribute | ast.Return):
        return [node.value]
    return [node.left, *node.comparators] if isinstance(node, ast.Compare) else []


def _calls(nodes: Iterable[ast.AST]) -> Iterator[ast.Call]:
    for node in nodes:
        if isinstance(node, ast.Call):
            yield node


def _defined(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, _DEFINITIONS):
            yield node.name


def _all_mentioned(
    nodes: Iterable[ast.AST], bound: frozenset[str], sources: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    return frozenset(name for node in nodes for name in _mentioned(node, bound, sources))


def _mentioned(node: ast.AST, bound: frozenset[str], sources: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Yield the names in a piece of code: attributes, and variables that are not its own; for those, `sources`."""
    for inner in ast.walk(node):
        attribute = inner if isinstance(inner, ast.Attribute) else meant_attribute(inner)
        if attribute:
            yield attribute.attr
        elif isinstance(inner, ast.Name):
            yield from (sources.get(inner.id, ()) if inner.id in bound else (inner.id,))


def _sources(nodes: Sequence[ast.AST], bound: frozenset[str]) -> dict[str, frozenset[str]]:
    """Return the names from which each local variable is made."""
    found: dict[str, frozenset[str]] = {}
    for _ in range(2):  # a variable made from one that is made later in the text
        for node in nodes:
            value = _value_in(node)
            if value is not None:
                names = frozenset(_mentioned(value, bound, found))
                for target in _targets_in(node):
                    found[target] = found.get(target, frozenset()) | names
    return found


def _value_in(node: ast.AST) -> ast.AST | None:
    """Return what an assignment, a loop or a `with` gives to its variables."""
    value = getattr(node, "value", None) or getattr(node, "iter", None) or getattr(node, "context_expr", None)
    return value if isinstance(value, ast.AST) else None


def _targets_in(node: ast.AST) -> Iterator[str]:
    """Yield the variables that an assignment, a loop or a `with` sets."""
    targets = getattr(node, "targets", None) or [getattr(node, "target", getattr(node, "optional_vars", None))]
    for target in targets:
        if isinstance(target, ast.AST):
            yield from _stored_in(target)


def _stored_in(target: ast.AST) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _called(node: ast.AST) -> str:
    """Return the name that a call calls; empty for anything else."""
    return called_by(node) if isinstance(node, ast.Call) else ""


def _called_as_attributes(calls: Iterable[ast.Call]) -> Iterator[str]:
    for call in calls:
        if isinstance(call.func, ast.Attribute):
            yield call.func.attr


def _called_in(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Return the names of all functions that are called in these."""
    return frozenset(_called(inner) for node in nodes for inner in ast.walk(node)) - {""}


def _changed(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield what is written to: attributes, and objects of which an item or an attribute is."""
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            yield node if isinstance(node, ast.Attribute) else meant_attribute(node) or node.value
        elif isinstance(node, ast.Call):
            yield from (meant_attribute(node) or one for one in _changed_by(node))


def _changed_by(call: ast.Call) -> Iterator[ast.AST]:
    """Yield the objects that a call changes by what it is called."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in MUTATING:
        yield call.func.value
    if _called(call) in _CHANGING:
        yield from call.args[:1]


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
