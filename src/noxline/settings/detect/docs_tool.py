"""How the project's documentation is built."""

from __future__ import annotations

import posixpath
import re

from noxline.model.stage import NotApplicable
from noxline.settings.detect.requirement_files import DOCS
from noxline.settings.detect.requirements import distributions, read_requirements
from noxline.settings.detect.sources import args_step
from noxline.settings.detect.survey import Survey
from noxline.settings.detect.tool_installs import (
    names_absent_files,
    pinned_tool,
    topic_installs,
    topic_source,
    without_versions,
)
from noxline.settings.detect.tox import ToxCommand, ToxEnv
from noxline.settings.detect.tox_find import named_env
from noxline.settings.facts import Install, Origin, Tool

CONF = (
    "docs/conf.py", "docs/source/conf.py", "docs/src/conf.py", "docs/sphinx/conf.py", "doc/conf.py",
    "doc/source/conf.py", "doc/en/conf.py", "source/conf.py", "documentation/conf.py",
)  # fmt: skip
MKDOCS = ("mkdocs.yml", "mkdocs.yaml", "docs/mkdocs.yml")
HTML = {"html", "dirhtml", "singlehtml"}
SPHINX_VALUES = {
    "-b", "--builder", "-d", "--doctree-dir", "-c", "--conf-dir", "-D", "--define", "-A", "--html-define", "-t",
    "--tag", "-j", "--jobs", "-w", "--warning-file", "-M",
}  # fmt: skip
# Warnings are counted, so they must neither stop the build nor stay silent nor go to a file.
DROPPED = {"-W", "--fail-on-warning", "--keep-going", "-Q", "--silent", "--exception-on-warning", "--pdb", "-P"}
STRICT = re.compile(r"-[WnqTEaNv]*W[WnqTEaNv]*$")
DROPPED_VALUES = {"-w", "--warning-file"}


def find_docs(known: Survey) -> Tool | NotApplicable:
    """Return the tool that builds the documentation."""
    tree = known.tree
    if conf := tree.first(*CONF):
        return sphinx(known, conf)
    if name := tree.first(*MKDOCS):
        return mkdocs(known, name)
    return NotApplicable(reason="no documentation configuration")


def sphinx(known: Survey, conf: str) -> Tool:
    """Return the Sphinx build, as tox runs it where it does."""
    folder = posixpath.dirname(conf)
    env = named_env(known.tox, r"^docs?|sphinx|^html", lambda env: html_build(env) is not None)
    command = html_build(env) if env else None
    origin = command.origin if command else Origin(file=conf, line=1)
    argv = sphinx_argv(command.argv) if command else ("sphinx-build", "-b", "html", folder, "{out}/html")
    installs, extras = docs_installs(known, "sphinx", env if command else None, origin, folder)
    return Tool(
        name="sphinx",
        command=argv,
        installs=installs,
        others=without_versions(known.tree, installs),
        origin=origin,
        needs_project=True,
        extras=extras,
        directory=env.directory if env and command else "",
        env=tuple(env.env.items()) if env and command else (),
    )


def html_build(env: ToxEnv) -> ToxCommand | None:
    """Return the command of an environment that builds HTML with Sphinx."""
    for command in env.commands:
        argv = plain(command.argv)
        if argv[:1] == ("sphinx-build",) and builder(argv) in HTML:
            return command
    return None


def plain(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return `python -m sphinx ...` as `sphinx-build ...`."""
    if argv[1:3] in (("-m", "sphinx"), ("-msphinx",)) or argv[1:3] == ("-m", "sphinx.cmd.build"):
        return ("sphinx-build", *argv[3:])
    return (posixpath.basename(argv[0]), *argv[1:])


def builder(argv: tuple[str, ...]) -> str:
    """Return the builder that a Sphinx command names; HTML is Sphinx's default."""
    for index, word in enumerate(argv[:-1]):
        if word in ("-b", "--builder", "-M"):
            return argv[index + 1]
    glued = next((word[2:] for word in argv if re.match(r"-[bM]\w", word)), "")
    return glued or "html"


def sphinx_argv(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return a Sphinx command that lets warnings be counted and writes to the task's output directory."""
    words = list(plain(argv))
    kept, places = [words[0]], []
    index = 1
    while index < len(words):
        size = 2 if words[index] in SPHINX_VALUES else 1
        if not words[index].startswith("-"):
            places.append(len(kept))
        kept += sphinx_words(*words[index : index + size])
        index += size
    return tuple(redirected(kept, places))


def sphinx_words(word: str, *values: str) -> list[str]:
    """Return what stays of one word of a Sphinx command and of the value that belongs to it."""
    if word in DROPPED_VALUES or word in DROPPED or STRICT.match(word):
        left = word.replace("W", "") if STRICT.match(word) else ""
        return [left] if left not in ("", "-") else []
    if word in ("-d", "--doctree-dir"):
        return [word, "{out}/doctrees"]
    return [part.replace("{tmp}", "{out}") for part in (word, *values)]


def redirected(words: list[str], places: list[int]) -> list[str]:
    """Replace the output folder, the second word that is no option, by the task's own; drop files given after it."""
    if len(places) < 2:
        return [*words, "{out}/html"]
    words[places[1]] = "{out}/html"
    return [word for index, word in enumerate(words) if index not in places[2:]]


def mkdocs(known: Survey, name: str) -> Tool:
    """Return the MkDocs build."""
    origin = Origin(file=name, line=1)
    config = () if "/" not in name else ("--config-file", name)
    installs, extras = docs_installs(known, "mkdocs", None, origin, posixpath.dirname(name) or "docs")
    command = ("mkdocs", "build", *config, "--site-dir", "{out}/html")
    return Tool(
        name="mkdocs",
        command=command,
        installs=installs,
        others=without_versions(known.tree, installs),
        origin=origin,
        needs_project=True,
        extras=extras,
    )


def docs_installs(
    known: Survey, tool: str, env: ToxEnv | None, origin: Origin, folder: str
) -> tuple[tuple[Install, ...], tuple[str, ...]]:
    """Return what the documentation needs: tox's environment, what Read the Docs installs, else what is named so."""
    if env and env.declares and not names_absent_files(known.tree, env):
        return topic_installs(known, tool, DOCS, env, origin)
    steps, extras, _ = topic_source(known, DOCS, None)
    if steps or extras:
        return topic_installs(known, tool, DOCS, None, origin)
    files = [f for f in (*readthedocs_files(known), f"{folder}/requirements.txt") if known.tree.has(f)]
    if not files:
        return pinned_tool(known, tool, origin), readthedocs_extras(known)
    names = distributions(read_requirements(known.tree, files[0]))
    alone = pinned_tool(known, tool, origin) if tool not in names else ()
    return args_step(("-r", files[0]), Origin(file=files[0], line=1)) + alone, ()


def readthedocs_files(known: Survey) -> tuple[str, ...]:
    """Return the requirement files that .readthedocs.yaml installs."""
    return tuple(re.findall(r"^\s*-?\s*requirements:\s*[\"']?([^\s\"'#]+)", readthedocs(known), re.MULTILINE))


def readthedocs_extras(known: Survey) -> tuple[str, ...]:
    """Return the extras that .readthedocs.yaml installs and the project has."""
    text = readthedocs(known)
    found = re.search(r"extra_requirements:\s*(?:\[([^\]]*)\]|((?:\n\s*-\s*\S+)+))", text)
    words = re.findall(r"[\w.-]+", (found[1] or found[2] or "").replace("\n", " ")) if found else []
    return tuple(word for word in words if word in known.metadata.extras)


def readthedocs(known: Survey) -> str:
    """Return the configuration of Read the Docs; empty when there is none."""
    return known.tree.text(
        known.tree.first(".readthedocs.yaml", ".readthedocs.yml", "readthedocs.yml") or "no such file"
    )
