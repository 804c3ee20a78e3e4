"""Find requirement files by the many ways they are spelled."""

from __future__ import annotations

import posixpath
import re

from noxline.settings.detect.tree import Tree

TESTS = r"(?:unit)?-?tests?(?:ing|s)?"
DEV = r"dev(?:el(?:op(?:ment)?)?)?|local|ci|all"
DOCS = r"docs?|documentation|rtd|sphinx"
TYPES = r"types?|typing|mypy|typechecks?|type-check(?:ing)?|pyright"
FOLDERS = {"requirements", "reqs", "requires", "req", "deps"}


def requirement_files(tree: Tree, topic: str) -> tuple[str, ...]:
    """Return the requirement files for a topic (a pattern of its names): compiled before .in, the root first.

    Matches `requirements-TOPIC.txt`, `TOPIC-requirements.txt`, `requirements_TOPIC.in`, `TOPIC.requirements.txt`,
    `requirements/TOPIC.txt` and the plain `TOPIC/requirements.txt`.
    """
    joined = re.compile(
        rf"(?:(?:requirements?|reqs?)[-_.]?({topic})|({topic})[-_.]?(?:requirements?|reqs?))\.(txt|in|pip)$", re.I
    )
    bare = re.compile(rf"(?:requirements?[-_.])?({topic})(?:[-_.]requirements?)?\.(txt|in|pip)$", re.IGNORECASE)
    own_folder = re.compile(rf"({topic})$", re.IGNORECASE)
    found = []
    for path in tree.files:
        folder, name = posixpath.split(path)
        if folder.count("/") > 1 or not name.endswith((".txt", ".in", ".pip")):
            continue
        parent, spelled = posixpath.basename(folder), name.replace("_", "-")
        is_plain = own_folder.match(parent) and re.match(r"requirements\.", name)
        if joined.match(spelled) or is_plain or (parent.lower() in FOLDERS and bare.match(spelled)):
            found.append(path)
    return tuple(sorted(found, key=lambda path: (path.endswith(".in"), path.count("/"), path)))
