"""The type checkers that the project configures."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from noxline.model.stage import NotApplicable
from noxline.settings.detect.command_line import read_line
from noxline.settings.detect.hook_config import hook_file, hook_requirements
from noxline.settings.detect.requirement_files import TYPES
from noxline.settings.detect.requirements import distribution
from noxline.settings.detect.scripts import named_scripts
from noxline.settings.detect.sources import args_step
from noxline.settings.detect.survey import Survey
from noxline.settings.detect.tool_installs import topic_installs, without_versions
from noxline.settings.detect.tox import ToxEnv
from noxline.settings.detect.tox_find import named_env
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Install, Origin, TestSuite, Tool

CHECKERS = ("mypy", "pyright", "basedpyright")
# Settings that say what to check.
FILE_KEYS = ("files", "packages", "modules")


def find_type_tools(known: Survey, tests: TestSuite | NotApplicable) -> tuple[Tool, ...] | NotApplicable:
    """Return the type checkers: as tox or a script runs them, else as they are configured."""
    env = named_env(known.tox, r"^(mypy|typing|types?|pyright|typecheck)", runs_checker)
    commands = [(checker_argv(c.argv), c.origin) for c in env.commands if checker_argv(c.argv)] if env else []
    if not commands:
        commands = script_commands(known)
    if not commands:
        commands = [(configured_command(known, name), origin) for name, origin in configured_checkers(known)]
    if not commands:
        return NotApplicable(reason="no mypy or pyright configuration")
    suite = tests if isinstance(tests, TestSuite) else None
    return tuple(make_tool(known, argv, env, origin, suite) for argv, origin in commands)


def runs_checker(env: ToxEnv) -> bool:
    """Tell whether an environment runs a type checker."""
    return any(checker_argv(command.argv) for command in env.commands)


def checker_argv(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command of a type checker, `python -m` taken off; empty when it is none."""
    clean = read_line(argv).argv
    if clean[:2] == ("python", "-m"):
        clean = clean[2:]
    return clean if clean and clean[0] in CHECKERS else ()


def script_commands(known: Survey) -> list[tuple[tuple[str, ...], Origin]]:
    """Return the type checkers that named scripts run."""
    for script in named_scripts(known.tree):
        found = [(checker_argv(argv), origin) for argv, origin in script.lines if checker_argv(argv)]
        if found and re.match(r"mypy|typing|types?|pyright|type-?check|lint|check", script.name):
            return found
    return []


def configured_checkers(known: Survey) -> list[tuple[str, Origin]]:
    """Return the type checkers that have a configuration, and where."""
    tree, found = known.tree, []
    pyproject = tree.pyproject
    ini = tree.first("mypy.ini", ".mypy.ini")
    if ini:
        found.append(("mypy", Origin(file=ini, line=1)))
    elif pyproject.table("tool", "mypy"):
        found.append(("mypy", pyproject.origin("tool", "mypy")))
    elif "mypy" in tree.setup_cfg.sections:
        found.append(("mypy", tree.setup_cfg.origin("mypy")))
    for name in ("pyright", "basedpyright"):
        if pyproject.get("tool", name) is not None:
            found.append((name, pyproject.origin("tool", name)))
        elif name == "pyright" and tree.has("pyrightconfig.json"):
            found.append((name, Origin(file="pyrightconfig.json", line=1)))
    return found


def configured_command(known: Survey, name: str) -> tuple[str, ...]:
    """Return a checker's command: alone when its configuration names the files, else over the own source."""
    tree = known.tree
    in_toml = any(tree.pyproject.get("tool", name, key) for key in (*FILE_KEYS, "include"))
    in_own_file = ini_names_files(tree) if name == "mypy" else tree.has("pyrightconfig.json")
    if in_toml or in_own_file:
        return (name,)
    return (name, *(package.path for package in known.layout.packages))


def ini_names_files(tree: Tree) -> bool:
    """Tell whether mypy's INI file, or else setup.cfg, says what to check."""
    ini = tree.first("mypy.ini", ".mypy.ini")
    settings = tree.ini(ini) if ini else tree.setup_cfg
    return any(settings.value("mypy", key) for key in FILE_KEYS)


def make_tool(
    known: Survey, argv: tuple[str, ...], env: ToxEnv | None, origin: Origin, suite: TestSuite | None
) -> Tool:
    """Return a checker with what it needs installed."""
    name = argv[0]
    own_env = env if env and any(checker_argv(command.argv) == argv for command in env.commands) else None
    installs, extras = topic_installs(known, name, TYPES, own_env, origin)
    installs += hook_needs(known, name, installs)
    others = without_versions(known.tree, installs)
    # Where nothing says what the checker sees installed, it runs where the tests do.
    if suite and not (own_env or extras) and is_alone(known.tree, installs, name) and looks_at_tests(known, argv):
        installs, others, extras = installs + suite.sources[0], (installs, *others), suite.extras
    return Tool(
        name=name,
        command=argv,
        installs=installs,
        others=others,
        origin=origin,
        needs_project=True,
        extras=extras,
        directory=own_env.directory if own_env else "",
        env=tuple(own_env.env.items()) if own_env else (),
    )


def is_alone(tree: Tree, installs: tuple[Install, ...], name: str) -> bool:
    """Tell whether nothing but the checker itself is installed, and not because its hook has it so."""
    from_hook = any(step.origin.file == hook_file(tree) for step in installs)
    return not from_hook and all(distribution(word) == name for step in installs for word in step.args)


def looks_at_tests(known: Survey, argv: tuple[str, ...]) -> bool:
    """Tell whether a checker is given a test file, or a folder that holds one."""
    named = [word for word in argv[1:] if not word.startswith("-")] or configured_files(known.tree, argv[0])
    paths = [PurePosixPath(name) for name in named or [""]]
    return any(PurePosixPath(test).is_relative_to(path) for test in known.test_files for path in paths)


def configured_files(tree: Tree, name: str) -> list[str]:
    """Return the paths that a checker's settings say to check."""
    found = tree.pyproject.get("tool", name, "include" if name.endswith("pyright") else "files") or []
    if not found and name == "mypy":
        ini = tree.first("mypy.ini", ".mypy.ini")
        found = (tree.ini(ini) if ini else tree.setup_cfg).value("mypy", "files")
    return re.split(r"[\s,]+", found.strip()) if isinstance(found, str) else [str(path) for path in found]


def hook_needs(known: Survey, name: str, installs: tuple[Install, ...]) -> tuple[Install, ...]:
    """Return what the checker's hook needs besides, when the hook is all that pins the checker."""
    hook = hook_requirements(known.tree, name)
    is_from_hook = hook is not None and any(step.origin == hook[1] for step in installs)
    return args_step(hook[0][1:], hook[1]) if hook and is_from_hook else ()
