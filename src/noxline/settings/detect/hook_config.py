"""Read .pre-commit-config.yaml (or prek.toml) as far as it pins tools; by lines, since YAML in full is not needed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin

FILES = (".pre-commit-config.yaml", ".pre-commit-config.yml", "prek.toml", ".prek.toml")
ITEM = re.compile(r"(\s*(?:-\s+)*)(?:(repo|rev|id|additional_dependencies|args)\s*:)\s*(.*?)\s*$")
ENTRY = re.compile(r"\s*-\s+(.+?)\s*$")


@dataclass(frozen=True, kw_only=True)
class Hook:
    """One hook: its repository, revision, id, what it needs besides, and its line."""

    repo: str
    rev: str
    id: str
    needs: tuple[str, ...]
    line: int


def hook_file(tree: Tree) -> str:
    """Return the configuration of the hooks; empty when there is none."""
    return tree.first(*FILES)


def read_hooks(tree: Tree) -> tuple[Hook, ...]:
    """Return the hooks that the configuration names."""
    name = hook_file(tree)
    if name.endswith(".toml"):
        return toml_hooks(tree, name)
    return yaml_hooks(tree.text(name)) if name else ()


def toml_hooks(tree: Tree, name: str) -> tuple[Hook, ...]:
    """Read the hooks of a prek.toml."""
    file = tree.toml(name)
    found = []
    for index, repo in enumerate(file.get("repos") or []):
        for number, hook in enumerate(repo.get("hooks", [])):
            line = file.origin("repos", index, "hooks", number).line or 1
            needs = tuple(map(str, hook.get("additional_dependencies", [])))
            found.append(
                Hook(repo=repo.get("repo", ""), rev=repo.get("rev", ""), id=hook.get("id", ""), needs=needs, line=line)
            )
    return tuple(found)


def yaml_hooks(text: str) -> tuple[Hook, ...]:
    """Read the hooks of a pre-commit configuration, line by line."""
    found: list[Hook] = []
    repo = rev = ""
    lines = text.splitlines()
    for index, raw in enumerate(lines):
        line = re.sub(r"(^|\s)#.*$", "", raw)
        item = ITEM.match(line)
        if not item:
            continue
        key, value = item[2], item[3].strip("\"'")
        if key == "repo":
            repo, rev = value, ""
        elif key == "rev":
            rev = value
            found = [with_rev(hook, repo, rev) for hook in found]
        elif key == "id":
            found.append(Hook(repo=repo, rev=rev, id=value, needs=(), line=index + 1))
        elif key == "additional_dependencies" and found:
            needs = listed(item[3], lines[index + 1 :])
            last = found[-1]
            found[-1] = Hook(repo=last.repo, rev=last.rev, id=last.id, needs=needs, line=last.line)
    return tuple(found)


def with_rev(hook: Hook, repo: str, rev: str) -> Hook:
    """Give a hook the revision of its repository, where that is written below the hooks."""
    if hook.repo != repo or hook.rev:
        return hook
    return Hook(repo=repo, rev=rev, id=hook.id, needs=hook.needs, line=hook.line)


def listed(value: str, following: list[str]) -> tuple[str, ...]:
    """Return a list that is written in brackets, maybe over several lines, or as dashes below its key."""
    return in_brackets(value, following) if value.startswith("[") else below_key(following)


def in_brackets(value: str, following: list[str]) -> tuple[str, ...]:
    """Return the items of a list that begins with `value` and ends at its closing bracket."""
    whole = value
    for line in following:
        if whole.count("[") <= whole.count("]"):
            break
        whole += " " + re.sub(r"(^|\s)#.*$", "", line).strip()
    inside = whole[1:].rpartition("]")[0]
    # A comma also stands inside brackets (extras) and between bounds of a quoted requirement.
    parts = re.findall(r"\s*\"[^\"]*\"|\s*'[^']*'|(?:[^,\[\]]|\[[^\]]*\])+", inside)
    return tuple(part.strip().strip("\"'") for part in parts if part.strip())


def below_key(following: list[str]) -> tuple[str, ...]:
    """Return the items that stand behind dashes in the lines below a key."""
    found = []
    for raw in following:
        line = re.sub(r"(^|\s)#.*$", "", raw)
        entry = ENTRY.match(line)
        if line.strip() and (not entry or ITEM.match(line)):
            break
        if entry:
            found.append(entry[1].strip("\"'"))
    return tuple(found)


def hook_requirements(tree: Tree, tool: str) -> tuple[tuple[str, ...], Origin] | None:
    """Return the pinned requirement of a tool that runs as a hook, and what the hook needs besides."""
    for hook in read_hooks(tree):
        mirrors = re.search(rf"/(?:mirrors-{tool}|{tool}-pre-commit|{tool}-python|{tool})(?:\.git)?/?$", hook.repo)
        version = re.match(r"v?(\d[\w.]*)$", hook.rev)
        if mirrors and version:
            origin = Origin(file=hook_file(tree), line=hook.line, key=hook.id)
            return (f"{tool}=={version[1]}", *hook.needs), origin
    return None
