import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from noxline.model.stage import SessionInfo, Source
from noxline.model.task import Cause, Outcome, Status, Task
from noxline.nox_bridge.child import child_environment, prepare_argv, session_argv
from noxline.nox_bridge.environments import has_module, is_usable
from noxline.nox_bridge.interpreters import find_interpreters
from noxline.nox_bridge.listing import list_sessions
from noxline.nox_bridge.report import interpret

pytestmark = pytest.mark.process


@dataclass
class Project:
    """A small project with a noxfile, driven as noxline drives it."""

    root: Path

    @property
    def envs(self) -> Path:
        return self.root / ".noxline" / "envs" / "project"

    def write(self, name: str, source: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(source), encoding="utf-8")

    def session(self, name: str) -> SessionInfo:
        state = self.root / ".noxline" / "state"
        listing = list_sessions(self.root / "noxfile.py", state=state, environ=os.environ)
        return next(session for session in listing.sessions if session.name == name)

    def marker(self, name: str) -> Path:
        """Return the file that says that an environment is half-made."""
        return self.envs / f".{self.session(name).environment}.making"

    def damage(self, name: str, command: str) -> None:
        place = self.envs / self.session(name).environment  # hashed by nox where the path is long
        subprocess.run(command.format(e=place, m=self.marker(name)), shell=True, check=True)

    def environ(self, session: SessionInfo) -> dict[str, str]:
        task = Task(
            name=session.name, stage=session.family, session=session.name, source=Source.PROJECT, python=session.python
        )
        output = self.root / "output"
        output.mkdir(exist_ok=True)
        return child_environment(
            os.environ,
            task=task,
            python=session.python,
            interpreters=find_interpreters(os.environ, self.root / ".noxline" / "state"),
            run_id="r",
            root=self.root,
            output=output,
            needs=[],
            cpus=1,
            envs=self.envs,
            testing={},
            pythons=[],
            measure={},
        )

    def prepare(self, name: str, *, coverage: bool = False) -> subprocess.CompletedProcess[str]:
        session = self.session(name)
        command = prepare_argv(
            session, noxfile=self.root / "noxfile.py", envs=self.envs, root=self.root, coverage=coverage
        )
        return self.start(command, session)

    def run(self, name: str, *posargs: str, install: bool = False) -> tuple[Outcome, str]:
        session = self.session(name)
        report = self.root / "output" / "nox.json"
        report.unlink(missing_ok=True)
        done = self.start(
            session_argv(
                session,
                noxfile=self.root / "noxfile.py",
                envs=self.envs,
                report=report,
                posargs=posargs,
                install=install,
                run=True,
            ),
            session,
        )
        log = self.root / "log.txt"
        log.write_text(done.stdout)
        passed = done.returncode == 0
        outcome = Outcome(
            task=name,
            status=Status.PASSED if passed else Status.FAILED,
            exit_code=done.returncode,
            cause=Cause.NONE if passed else Cause.EXIT,
            log=log,
        )
        return interpret(outcome, report), done.stdout

    def start(self, command: tuple[str, ...], session: SessionInfo) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environ(session),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=120,
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "p")
    project.write(
        "pyproject.toml",
        """\
        [project]
        name = "demo-pk"
        version = "1.0"
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
        [tool.hatch.build.targets.wheel]
        packages = ["src/demo_pk"]
        """,
    )
    project.write("src/demo_pk/__init__.py", "VALUE = 1\n")
    return project


SHOW = 's.run("python", "-c", "import sys; print(\'running on\', sys.version_info[:2])")'


@pytest.mark.parametrize("python", ["3.8", "3.12"])
def test_a_session_runs_on_the_python_it_names(project: Project, python: str) -> None:
    if python not in {one.version for one in find_interpreters(os.environ, None)}:
        pytest.skip(f"Python {python} is not here")
    project.write("noxfile.py", f"import nox\n@nox.session(python=['{python}'])\ndef t(s):\n    {SHOW}\n")

    prepared = project.prepare(f"t-{python}", coverage=True)
    outcome, log = project.run(f"t-{python}")

    assert prepared.returncode == 0, prepared.stdout
    assert "installed coverage into the environment" in prepared.stdout
    assert (outcome.status, outcome.reason) == (Status.PASSED, ""), log
    assert f"running on {tuple(map(int, python.split('.')))}" in log
    environment = project.envs / project.session(f"t-{python}").environment
    assert is_usable(environment)
    assert has_module(environment, "coverage")
    assert [path.name for path in project.envs.iterdir() if path.is_dir()] == [environment.name]


def test_prepared_sessions_run_without_installing_and_get_their_arguments(project: Project) -> None:
    project.write(
        "noxfile.py",
        """\
        import nox
        @nox.session(reuse_venv=False)
        def t(s):
            s.install("toposort")
            s.run("python", "-c", "import toposort, sys; print('got', sys.argv[1:])", *s.posargs)
        """,
    )

    first = project.prepare("t")
    outcome, log = project.run("t", "-k", "it works")

    assert first.returncode == 0
    assert "got" not in first.stdout
    assert outcome.status is Status.PASSED
    assert "got ['-k', 'it works']" in log
    assert "install" not in log
    assert "Creating" not in log


def test_a_session_runs_in_a_new_environment_without_having_been_prepared(project: Project) -> None:
    project.write(
        "noxfile.py",
        """\
        import nox
        @nox.session
        def t(s):
            s.install("toposort")
            s.run("python", "-c", "import toposort")
        """,
    )

    assert project.run("t", install=True)[0].status is Status.PASSED
    assert project.run("t", install=True)[0].status is Status.PASSED


OUTCOMES = """\
    import nox
    @nox.session(venv_backend="none")
    def skipping(s): s.skip("nothing to do")
    @nox.session(venv_backend="none")
    def aborting(s): s.error("there is no tag")
    @nox.session(venv_backend="none")
    def failing(s): s.run("false", external=True)
    @nox.session(venv_backend="none")
    def raising(s): 1 / 0
    @nox.session(venv_backend="none")
    def notifying(s): s.notify("skipping")
    @nox.session(python="3.99")
    def future(s): pass
    @nox.session(python=False)
    def plain(s):
        s.run_install("true", external=True)
        s.run("python", "-c", "print('plain ran')")
    """


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("skipping", Status.SKIPPED, "nothing to do"),
        ("aborting", Status.FAILED, "there is no tag"),
        ("failing", Status.FAILED, ""),
        ("raising", Status.FAILED, ""),
        ("notifying", Status.PASSED, ""),
        ("future", Status.SKIPPED, "3.99"),
        ("plain", Status.PASSED, ""),
    ],
)
def test_how_a_session_ended_is_seen(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str, status: Status, reason: str
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("FORCE_COLOR", "1")
    project.write("noxfile.py", OUTCOMES)

    outcome, log = project.run(name)

    assert outcome.status is status, log
    assert reason in outcome.reason


@pytest.mark.parametrize("name", ["tests-3.11(dep='1')", "tests-3.12(dep='it has [brackets] & spaces')"])
def test_a_parametrised_session_runs_alone_whatever_the_noxfile_prefers(project: Project, name: str) -> None:
    project.write(
        "noxfile.py",
        """\
        import nox
        nox.options.pythons = ["3.10"]
        nox.options.sessions = ["other"]
        nox.options.reuse_venv = "never"
        nox.options.stop_on_first_error = True
        @nox.session(python=["3.11", "3.12"], venv_backend="uv")
        @nox.parametrize("dep", ["1", "it has [brackets] & spaces"])
        def tests(s, dep):
            s.run("python", "-m", "pip", "--version")
            print("ran", s.name, dep)
        @nox.session(requires=["tests"])
        def other(s): pass
        """,
    )

    assert project.prepare(name).returncode == 0
    outcome, log = project.run(name)

    assert outcome.status is Status.PASSED, log
    assert log.count("ran tests-") == 1
    assert f"ran {name}" in log
    assert "Creating" not in log


def test_a_noxfile_with_a_script_header_is_prepared_and_run(project: Project) -> None:
    project.write(
        "noxfile.py",
        """\
        # /// script
        # dependencies = ["nox", "toposort"]
        # ///
        import nox, toposort
        @nox.session
        def t(s):
            s.install("toposort")
            s.run("python", "-c", "import toposort; print('it ran')")
        """,
    )
    session = project.session("t")
    command = prepare_argv(
        session, noxfile=project.root / "noxfile.py", envs=project.envs, root=project.root, coverage=True
    )
    subprocess.run(["rm", "-rf", str(project.envs / "_nox_script_mode")], check=True)
    both = [
        subprocess.Popen(
            command, cwd=project.root, env=project.environ(session), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for _ in range(2)
    ]
    logs = [process.communicate(timeout=120)[0].decode() for process in both]
    outcome, log = project.run("t")

    assert [process.returncode for process in both] == [0, 0], logs
    assert outcome.status is Status.PASSED, log
    assert "it ran" in log


def test_an_unknown_session_fails_with_a_reason(project: Project) -> None:
    project.write("noxfile.py", "import nox\n@nox.session(venv_backend='none')\ndef t(s): pass\n")
    gone = SessionInfo(name="gone", family="gone", source=Source.PROJECT, backend="none")
    report = project.root / "nox.json"
    command = session_argv(
        gone, noxfile=project.root / "noxfile.py", envs=project.envs, report=report, install=False, run=True
    )

    done = project.start(command, gone)
    outcome = interpret(Outcome(task="gone", status=Status.FAILED, exit_code=done.returncode, cause=Cause.EXIT), report)

    assert done.returncode == 3
    assert "does not know this session" in outcome.reason


SHOWS_VALUE = 's.run("python", "-c", "import demo_pk; print(\'value\', demo_pk.VALUE)")'


def test_a_copied_project_is_installed_again_after_an_edit(project: Project) -> None:
    # Through a requirements file: uv notices edits by itself only of a folder named on its command line.
    project.write("requirements.txt", ".\n")
    project.write(
        "noxfile.py",
        f"""\
        import nox
        @nox.session(python=["3.11", "3.12"])
        def t(s):
            s.install("-r", "requirements.txt")
            {SHOWS_VALUE}
        """,
    )
    mtime = (project.root / "pyproject.toml").stat().st_mtime_ns

    source = project.root / "src/demo_pk/__init__.py"
    for value in (1, 2):  # the same size, and below the same time of modification
        project.write("src/demo_pk/__init__.py", f"VALUE = {value}\n")
        os.utime(source, ns=(1, 1))
        assert project.prepare("t-3.11").returncode == 0
        assert f"value {value}" in project.run("t-3.11")[1]
    assert project.prepare("t-3.12").returncode == 0
    assert "value 2" in project.run("t-3.12")[1]
    assert (project.root / "pyproject.toml").stat().st_mtime_ns == mtime


def test_a_new_environment_takes_no_stale_copy_from_uvs_cache(project: Project) -> None:
    project.write("requirements.txt", ".\n")
    project.write(
        "noxfile.py",
        f"import nox\n@nox.session\ndef t(s):\n    s.install('-r', 'requirements.txt')\n    {SHOWS_VALUE}\n",
    )
    project.prepare("t")
    for leftover in (project.envs / ".project-stamp", *project.envs.glob("t*")):
        subprocess.run(["rm", "-rf", str(leftover)], check=True)
    project.write("src/demo_pk/__init__.py", "VALUE = 2\n")

    assert project.prepare("t").returncode == 0
    assert "value 2" in project.run("t")[1]


CHAINED = """\
    import nox
    @nox.session
    def raising(s):
        s.install("toposort")
        version = s.run("python", "-c", "print(1.5)", silent=True)
        s.log(version.strip())
        s.install("packaging")
        s.run("python", "-c", "import toposort, packaging; print('it ran')")

    @nox.session
    def building(s):
        s.run("python", "-c", "open('made.txt', 'w').write('toposort')")
        s.install("-r", "made.txt")
        s.run("python", "-c", "import toposort; print('it ran')")
    """


@pytest.mark.parametrize("name", ["raising", "building"])
def test_a_session_that_installs_what_it_made_does_everything_when_it_runs(project: Project, name: str) -> None:
    project.write("noxfile.py", CHAINED)

    for _ in range(2):
        (project.root / "made.txt").unlink(missing_ok=True)
        prepared = project.prepare(name)
        outcome, log = project.run(name)

        assert prepared.returncode == 0, prepared.stdout
        assert "cannot be prepared alone" in prepared.stdout
        assert outcome.status is Status.PASSED, log
        assert "it ran" in log


SIMPLE = (
    "import nox\n@nox.session\ndef t(s):\n    s.install('toposort')\n    s.run('python', '-c', 'import toposort')\n"
)


@pytest.mark.parametrize("damage", ["rm -rf {e}/pyvenv.cfg", "rm {e}/bin/python*", "rm -rf {e}/lib", "touch {m}"])
def test_a_broken_environment_is_prepared_anew(project: Project, damage: str) -> None:
    project.write("noxfile.py", SIMPLE)
    assert project.prepare("t").returncode == 0
    project.damage("t", damage)

    prepared = project.prepare("t")
    outcome, log = project.run("t")

    assert prepared.returncode == 0, prepared.stdout
    assert outcome.status is Status.PASSED, log


@pytest.mark.parametrize("damage", ["rm -rf {e}/pyvenv.cfg", "rm {e}/bin/python*", "touch {m}"])
def test_a_session_that_installs_and_runs_at_once_mends_its_environment(project: Project, damage: str) -> None:
    project.write("noxfile.py", SIMPLE)
    assert project.run("t", install=True)[0].status is Status.PASSED
    project.damage("t", damage)

    outcome, log = project.run("t", install=True)

    assert outcome.status is Status.PASSED, log
    assert not project.marker("t").exists()


def test_modules_of_the_project_shadow_nothing_that_nox_needs(project: Project) -> None:
    for name in ("attrs.py", "json/__init__.py", "colorlog.py"):
        project.write(name, "raise RuntimeError('shadowed')\n")
    project.write("ci_names.py", "NAME = 't'\n")
    project.write(
        "noxfile.py",
        "import nox\nfrom ci_names import NAME\nnox.session(name=NAME, venv_backend='none')(lambda s: None)\n",
    )

    outcome, log = project.run("t")

    assert outcome.status is Status.PASSED, log


def test_an_install_that_cannot_work_fails_and_says_so(project: Project) -> None:
    project.write("noxfile.py", "import nox\n@nox.session\ndef t(s):\n    s.install('./not-there')\n")

    prepared = project.prepare("t")

    assert prepared.returncode == 1
    assert "not-there" in prepared.stdout


def test_killed_while_preparing_the_next_one_starts_afresh(project: Project) -> None:
    project.write(
        "noxfile.py",
        "import nox, os, time\n@nox.session\ndef t(s):\n    s.install('toposort')\n"
        "    if os.path.exists('hang'): open('hanging', 'w'); time.sleep(60)\n"
        "    s.run('python', '-c', 'import toposort')\n",
    )
    (project.root / "hang").touch()
    session = project.session("t")
    command = prepare_argv(
        session, noxfile=project.root / "noxfile.py", envs=project.envs, root=project.root, coverage=False
    )
    hanging = subprocess.Popen(command, cwd=project.root, env=project.environ(session), start_new_session=True)
    for _ in range(600):
        if (project.root / "hanging").exists():
            break
        time.sleep(0.05)
    os.killpg(hanging.pid, signal.SIGKILL)
    hanging.wait()
    (project.root / "hang").unlink()

    assert not is_usable(project.envs / session.environment)
    assert project.prepare("t").returncode == 0
    assert project.run("t")[0].status is Status.PASSED


def test_two_processes_make_one_environment_one_after_the_other(project: Project) -> None:
    project.write("noxfile.py", SIMPLE)
    session = project.session("t")
    command = prepare_argv(
        session, noxfile=project.root / "noxfile.py", envs=project.envs, root=project.root, coverage=True
    )
    environ = project.environ(session)

    both = [
        subprocess.Popen(command, cwd=project.root, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(3)
    ]
    logs = [process.communicate(timeout=120)[0].decode() for process in both]

    assert [process.returncode for process in both] == [0, 0, 0], logs
    assert sum("waiting, another noxline" in log for log in logs) == 2
    assert sum("Creating virtual environment" in log for log in logs) == 1
    assert project.run("t")[0].status is Status.PASSED


def test_the_command_carries_its_whole_order(project: Project) -> None:
    session = SessionInfo(name="t", family="t", source=Source.PROJECT, environment="t")

    command = prepare_argv(
        session, noxfile=project.root / "noxfile.py", envs=project.envs, root=project.root, coverage=True
    )

    assert command[0] == sys.executable
    assert json.loads(command[3])["environment"] == str(project.envs / "t")
