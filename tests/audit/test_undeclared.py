"""What is reported, and the line of settings that would cover it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from noxline.audit.harmless import FINGERPRINTED
from noxline.audit.observed import Observed
from noxline.audit.patterns import covers_path
from noxline.audit.undeclared import Declared, undeclared
from noxline.model.undeclared import Undeclared, Use

DECLARED = Declared(
    files=frozenset({"src/a.py", "tests/test_a.py", "tests/data/x.json", "pyproject.toml"}),
    patterns=("src", "tests/**/*", "pyproject.toml"),
    variables=(*FINGERPRINTED, "API_URL"),
    outputs=("docs/_build",),
)
EVERYTHING = Declared(files=DECLARED.files, variables=FINGERPRINTED)


def told(observed: Observed, declared: Declared = DECLARED, environment: tuple[str, ...] = ()) -> list[Undeclared]:
    return list(undeclared(observed, declared, stage="tests", environment=environment))


def lines(observed: Observed, declared: Declared = DECLARED, environment: tuple[str, ...] = ()) -> list[str]:
    return [one.line for one in told(observed, declared, environment)]


def of(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_declared_use_is_not_told() -> None:
    used = Observed(
        reads=DECLARED.files | {"src/made.py"},
        listed=of("src", "tests/data"),
        missing=of("src/b.py", "tests/conftest.py"),
        variables=of("API_URL", "PYTHONPATH", "HOME", "*"),
        writes=of("docs/_build/index.html"),
    )
    assert told(used, environment=("API_URL", "PYTHONPATH", "HOME")) == []


def test_one_file_is_named_and_many_are_told_as_their_folder() -> None:
    assert told(Observed(reads=of("data/a.json"))) == [
        Undeclared(use=Use.READ, names=("data/a.json",), count=1, line='[stage.tests] inputs = [..., "data/a.json"]')
    ]
    assert told(Observed(reads=of("data/a.json", "data/sub/b.json"))) == [
        Undeclared(use=Use.READ, names=("data/",), count=2, line='[stage.tests] inputs = [..., "data"]')
    ]


def test_a_file_beside_declared_ones_is_named_itself() -> None:
    declared = Declared(files=of("src/a.py"), patterns=("src/a.py",))
    assert lines(Observed(reads=of("src/b.py", "src/c.py")), declared) == [
        '[stage.tests] inputs = [..., "src/b.py"]',
        '[stage.tests] inputs = [..., "src/c.py"]',
    ]


def test_a_listed_folder_is_told_once_with_the_file_read_in_it() -> None:
    assert lines(Observed(reads=of("data/a"), listed=of("data", "data/sub"))) == [
        '[stage.tests] inputs = [..., "data"]'
    ]
    assert lines(Observed(listed=of("data", "data/sub"))) == ['[stage.tests] inputs = [..., "data"]']
    assert lines(Observed(listed=of(""))) == ['[stage.tests] inputs = [..., "*"]']


def test_without_declared_inputs_only_what_git_ignores_is_told() -> None:
    used = Observed(reads=of("src/a.py", "secret.bin"), listed=of("", "tests", "ignored"), missing=of("new.cfg"))
    assert lines(used, EVERYTHING) == [
        '[stage.tests] inputs = ["**", "secret.bin"]',
        '[stage.tests] inputs = ["**", "ignored"]',
    ]


def test_what_is_missing_is_told_in_one_entry() -> None:
    [one] = told(Observed(missing=frozenset(f"m{n:02}" for n in range(20))))
    assert (one.use, one.count, len(one.names)) == (Use.MISSING, 20, 8)
    assert one.line.startswith('[stage.tests] inputs = [..., "m00", ')
    assert one.line.endswith(', "m07", ...]')


def test_only_variables_of_the_users_own_environment_are_inputs() -> None:
    used = Observed(variables=of("DATABASE_URL", "SET_BY_THE_TASK"), unset=of("FLAG", "COLUMNS"))
    assert told(used, environment=("DATABASE_URL",)) == [
        Undeclared(
            use=Use.VARIABLE, names=("DATABASE_URL",), count=1, line='[stage.tests] env = [..., "DATABASE_URL"]'
        ),
        Undeclared(use=Use.UNSET, names=("FLAG",), count=1, line='[stage.tests] env = [..., "FLAG"]'),
    ]


def test_a_write_is_an_output() -> None:
    assert lines(Observed(writes=of("out.txt"))) == ['[stage.tests] outputs = [..., "out.txt"]']
    assert lines(Observed(writes=of("out.txt")), EVERYTHING) == ['[stage.tests] outputs = ["out.txt"]']


def test_a_stage_whose_name_is_no_bare_key_is_quoted() -> None:
    [one] = undeclared(Observed(reads=of("a")), DECLARED, stage="my tests", environment=())
    assert one.line == '[stage."my tests"] inputs = [..., "a"]'


PATHS = st.lists(st.sampled_from(["a", "b", "c", "d.txt"]), min_size=1, max_size=4).map("/".join)


@given(st.frozensets(PATHS, max_size=6), st.frozensets(PATHS, max_size=6), st.frozensets(PATHS, max_size=3))
def test_what_the_lines_say_covers_everything(
    reads: frozenset[str], files: frozenset[str], listed: frozenset[str]
) -> None:
    declared = Declared(files=files, patterns=("none",))
    entries = told(Observed(reads=reads, listed=listed), declared)
    added = tuple(name.rstrip("/") for one in entries for name in one.names)
    assert all(covers_path(added, name) for name in reads - files)
    assert told(Observed(reads=reads, listed=listed), Declared(files=files, patterns=("none", *added))) == []
