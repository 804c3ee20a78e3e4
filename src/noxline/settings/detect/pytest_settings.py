"""Read pytest's own configuration, in the order in which pytest looks for it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from noxline.settings.detect.command_line import fail_under, uses_cov
from noxline.settings.detect.ini_source import IniFile
from noxline.settings.detect.toml_source import TomlFile
from noxline.settings.detect.tree import Tree
from noxline.settings.facts import Origin

# What an option or a setting needs installed that pytest does not bring.
OPTION_PLUGINS = {
    "-n": "pytest-xdist", "--numprocesses": "pytest-xdist", "--dist": "pytest-xdist", "--timeout": "pytest-timeout",
    "--reruns": "pytest-rerunfailures", "--asyncio-mode": "pytest-asyncio", "--randomly-seed": "pytest-randomly",
    "--benchmark-skip": "pytest-benchmark", "--benchmark-disable": "pytest-benchmark", "--mypy": "pytest-mypy",
}  # fmt: skip
SETTING_PLUGINS = {
    "asyncio_mode": "pytest-asyncio", "timeout": "pytest-timeout", "DJANGO_SETTINGS_MODULE": "pytest-django",
    "asyncio_default_fixture_loop_scope": "pytest-asyncio",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PytestSettings:
    """What the project configures pytest to do; `origin` is None when it does not."""

    origin: Origin | None = None
    addopts: tuple[str, ...] = ()
    addopts_origin: Origin | None = None
    testpaths: tuple[str, ...] = ()
    norecursedirs: tuple[str, ...] = ()
    python_files: tuple[str, ...] = ()
    required_plugins: tuple[str, ...] = ()

    @property
    def uses_cov(self) -> bool:
        """Tell whether the options turn pytest-cov on."""
        return uses_cov(self.addopts)

    @property
    def fail_under(self) -> float | None:
        """Return the coverage bound in the options."""
        return fail_under(("pytest", *self.addopts))


def read_pytest_settings(tree: Tree) -> PytestSettings:
    """Return pytest's settings from the first file that has any."""
    for name in ("pytest.toml", ".pytest.toml"):
        if tree.has(name):
            return from_toml(tree.toml(name), ("pytest",))
    for name in ("pytest.ini", ".pytest.ini"):
        if tree.has(name):
            return from_ini(tree.ini(name), "pytest")
    for path in (("tool", "pytest", "ini_options"), ("tool", "pytest")):
        if tree.pyproject.table(*path):
            return from_toml(tree.pyproject, path)
    for ini, section in ((tree.ini("tox.ini"), "pytest"), (tree.setup_cfg, "tool:pytest")):
        if section in ini.sections:
            return from_ini(ini, section)
    return PytestSettings()


def from_toml(file: TomlFile, path: tuple[str, ...]) -> PytestSettings:
    """Read a table; its values may be lists or texts of words."""
    table = file.table(*path)
    return PytestSettings(
        origin=file.origin(*path),
        addopts=toml_words(table.get("addopts")),
        addopts_origin=file.origin(*path, "addopts"),
        testpaths=toml_words(table.get("testpaths")),
        norecursedirs=toml_words(table.get("norecursedirs")),
        python_files=toml_words(table.get("python_files")),
        required_plugins=setting_plugins(set(table)) + toml_words(table.get("required_plugins")),
    )


def from_ini(ini: IniFile, section: str) -> PytestSettings:
    """Read a section; lists are words."""
    return PytestSettings(
        origin=ini.origin(section),
        addopts=words(ini.value(section, "addopts")),
        addopts_origin=ini.origin(section, "addopts"),
        testpaths=words(ini.value(section, "testpaths")),
        norecursedirs=words(ini.value(section, "norecursedirs")),
        python_files=words(ini.value(section, "python_files")),
        required_plugins=setting_plugins(set(ini.sections.get(section, {})))
        + words(ini.value(section, "required_plugins")),
    )


def toml_words(value: object) -> tuple[str, ...]:
    """Return a list of strings as it is, and the words of a text."""
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    return words(value) if isinstance(value, str) else ()


def words(text: str) -> tuple[str, ...]:
    """Split a text as pytest does; one with an open quote is split at its spaces."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return tuple(text.split())


def setting_plugins(keys: set[str]) -> tuple[str, ...]:
    """Return the plug-ins whose settings are made."""
    return tuple(dict.fromkeys(plugin for key, plugin in SETTING_PLUGINS.items() if key in keys))


def needed_plugins(options: tuple[str, ...]) -> tuple[str, ...]:
    """Return the plug-ins that options belong to."""
    found = [plugin for word in options if (plugin := OPTION_PLUGINS.get(word.partition("=")[0]))]
    return tuple(dict.fromkeys(found + (["pytest-cov"] if uses_cov(options) else [])))
