"""The arguments of `pip install` and `uv pip install`, taken apart; what is not known here is said to be unknown."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum


class Kind(str, Enum):
    """What one argument is to a resolution."""

    REQUIREMENT = "requirement"
    EDITABLE = "editable"
    FILE = "file"  # -r
    CONSTRAINT = "constraint"  # -c
    PATH = "path"  # another option with a file or folder
    OPTION = "option"  # given to the resolver as it is
    UPGRADE = "upgrade"  # what is installed already counts for nothing
    TARGET = "target"  # installs into this interpreter
    IGNORED = "ignored"  # has no influence on what is installed
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Argument:
    """One requirement, or one option with its value (None: it takes none), under the name that uv's resolver has."""

    kind: Kind
    option: str
    value: str | None = None


_IGNORED_FLAGS = """-q -v --quiet --verbose --no-progress --compile-bytecode --compile --no-compile --no-cache -n
--no-cache-dir --no-input --disable-pip-version-check --no-warn-script-location --no-warn-conflicts --strict
--break-system-packages --no-break-system-packages --require-virtualenv --use-pep517 --no-verify-hashes
--require-hashes --refresh --system-certs --native-tls --offline
--no-python-downloads --no-managed-python --no-clean --no-color"""
_IGNORED_VALUES = """--link-mode --cache-dir --color --timeout --retries --progress-bar --root-user-action --cert
--log --refresh-package --exists-action --python-preference"""
_FLAGS = {
    **dict.fromkeys(_IGNORED_FLAGS.split(), (Kind.IGNORED, "")),
    **dict.fromkeys(("-U", "--upgrade", "--reinstall", "--force-reinstall"), (Kind.UPGRADE, "--upgrade")),
    **{
        name: (Kind.OPTION, name)
        for name in (
            *("--no-deps", "--pre", "--all-extras", "--no-index", "--no-build", "--no-sources"),
            "--no-build-isolation",
        )
    },
}
_VALUES = {
    **dict.fromkeys(_IGNORED_VALUES.split(), (Kind.IGNORED, "")),
    **dict.fromkeys(("-r", "--requirement", "--requirements"), (Kind.FILE, "-r")),
    **dict.fromkeys(("-c", "--constraint", "--constraints"), (Kind.CONSTRAINT, "-c")),
    **dict.fromkeys(("-e", "--editable"), (Kind.EDITABLE, "-e")),
    **dict.fromkeys(("-p", "--python"), (Kind.TARGET, "--python")),
    **dict.fromkeys(("--override", "--overrides"), (Kind.PATH, "--overrides")),
    **dict.fromkeys(("-b", "--build-constraint", "--build-constraints"), (Kind.PATH, "--build-constraints")),
    **dict.fromkeys(("-f", "--find-links"), (Kind.PATH, "--find-links")),
    **dict.fromkeys(("-i", "--index-url"), (Kind.OPTION, "--index-url")),
    **dict.fromkeys(("-P", "--upgrade-package", "--reinstall-package"), (Kind.OPTION, "--upgrade-package")),
    **dict.fromkeys(("-C", "--config-setting", "--config-settings"), (Kind.OPTION, "--config-setting")),
    **dict.fromkeys(("--trusted-host", "--allow-insecure-host"), (Kind.OPTION, "--allow-insecure-host")),
    **{
        name: (Kind.OPTION, name)
        for name in (
            *("--extra", "--group", "--index", "--default-index", "--extra-index-url", "--index-strategy"),
            *("--resolution", "--prerelease", "--exclude-newer", "--no-binary", "--only-binary"),
            *("--keyring-provider", "--no-build-package", "--no-sources-package", "--no-build-isolation-package"),
            *("--torch-backend", "--exclude-newer-package"),
        )
    },
}
_QUIET = re.compile(r"-q+|-v+")
_ARCHIVE = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz")
_PATH_AND_EXTRAS = re.compile(r"(?P<path>.*?)(?P<extras>\[[^\]/\\]*\])?", re.DOTALL)


def arguments(given: Iterable[str]) -> tuple[Argument, ...]:
    """Return install arguments one by one.

    >>> [(one.option, one.value) for one in arguments(["-U", "-rdev.txt", "--extra=x", "pytest"])]
    [('--upgrade', None), ('-r', 'dev.txt'), ('--extra', 'x'), ('', 'pytest')]
    """
    rest = list(given)
    found = []
    while rest:
        found.append(_next(rest.pop(0), rest))
    return tuple(found)


def _next(text: str, rest: list[str]) -> Argument:
    if not text.startswith("-"):
        return Argument(Kind.REQUIREMENT, "", text)
    if _QUIET.fullmatch(text):
        return Argument(Kind.IGNORED, text)
    if text in _FLAGS:
        kind, option = _FLAGS[text]
        return Argument(kind, option or text)
    return _with_value(text, rest)


def _with_value(text: str, rest: list[str]) -> Argument:
    """Return an option with its value: the one joined to it, else the next of the other arguments, which it leaves."""
    is_long = text.startswith("--")
    name, joined, value = text.partition("=") if is_long else (text[:2], text[2:], text[2:])
    if name not in _VALUES or not (joined or rest):
        return Argument(Kind.UNKNOWN, name)
    kind, option = _VALUES[name]
    value = value if joined else rest.pop(0)
    return Argument(kind, option or name, value if is_long else value.removeprefix("="))


def spelled(found: Iterable[Argument]) -> list[str]:
    """Return arguments as a command line again, without those that have no influence.

    >>> spelled(arguments(["-q", "--requirement=dev.txt", "pytest"]))
    ['-r', 'dev.txt', 'pytest']
    """
    words: list[str] = []
    for one in found:
        if one.kind is not Kind.IGNORED:
            words += [part for part in (one.option, one.value) if part]
    return words


def obstacle(found: Sequence[Argument]) -> str:
    """Return why these arguments cannot be resolved ahead, or ""."""
    for one in found:
        if one.kind is Kind.UNKNOWN:
            return f"noxline does not know the install option {one.option}"
    if any("://" in value for value in values_of(found, Kind.EDITABLE)):
        return "a checkout of an address is installed as editable"
    lock = next(filter(_is_lock, values_of(found, Kind.FILE)), "")
    return f"{lock} is installed as it is" if lock else ""


def values_of(found: Iterable[Argument], kind: Kind) -> list[str]:
    """Return the values of the arguments of one kind.

    >>> values_of(arguments(["-rdev.txt", "pytest", "-r", "docs.txt"]), Kind.FILE)
    ['dev.txt', 'docs.txt']
    """
    return [one.value or "" for one in found if one.kind is kind]


def _is_lock(path: str) -> bool:
    name = os.path.basename(path)  # noqa: PTH119 - a name in the text of an argument, no path of this machine
    return name.startswith("pylock.") and name.endswith(".toml")


def with_paths(one: Argument, place: Callable[[Kind, str], str]) -> Argument:
    """Return the argument with the path in it, if there is one, replaced by what `place` makes of it."""
    if one.value is None:
        return one
    if one.kind in (Kind.FILE, Kind.CONSTRAINT) or (one.kind is Kind.PATH and "://" not in one.value):
        return Argument(one.kind, one.option, place(one.kind, one.value))
    if one.kind in (Kind.EDITABLE, Kind.REQUIREMENT):
        path, extras = local_path(one.value)
        if path:
            return Argument(one.kind, one.option, place(one.kind, path) + extras)
    return one


def local_path(requirement: str) -> tuple[str, str]:
    """Return the path in a requirement and the extras behind it; both empty when it names a distribution or an address.

    >>> local_path("./lib[fast]"), local_path("pytest[x]"), local_path("a @ https://e.org/a.whl"), local_path("a.whl")
    (('./lib', '[fast]'), ('', ''), ('', ''), ('a.whl', ''))
    """
    text = requirement.strip()
    if "://" in text or " @ " in text or text.startswith("git+"):
        return "", ""
    found = _PATH_AND_EXTRAS.fullmatch(text)
    path, extras = (found["path"], found["extras"] or "") if found else (text, "")
    return (path, extras) if _is_path(path) else ("", "")


def _is_path(bare: str) -> bool:
    """Tell whether a requirement without its extras names a file or folder: no distribution is spelled like that."""
    is_archive = bare.lower().endswith(_ARCHIVE)
    return is_archive or bare.startswith((".", "/", "~")) or "/" in bare.partition(";")[0] or "\\" in bare
