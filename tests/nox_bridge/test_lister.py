import os
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent
from typing import Any, cast

import pytest
from nox.sessions import _normalize_path

from noxline.errors import ConfigError
from noxline.inputs import sealed
from noxline.nox_bridge.list_process import run_lister
from noxline.nox_bridge.listing import Listing, find_noxfile, list_sessions

pytestmark = pytest.mark.process


def write(root: Path, source: str, name: str = "noxfile.py") -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dedent(source), encoding="utf-8")
    return file


def listed(noxfile: Path, **environ: str) -> Listing:
    return list_sessions(noxfile, state=noxfile.parent / ".noxline" / "state", environ={**os.environ, **environ})


MATRIX = """\
    import nox
    nox.options.sessions = ["tests", "lint"]

    @nox.session(python=["3.10", "3.12"], tags=["slow"])
    @nox.parametrize("dep", ["1", "2"])
    def tests(session, dep):
        '''Run the tests.

        All of them.'''

    @nox.session(requires=["tests-3.12"], venv_backend="none")
    def coverage(session): pass

    @nox.session(requires=["tests", "coverage"], default=False)
    def everything(session): pass

    @nox.session(python=["3.10", "3.12"], requires=["tests-{python}"])
    def after(session): pass

    @nox.session(python=False)
    def lint(session): pass
    """


def test_sessions_come_with_parameters_tags_environments_and_defaults(tmp_path: Path) -> None:
    sessions = {s.name: s for s in listed(write(tmp_path, MATRIX)).sessions}

    first = sessions["tests-3.10(dep='1')"]
    assert (first.family, first.python, first.params, first.tags) == ("tests", "3.10", "dep='1'", ("slow",))
    envs = str(tmp_path / ".noxline" / "envs" / "project")  # nox shortens the folder's name when the path gets long
    folder = Path(_normalize_path(envs, first.name)).name
    assert (first.doc, first.environment, first.backend) == ("Run the tests.", folder, "uv")
    assert {name for name, s in sessions.items() if s.default} == {
        *(f"tests-{python}(dep='{dep}')" for python in ("3.10", "3.12") for dep in "12"),
        "lint",
    }
    assert (sessions["coverage"].backend, sessions["coverage"].environment) == ("none", "")
    assert sessions["lint"].environment == ""


def test_requires_reach_every_session_that_bears_the_name(tmp_path: Path) -> None:
    sessions = {s.name: s for s in listed(write(tmp_path, MATRIX)).sessions}

    newer = ("tests-3.12(dep='1')", "tests-3.12(dep='2')")
    older = ("tests-3.10(dep='1')", "tests-3.10(dep='2')")
    assert sessions["coverage"].requires == newer
    assert sessions["everything"].requires == (*older, *newer, "coverage")
    assert sessions["after-3.10"].requires == older


@pytest.mark.parametrize(
    ("option", "expected"),
    [("keywords = 'lint'", {"lint"}), ("tags = ['quick']", {"lint"}), ("sessions = []", set()), ("pythons = []", None)],
)
def test_default_sessions_are_those_that_nox_itself_would_run(
    tmp_path: Path, option: str, expected: set[str] | None
) -> None:
    noxfile = write(
        tmp_path,
        f"""\
        import nox
        nox.options.{option}
        @nox.session(tags=["quick"])
        def lint(session): pass
        @nox.session
        def tests(session): pass
        """,
    )

    sessions = listed(noxfile).sessions

    assert {s.name for s in sessions if s.default} == (expected if expected is not None else {"lint", "tests"})


def test_backends_follow_the_noxfile(tmp_path: Path) -> None:
    noxfile = write(
        tmp_path,
        """\
        import nox
        nox.options.default_venv_backend = "uv|virtualenv"
        @nox.session
        def one(session): pass
        @nox.session(venv_backend="virtualenv")
        def two(session): pass
        @nox.session(venv_backend="none", python=["3.10", "3.12"])
        def three(session): pass
        """,
    )

    assert [(s.name, s.backend) for s in listed(noxfile).sessions] == [
        ("one", "uv"),
        ("two", "virtualenv"),
        ("three", "none"),
    ]


def test_a_session_says_which_standard_stage_it_is_and_when_it_has_no_parameters(tmp_path: Path) -> None:
    noxfile = write(
        tmp_path,
        """\
        import nox
        def run(session): pass
        run.noxline_standard = "lint"
        nox.session(name="lint", python=["3.12"])(run)
        @nox.session
        @nox.parametrize("x", [])
        def empty(session, x): pass
        """,
    )

    lint, empty = listed(noxfile).sessions

    assert (lint.standard, lint.skip) == ("lint", None)
    assert empty.skip is not None
    assert "no parameters" in empty.skip.reason


@pytest.mark.parametrize(
    ("source", "place", "message", "hint"),
    [
        ("import nox\n\ndef f(:\n", "noxfile.py:3", "SyntaxError", "the line reads: def f(:"),
        ("import nox\nimport no_such_thing\n", "noxfile.py:2", "No module named 'no_such_thing'", "no_such_thing"),
        ("import nox\n\n1 / 0\n", "noxfile.py:3", "ZeroDivisionError", "-m nox --list"),
        ("import sys\nsys.exit('no')\n", "noxfile.py:2", "sys.exit('no')", "session.error"),
        ("import nox\nnox.needs_version = '>=9999'\n", "noxfile.py:2", "9999", "installed beside it"),
        (
            "import nox\n@nox.session(requires=['tets'])\ndef a(s): pass\n@nox.session\ndef tests(s): pass\n",
            "noxfile.py:2",
            "requires 'tets'",
            "'tests'",
        ),
        (
            "import nox\n@nox.session(requires=['b'])\ndef a(s): pass\n@nox.session(requires=['a'])\ndef b(s): pass\n",
            "noxfile.py:2",
            "circle: a → b → a",
            "take a name out of one requires=",
        ),
        (
            "import nox\nnox.options.sessions = ['x']\n@nox.session\ndef a(s): pass\n",
            "noxfile.py:2",
            "not found: x",
            "there are: a",
        ),
        ("import nox\n@nox.session(requires=['t-{python}'])\ndef a(s): pass\n", "noxfile.py:2", "python is None", ""),
        ("import nox\n@nox.session(requires=['xyz'])\ndef a(s): pass\n", "noxfile.py:2", "'xyz'", "there are: a"),
        ("import helper\n", "helper.py:1", "ValueError: bad", ""),
        ("import os\nos._exit(9)\n", "noxfile.py", "ended its process while it loaded (exit code 9)", "python noxfile"),
    ],
)
def test_a_noxfile_that_cannot_be_used_is_an_error_with_its_place(
    tmp_path: Path, source: str, place: str, message: str, hint: str
) -> None:
    write(tmp_path, "raise ValueError('bad')\n", "helper.py")

    with pytest.raises(ConfigError) as raised:
        listed(write(tmp_path, source))

    assert raised.value.place == place
    assert message in raised.value.message
    assert hint in raised.value.hint


def test_a_noxfile_that_is_not_utf_8_is_an_error_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "noxfile.py").write_bytes(b"import nox\n# caf\xe9\n")

    with pytest.raises(ConfigError, match="not UTF-8 text") as raised:
        listed(tmp_path / "noxfile.py")

    assert raised.value.place == "noxfile.py:2"


def test_a_noxfile_that_hangs_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    noxfile = write(
        tmp_path,
        """\
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        open("pid", "w").write(str(child.pid))
        child.wait()
        """,
    )

    with pytest.raises(ConfigError, match="within 2 seconds"):
        run_lister(noxfile, envs=tmp_path / "envs", environ=os.environ, limit=2)

    pid = int((tmp_path / "pid").read_text())
    for _ in range(50):
        if not Path(f"/proc/{pid}/stat").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text():
            return
        time.sleep(0.05)
    pytest.fail("the noxfile's child still runs")


def test_what_a_noxfile_prints_and_leaves_running_does_not_confuse_the_answer(tmp_path: Path) -> None:
    noxfile = write(
        tmp_path,
        """\
        import os, threading, time, nox
        print('{"sessions": []}')
        os.write(1, b"noise")
        threading.Thread(target=time.sleep, args=(30,)).start()
        @nox.session
        def tests(session): pass
        """,
    )
    started = time.perf_counter()

    assert [s.name for s in listed(noxfile).sessions] == ["tests"]
    assert time.perf_counter() - started < 20


def test_a_noxfile_finds_the_modules_beside_it_but_they_shadow_nothing(tmp_path: Path) -> None:
    write(tmp_path, "raise RuntimeError('the project shadows a dependency of nox')", "attrs.py")
    write(tmp_path, "raise RuntimeError('the project shadows the standard library')", "graphlib.py")
    write(tmp_path, "PYTHONS = ['3.12']", "ci_matrix/__init__.py")
    noxfile = write(
        tmp_path,
        "import nox, graphlib\nfrom ci_matrix import PYTHONS\n@nox.session(python=PYTHONS)\ndef a(s): pass\n",
    )

    found = listed(noxfile)

    assert [s.name for s in found.sessions] == ["a-3.12"]
    assert set(found.files) == {noxfile, tmp_path / "ci_matrix" / "__init__.py"}


READS = """\
    import os, nox
    from pathlib import Path
    try:
        import local_settings
    except ImportError:
        pass
    names = [p.stem for p in sorted(Path("parts").iterdir())]
    version = Path("version.txt").read_text().strip()
    extra = Path("extra").exists()
    flag = os.environ.get("MY_FLAG")
    for name in [*names, version, *(["extra"] if extra else []), *([flag] if flag else [])]:
        nox.session(name=name)(lambda session: None)
    """


def test_a_kept_listing_is_used_until_something_changes_that_the_noxfile_reads(tmp_path: Path) -> None:
    write(tmp_path, "", "parts/a.txt")
    write(tmp_path, "v1", "version.txt")
    noxfile = write(tmp_path, READS)
    kept = tmp_path / ".noxline" / "state" / "listing"

    def names(**environ: str) -> list[str]:
        return [s.name for s in listed(noxfile, **environ).sessions]

    def relisted() -> bool:
        before = kept.read_bytes()
        names()
        return kept.read_bytes() != before

    assert names() == ["a", "v1"]
    write(tmp_path, "unrelated", "other.txt")
    assert not relisted()
    write(tmp_path, "", "parts/b.txt")
    assert names() == ["a", "b", "v1"]
    write(tmp_path, "v2", "version.txt")
    assert names() == ["a", "b", "v2"]
    (tmp_path / "extra").mkdir()
    assert names() == ["a", "b", "v2", "extra"]
    assert names(MY_FLAG="on") == ["a", "b", "v2", "extra", "on"]
    assert names() == ["a", "b", "v2", "extra"]
    write(tmp_path, "", "local_settings.py")
    assert relisted()
    write(tmp_path, "import nox\n@nox.session\ndef only(s): pass\n")
    assert names() == ["only"]


def test_a_kept_listing_starts_no_process_and_imports_no_nox(tmp_path: Path) -> None:
    noxfile = write(tmp_path, "import nox\n@nox.session\ndef tests(s): pass\n")
    first = listed(noxfile)
    code = f"""
import os, sys
from pathlib import Path
from noxline.nox_bridge.listing import list_sessions
def refuse(event, args):
    if event in ("subprocess.Popen", "os.posix_spawn", "os.fork"): raise SystemExit("started " + event)
sys.addaudithook(refuse)
found = list_sessions(Path({str(noxfile)!r}), state=Path({str(tmp_path / ".noxline" / "state")!r}), environ=os.environ)
print([s.name for s in found.sessions], "nox" in sys.modules)
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert [s.name for s in first.sessions] == ["tests"]
    assert done.stdout.split("\n")[0] == "['tests'] False", done.stderr


def test_a_noxfile_that_starts_programs_is_listed_anew_each_time(tmp_path: Path) -> None:
    noxfile = write(
        tmp_path,
        "import nox, subprocess\nsubprocess.run(['git', '--version'])\n@nox.session\ndef tests(s): pass\n",
    )

    found = listed(noxfile)

    assert "starts git while it loads" in found.notes[0]
    assert not (tmp_path / ".noxline" / "state" / "listing").exists()


def test_a_torn_kept_listing_is_no_error(tmp_path: Path) -> None:
    noxfile = write(tmp_path, "import nox\n@nox.session\ndef tests(s): pass\n")
    listed(noxfile)
    kept = tmp_path / ".noxline" / "state" / "listing"
    whole, known = kept.read_bytes(), cast("dict[str, Any]", sealed.load(str(kept)))

    for torn in (b"", whole[: len(whole) // 2], b"[]", whole.replace(b"tests", b"tasks")):
        kept.write_bytes(torn)
        assert [s.name for s in listed(noxfile).sessions] == ["tests"]
    sealed.save(str(kept), {**known, "sessions": [{}]})
    assert [s.name for s in listed(noxfile).sessions] == ["tests"]


def test_a_script_header_gets_the_environment_that_it_asks_for(tmp_path: Path) -> None:
    write(tmp_path, "NAME = 'tests'", "beside.py")
    noxfile = write(
        tmp_path,
        """\
        # /// script
        # dependencies = ["nox", "toposort"]
        # ///
        import nox, toposort
        from beside import NAME
        nox.session(name=NAME)(lambda session: None)
        """,
    )
    environ = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}

    try:
        answer = list_sessions(noxfile, state=tmp_path / ".noxline" / "state", environ=environ)
    except ConfigError as error:
        if "script header" in error.message and "beside" in error.hint:
            pytest.fail("nox lists it without the modules beside it")
        raise

    assert [s.name for s in answer.sessions] == ["tests"]


def test_find_noxfile(tmp_path: Path) -> None:
    assert find_noxfile(tmp_path) is None
    assert find_noxfile(write(tmp_path, "").parent) == tmp_path / "noxfile.py"


def test_what_only_bears_the_name_of_a_noxfile_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "noxfile.py").mkdir()

    with pytest.raises(ConfigError, match=r"noxfile\.py is not a regular file"):
        find_noxfile(tmp_path)
