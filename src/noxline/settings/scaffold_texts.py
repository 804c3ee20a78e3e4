"""The texts that `noxline init` writes; what they say about keys and metrics comes from the schema."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence

import msgspec

from noxline.model.gate import Rule
from noxline.settings.metric_names import METRIC_NAMES
from noxline.settings.schema import CacheSettings, PipelineSettings, StageSettings, TestsSettings

NOXFILE = '''\
# /// script
# dependencies = ["nox", "noxline"]
# ///
"""The checks of this project: `noxline ci` runs all, `nox -s lint` one."""

from noxline.sessions.register import register

register()
'''

MAKE_INTRO = """\
# Without noxline on the machine: make ci NOXLINE='uvx noxline'
NOXLINE ?= noxline
"""

# Pinned by commit: the security stage counts an action that is not as a high finding.
_WORKFLOW = """\
name: CI

on:
  push:
    branches: [main, master]
  pull_request:

permissions:
  contents: read

jobs:
  noxline:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          fetch-depth: 0 # versions that come from git need its tags
          persist-credentials: false
      - uses: actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0
        with:
          python-version: |
{pythons}
      - run: pipx run noxline ci
"""

_PIPELINE_INTRO = """\
# The pipeline of this project, read by noxline. Every key can be left out;
# `noxline plan` shows what the pipeline comes to and where each fact was found.
"""

_CACHE_INTRO = """\
# Where results are kept, and from whom they are taken:
#
# [cache]
"""

_TESTS_INTRO = """\
# What is done about tests that fail:
#
# [tests]
"""

_STAGE_INTRO = """\
# A stage has a table of its own, with any of these keys:
#
# [stage.tests]
"""

_GATES_INTRO = """\
# What must hold for `noxline ci` to pass. A rule binds because it stands here;
# `noxline gate` judges the last run again after a change.

[rules]
"""


_TABLES = ("tests", "cache", "stage")


def workflow(pythons: Sequence[str]) -> str:
    """Return a GitHub workflow of one job that runs noxline on these Pythons."""
    return _WORKFLOW.format(pythons="\n".join(f"            {python}" for python in pythons or ("3.x",)))


def pipeline(pythons: Sequence[str]) -> str:
    """Return config/pipeline.toml with every key explained and none of them set."""
    examples = {"python": json.dumps(list(pythons))} if pythons else {}
    own = [field for field in msgspec.structs.fields(PipelineSettings) if field.name not in _TABLES]
    top = [_key(field, examples) for field in own]
    tables = (
        _TESTS_INTRO + _keys(TestsSettings),
        _CACHE_INTRO + _keys(CacheSettings),
        _STAGE_INTRO + _keys(StageSettings),
    )
    return "\n".join((_PIPELINE_INTRO, *top, *tables))


def gates(rules: Sequence[Rule], left_out: Mapping[str, str]) -> str:
    """Return config/gates.toml with these rules; those in `left_out` stand there as comments, with the reason."""
    return _GATES_INTRO + "\n".join(_rule(rule, left_out.get(rule.metric, "")) for rule in rules)


def make_target(name: str, command: str) -> str:
    """Return a target of a Makefile that runs one noxline command."""
    return f".PHONY: {name}\n{name}:\n\t$(NOXLINE) {command}\n"


def _rule(rule: Rule, reason: str) -> str:
    known = METRIC_NAMES[rule.metric]
    comment = f"# {known.measures}{f', in {known.unit}' if known.unit else ''}"
    line = f'"{rule.metric}" = "{rule.text}"'
    origin = "" if rule.origin == "default" else f" (the bound is that of {rule.origin})"
    return f"{comment}{origin}\n{line}\n" if not reason else f"{comment}\n# not judged here: {reason}\n# {line}\n"


def _keys(kind: type[msgspec.Struct]) -> str:
    return "#\n".join(_key(field, {}) for field in msgspec.structs.fields(kind))


def _key(field: msgspec.structs.FieldInfo, examples: Mapping[str, str]) -> str:
    """Return a key as a comment: what it does, then an example that can be uncommented."""
    metas = field.type.__metadata__
    description = next(meta.description for meta in metas if meta.description)
    example = examples.get(field.name) or next(meta.extra["example"] for meta in metas if meta.extra)
    return "".join(f"# {line}\n" for line in textwrap.wrap(description, 100)) + f"# {field.name} = {example}\n"
