"""Replace what tox writes in braces, and evaluate its factor conditions."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

PLACE = re.compile(r"(?<!\\)\{([^{}]*)\}")
CONDITION = re.compile(r"([\w{}.,!-]+):(?:\s+(.*)|)$")
PYTHON_FACTOR = re.compile(r"(!?)py(?:thon)?(\d)[.]?(\d+)$")
TEMPORARY = {
    "envtmpdir", "env_tmp_dir", "toxworkdir", "work_dir", "envlogdir", "env_log_dir", "distdir", "dist_dir", "envdir",
    "env_dir", "temp_dir", "tox_tmp_dir",
}  # fmt: skip
ROOTS = {"toxinidir", "tox_root", "changedir", "change_dir", "package_root", "setupdir"}
CONSTANTS = {"/": "/", ":": ":", "envpython": "python", "env_python": "python", "base_python": "python", "posargs": ""}


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the braces of one environment stand for. `root` is written for the project's root."""

    name: str
    root: str
    env: Mapping[str, str]
    has: Callable[[str], bool]  # tells whether a path of the project exists

    def replace(self, text: str) -> str:
        """Return the text with every placeholder replaced."""
        for _ in range(20):
            replaced = PLACE.sub(self.one, text)
            if replaced == text:
                break
            text = replaced
        return text.replace(r"\{", "{").replace(r"\}", "}").replace("\0", "{").replace("\1", "}")

    def one(self, match: re.Match[str]) -> str:
        """Return what one placeholder stands for; an unknown one stays as it is."""
        key, _, default = match[1].partition(":")
        if match[1] in ("", "tmp"):
            return "\0" + match[1] + "\1"
        if match[1] in CONSTANTS:
            return CONSTANTS[match[1]]
        if key in TEMPORARY:
            return "\0tmp\1"
        if key in ROOTS:
            return self.root
        if key in ("envsitepackagesdir", "env_site_packages_dir"):
            return self.root if not self.has("src") else posixpath.join(self.root, "src")
        return self.dynamic(key, default, match[1])

    def dynamic(self, key: str, default: str, whole: str) -> str:
        """Return the value of a placeholder that has arguments."""
        match key:
            case "posargs":
                return default
            case "env":
                name, _, fallback = default.partition(":")
                return self.env.get(name, fallback)
            case "tty":
                return default.partition(":")[2]
            case "envname" | "env_name":
                return self.name
            case "envbindir" | "env_bin_dir":
                return "/bin"
            case _:
                return "\0" + whole + "\1"


def expand_braces(text: str) -> list[str]:
    """Expand tox's generative names.

    >>> expand_braces("py{38,39}-{a,b}")
    ['py38-a', 'py38-b', 'py39-a', 'py39-b']
    """
    found = re.search(r"\{([^{}]*)\}", text)
    if not found:
        return [text] if text else []
    parts: list[str] = []
    for part in found[1].split(","):
        run = re.fullmatch(r"\s*(\d+)-(\d+)\s*", part)
        parts += map(str, range(int(run[1]), int(run[2]) + 1)) if run else [part.strip()]
    return [name for part in parts for name in expand_braces(text[: found.start()] + part + text[found.end() :])]


def split_condition(line: str) -> tuple[str, str]:
    """Split `factors: text` into both; without a condition the first is empty."""
    match = CONDITION.match(line)
    return (match[1], match[2] or "") if match else ("", line)


def holds(condition: str, factors: frozenset[str]) -> bool:
    """Tell whether a factor condition holds for an environment with these factors."""
    return any(all_hold(part, factors) for text in expand_braces(condition) for part in text.split(","))


def all_hold(conjunction: str, factors: frozenset[str]) -> bool:
    """Tell whether all factors joined by `-` hold; `!` negates one."""
    return all(
        (word[1:] not in factors) if word.startswith("!") else (word in factors) for word in conjunction.split("-")
    )


def as_marker(condition: str) -> str:
    """Turn a condition over Python factors alone into an environment marker; empty when it is anything else."""
    parts = [part for text in expand_braces(condition) for part in text.split(",")]
    markers = []
    for part in parts:
        found = PYTHON_FACTOR.match(part)
        if not found:
            return ""
        markers.append(f'python_version {"!=" if found[1] else "=="} "{found[2]}.{found[3]}"')
    return " or ".join(markers)
