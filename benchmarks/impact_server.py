"""Run pytest again and again in forks of one interpreter that has imported it: as each would, without the start-up.

Started by impact.py with the Python of the project's environment. Reads one JSON object a line: argv, cwd, env, seconds
of CPU; answers with the exit code.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
from typing import Any


def preload() -> None:
    """Import pytest and the plug-ins of the environment, of the project nothing."""
    import pytest

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", folder, folder])


def child(order: dict[str, Any]) -> int:
    """Run pytest here as `python -m pytest` runs it."""
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(str(order["cwd"]))
    seconds = int(order["seconds"])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    path = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.path[:] = [str(order["cwd"]), *path, *sys.path[1:]]
    import pytest

    sys.argv = ["pytest", *order["argv"]]
    return int(pytest.main(list(order["argv"])))


def serve() -> None:
    """Answer orders until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(null, stream)
    preload()
    orders = os.fdopen(os.dup(0), "r")
    os.dup2(null, 0)
    for line in orders:
        pid = os.fork()
        if not pid:
            code = 70
            try:
                code = child(json.loads(line))
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        answers.write(f"{os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)}\n")
        answers.flush()


if __name__ == "__main__":
    serve()
