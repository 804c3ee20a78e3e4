"""A pipeline without processes: its tasks are pure functions of what they declare, so their results can be foretold.

Which files a task reads is found by a plain walk, apart from noxline's own index, listing and patterns.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from noxline.definitions import Definition
from noxline.model.stage import Source
from noxline.model.task import Cause, Outcome, Status, Task, TaskRequest
from noxline.ports import Finished, Message
from tests.inputs.test_patterns import slow

IGNORED = (".env", "gen/")
GITIGNORE = "*.env\ngen/\n"
_OURS = {".git", ".noxline", "__pycache__"}


@dataclass
class Settings:
    """What people change beside files: patterns, the noxfile, which tests a shard has, variables, packages."""

    patterns: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "compile": ("src", "pyproject.toml"),
            "parse": ("src/**/*.py", "!src/gen/**"),
            "unit#1/2": ("tests", "conf.toml", "!**/*.md"),
            "unit#2/2": ("tests", "conf.toml", "!**/*.md"),
            "report": ("docs/*.md", "link"),
            "bench": ("bench", "secret.env"),
        }
    )
    noxfile: str = "1"
    shards: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"unit#1/2": ("t1", "t2"), "unit#2/2": ("t3", "t4")}
    )
    environ: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=lambda: {"pytest": "8.4.1", "six": "1.0"})


NEEDS: Mapping[str, tuple[str, ...]] = {
    "compile": (),
    "parse": (),
    "unit#1/2": ("compile",),
    "unit#2/2": ("compile",),
    "report": ("unit#1/2", "unit#2/2", "parse"),
    "bench": (),
}
VARIABLES: Mapping[str, tuple[str, ...]] = {"compile": ("FLAGS",), "bench": ("MODE",)}


def tasks() -> list[Task]:
    """Return the tasks of the pipeline: chains, a diamond, a pair of shards, an exclusive one, a tolerant one."""
    return [
        Task(
            name=name,
            stage=name.partition("#")[0],
            session=name.partition("#")[0],
            source=Source.PROJECT,
            needs=needs,
            exclusive=name == "bench",
            tolerant=name == "report",
        )
        for name, needs in NEEDS.items()
    ]


def definitions(settings: Settings) -> dict[str, Definition]:
    """Return what noxline is told of the tasks."""
    return {
        name: Definition(
            content={
                "stage": name,
                "inputs": list(settings.patterns[name]),
                "source": {"noxfile.py": sha256(settings.noxfile.encode()).hexdigest()},
                "tests": " ".join(settings.shards.get(name, ())),
            },
            patterns=settings.patterns[name],
            variables=VARIABLES.get(name, ()),
            needs=needs,
            exclusive=name == "bench",
        )
        for name, needs in NEEDS.items()
    }


def read_inputs(root: Path, patterns: Sequence[str]) -> dict[str, bytes]:
    """Return the content of every file that patterns name, found by a walk."""
    found = {}
    for name in walk(root):
        chosen = [one for one in patterns if one[0] != "!" and slow(one, name)]
        if _is_ignored(name):
            chosen = [one for one in chosen if not set(one) & set("*?[")]
        if chosen and not any(slow(one[1:], name) for one in patterns if one[0] == "!"):
            found[name] = content(root / name)
    return found


def walk(root: Path) -> Iterator[str]:
    """Yield the files of a project, links to folders among them."""
    for folder, folders, files in os.walk(root):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        folders[:] = [name for name in folders if name not in _OURS]
        for name in (*files, *links):
            yield Path(folder, name).relative_to(root).as_posix()


def _is_ignored(name: str) -> bool:
    return name.endswith(IGNORED[0]) or IGNORED[1] in name


def content(path: Path) -> bytes:
    """Return what a task can see of a file: its bytes, its bit, and through a link what lies behind."""
    if path.is_symlink():
        return b"link " + os.fsencode(path.readlink()) + b" " + (content(path.resolve()) if path.exists() else b"")
    if path.is_dir():
        return b"".join(name.encode() + b"=" + content(path / name) + b";" for name in sorted(walk(path)))
    executable = bool(path.stat().st_mode & stat.S_IXUSR)
    return (b"x " if executable else b"- ") + path.read_bytes()


@dataclass(frozen=True)
class Made:
    """What a task comes to: whether it passes, and its output files."""

    passes: bool
    files: Mapping[str, str]

    @property
    def plain(self) -> tuple[bool, Mapping[str, str]]:
        """Return what counts of it: the time in its report does not."""
        return self.passes, {name: text.split(' time="')[0] for name, text in self.files.items()}


def work(name: str, root: Path, settings: Settings, needs: Mapping[str, Mapping[str, str]], *, noise: str) -> Made:
    """Do the work of a task: needs hold the files that each of those before it left."""
    files = read_inputs(root, settings.patterns[name])
    if name in settings.shards:
        mine = settings.shards[name]
        files = {file: text for file, text in files.items() if "/t" not in file or Path(file).stem in mine}
    whole = sha256(repr(sorted(files.items())).encode())
    if name == "parse":
        code = {file: [row for row in text.split(b"\n") if row[:1] != b"#"] for file, text in files.items()}
        whole = sha256(repr(sorted(code.items())).encode())
    told = [settings.noxfile, *(settings.environ.get(one, "unset") for one in VARIABLES.get(name, ()))]
    told += [f"{one}={text}" for one, text in sorted(settings.packages.items())]
    for need in NEEDS[name]:
        told += [f"{need} {file} {text.split(' time=')[0]}" for file, text in sorted(needs[need].items())]
    whole.update(repr(told).encode())
    passes = not any(b"FAIL" in text for text in files.values())
    digest = whole.hexdigest()
    if name == "parse":
        case = f'<testcase classname="parse" name="{digest}" time="{noise}"/>'
        return Made(passes, {"junit.xml": f"<testsuites><testsuite>{case}</testsuite></testsuites>"})
    return Made(passes, {"out.txt": f"{name} {digest}", "deep/list.txt": "\n".join(sorted(map(ascii, files)))})


def foretold(root: Path, settings: Settings) -> dict[str, tuple[str, Any]]:
    """Return how each task of a run without any cache ends, and what it leaves."""
    ends: dict[str, tuple[str, Any]] = {}
    left: dict[str, Mapping[str, str]] = {}
    for task in tasks():
        if not task.tolerant and any(ends[need][0] != "passed" for need in task.needs):
            ends[task.name], left[task.name] = ("cancelled", {}), {}
            continue
        made = work(task.name, root, settings, left, noise="0")
        left[task.name] = made.files
        ends[task.name] = ("passed" if made.passes else "failed", made.plain[1])
    return ends


@dataclass
class PureExecutor:
    """Does the work of one task at each `wait`; `meanwhile` is called with its name before and after it reads."""

    root: Path
    settings: Settings
    choose: Callable[[list[str]], str]
    meanwhile: Callable[[str, str], None] = lambda _name, _moment: None
    running: dict[str, TaskRequest] = field(default_factory=dict)
    outputs: dict[str, Path] = field(default_factory=dict)
    count: int = 0

    def submit(self, request: TaskRequest) -> None:
        """Take a request."""
        self.running[request.task] = request

    def proceed(self, task: str, cpus: int) -> None:
        """Never called: no task has an environment to prepare."""
        raise AssertionError((task, cpus))

    def wait(self, timeout: float | None = None) -> Sequence[Message]:
        """Do the work of one task."""
        del timeout
        name = self.choose(sorted(self.running))
        request = self.running.pop(name)
        self.meanwhile(name, "before")
        self.count += 1
        needs = {
            need: read_output(request.output.parents[1] / need.replace("/", "_") / "output") for need in NEEDS[name]
        }
        made = work(name, self.root, self.settings, needs, noise=f"{self.count}.{os.getpid()}")
        self.meanwhile(name, "after")
        for file, text in made.files.items():
            path = request.output / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        request.log.write_text(f"log of {name}\n", encoding="utf-8")
        if made.passes:
            outcome = Outcome(task=name, status=Status.PASSED, exit_code=0, seconds=1.0, output=request.output)
        else:
            outcome = Outcome(
                task=name, status=Status.FAILED, cause=Cause.EXIT, exit_code=1, seconds=1.0, output=request.output
            )
        return (Finished(outcome=outcome),)

    def cancel(self, tasks: Sequence[str] | None = None) -> None:
        """Forget none: nothing is made ahead, and nobody interrupts."""
        assert tasks == ()

    def close(self) -> None:
        """Nothing is left."""


def read_output(folder: Path) -> dict[str, str]:
    """Return the files that a task left."""
    if not folder.is_dir():
        return {}
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name: (folder / name).read_text(encoding="utf-8") for name in names}
