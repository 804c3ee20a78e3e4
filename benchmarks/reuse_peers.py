"""Other tools over the same files: twelve tasks whose inputs are all of them, each tool as it is commonly set up."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

TASKS = 12
GLOB = "src/**"
ACTION = "true"


@dataclass(frozen=True)
class Peer:
    """One tool: its command, with the variables that it needs; it runs in a folder of its own over the same files."""

    name: str
    argv: tuple[str, ...]
    environ: dict[str, str]


def found(folder: Path, tools: Path | None) -> list[Peer]:
    """Set up every peer that is installed (in `tools`, a node_modules or bin folder, or on PATH) in a project."""
    makers = {"turbo": _turbo, "task": _go_task, "doit": _doit, "ntask": _ntask, "ninja": _ninja}
    peers = []
    for name, make in makers.items():
        program = _program(name, tools)
        if program:
            peers.append(make(folder, program))
    return peers


def _program(name: str, tools: Path | None) -> str | None:
    """Return a peer's program: of turbo the native one, which its npm package would only start."""
    places = [] if tools is None else [str(tools), str(tools / "bin")]
    native = sorted(tools.glob("node_modules/@turbo/*/bin/turbo")) if tools and name == "turbo" else []
    return str(native[0]) if native else shutil.which(name, path=os.pathsep.join([*places, os.environ["PATH"]]))


def names() -> list[str]:
    """Return the names of the tasks."""
    return [f"t{number:02d}" for number in range(TASKS)]


def _turbo(folder: Path, program: str) -> Peer:
    """Write a workspace of twelve packages with one task each, as turbo has it; all name the same files of the root."""
    packages: dict[str, dict[str, object]] = {"": {"workspaces": ["packages/*"]}}
    for name in names():
        place = folder / "packages" / name
        place.mkdir(parents=True)
        package = {"name": name, "version": "1.0.0", "scripts": {"check": ACTION}}
        (place / "package.json").write_text(json.dumps(package))
        packages[f"packages/{name}"] = {"version": "1.0.0"}
        packages[f"node_modules/{name}"] = {"resolved": f"packages/{name}", "link": True}
    root = {"name": "bench", "version": "1.0.0", "packageManager": "npm@10.0.0", "workspaces": ["packages/*"]}
    lock = {"name": "bench", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}
    (folder / "package.json").write_text(json.dumps(root))
    (folder / "package-lock.json").write_text(json.dumps(lock))
    tasks = {"check": {"inputs": [f"$TURBO_ROOT$/{GLOB}"], "outputs": []}}
    (folder / "turbo.json").write_text(json.dumps({"tasks": tasks}))
    (folder / ".gitignore").write_text(".turbo\n.noxline\n.task\nout\n.doit*\n.ntask\n.ninja*\nnode_modules\n")
    environ = {"TURBO_TELEMETRY_DISABLED": "1", "DO_NOT_TRACK": "1", "TURBO_NO_UPDATE_NOTIFIER": "1"}
    return Peer("turbo", (program, "run", "check", "--no-daemon", "--output-logs=none"), environ)


def _go_task(folder: Path, program: str) -> Peer:
    rows = ["version: '3'", "tasks:", f"  all: {{deps: [{', '.join(names())}]}}"]
    rows += [f"  {name}: {{cmds: ['{ACTION}'], sources: ['src/**/*']}}" for name in names()]
    (folder / "Taskfile.yml").write_text("\n".join(rows) + "\n")
    return Peer("go-task", (program, "--silent", "all"), {})


def _doit(folder: Path, program: str) -> Peer:
    text = (
        "import glob\nFILES = [f for f in glob.glob('src/**', recursive=True) if f.endswith('.py')]\n"
        "def task_t():\n"
        f"    for i in range({TASKS}):\n"
        "        yield {'name': str(i), 'actions': [lambda: True], 'file_dep': FILES}\n"
    )
    (folder / "dodo.py").write_text(text)
    return Peer("doit", (program, "-v", "0"), {})


def _ntask(folder: Path, program: str) -> Peer:
    each = "".join(
        f"@task\n@cached(inputs=['src/**/*.py'])\ndef {name}():\n    shell('{ACTION}')\n\n" for name in names()
    )
    every = f"@task(deps=[{', '.join(names())}])\ndef every():\n    pass\n"
    (folder / "tasks.py").write_text(f"from ntask import cached, shell, task\n\n{each}{every}")
    return Peer("ntask", (program, "--no-tui", "-q", "-j", "2", "every"), {})


def _ninja(folder: Path, program: str) -> Peer:
    files = " ".join(sorted(path.relative_to(folder).as_posix() for path in folder.glob("src/*/*.py")))
    rows = ["rule touch", "  command = mkdir -p out && touch $out", f"build all: phony {files}"]
    rows += [f"build out/{name}: touch | {files}" for name in names()]
    (folder / "build.ninja").write_text("\n".join(rows) + "\n")
    return Peer("ninja", (program, *(f"out/{name}" for name in names())), {})
