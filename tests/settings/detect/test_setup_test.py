from __future__ import annotations

import pytest

from noxline.settings.facts import Runner

TEST = "import unittest\nclass A(unittest.TestCase):\n    def test_a(self):\n        pass\n"
FILES = {"p/__init__.py": "", "p/tests/test_a.py": TEST, "p/tests/__init__.py": "import unittest\n"}
COMMAND = """
import subprocess, sys
from setuptools import Command, setup

class Check(Command):
    def run(self):
        raise SystemExit(subprocess.call([sys.executable, '-Wd', %s]))

def main():
    kw = dict(cmdclass=dict(test=Check))
    setup(name='p', packages=['p', 'p.tests'], **kw)
"""


def test_the_script_that_the_test_command_of_setup_py_starts_is_the_runner(suite_of) -> None:
    command = suite_of({**FILES, "setup.py": COMMAND % "'p/tests/__init__.py'"}).commands[0]
    assert command.argv == ("python", "-Wd", "p/tests/__init__.py")
    assert command.runner is Runner.SCRIPT
    assert (command.origin.file, command.origin.line) == ("setup.py", 7)


@pytest.mark.parametrize(
    "script",
    [
        COMMAND % "'no/such/test.py'",
        COMMAND % "*names",
        COMMAND.replace("test=Check", "lint=Check") % "'p/tests/__init__.py'",
        "from setuptools import setup\nsetup(name='p', cmdclass={'test': object()})\n",
        "print 'Python 2'\n",
    ],
)
def test_a_command_that_is_not_known_leaves_the_guess(suite_of, script: str) -> None:
    assert suite_of({**FILES, "setup.py": script}).commands[0].argv == ("python", "-m", "pytest")


def test_what_tox_declares_comes_before_setup_py(suite_of) -> None:
    files = {**FILES, "setup.py": COMMAND % "'p/tests/__init__.py'", "tox.ini": "[testenv]\ncommands = pytest p\n"}
    assert suite_of(files).commands[0].argv == ("pytest", "p")
