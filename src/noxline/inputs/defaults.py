"""The input files of a stage that declares none, as patterns: rather too many than one too few.

What a standard stage reads is known by its kind. A session of the project's own may read anything: every file counts;
one that stands for the tests gets what the tests get.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ALL = ("**",)
_PYTHON = ("**/*.py", "**/*.pyi", "**/*.ipynb", "**/py.typed")
_SETTINGS = (
    *("**/*.toml", "**/*.cfg", "**/*.ini", "**/.*rc", "**/.flake8", "**/.*.json", "**/.*.y*ml", "**/*config*.json"),
    *("**/.gitignore", "**/.editorconfig", "**/requirements*", "**/constraints*", "**/*.lock", "**/MANIFEST.in"),
)
# Text for people and settings of other services: no test reads them, unless something names them.
_PROSE = (
    *("README*", "CHANGELOG*", "CHANGES*", "HISTORY*", "NEWS*", "AUTHORS*", "CONTRIBUTORS*", "CONTRIBUTING*"),
    *("CODE_OF_CONDUCT*", "SECURITY*", "GOVERNANCE*", "CITATION*", "LICENSE*", "LICENCE*", "COPYING*", "NOTICE*"),
    *("TODO*", "ROADMAP*", "MAINTAINERS*", "BACKERS*", "SPONSORS*"),
)
_SERVICES = (
    *(".github", ".gitlab", ".circleci", ".vscode", ".idea", ".devcontainer", ".gitlab-ci.yml", ".travis.yml"),
    *(".readthedocs*", ".git-blame-ignore-revs", ".mailmap", ".gitattributes", ".pre-commit-config.yaml"),
    *(".editorconfig", ".codecov.y*ml", "codecov.y*ml", "appveyor.yml", "azure-pipelines.yml", "renovate.json"),
)
_DOCS = ("docs", "doc", "documentation", "changelog", "changelog.d", "newsfragments", "news", "changes")


_FIXED: Mapping[str, tuple[str, ...]] = {
    "lint": (*_PYTHON, *_SETTINGS),
    "types": (*_PYTHON, *_SETTINGS, "**/*.json"),
    "sbom": ("**/*.toml", "**/*.cfg", "**/setup.py", "**/requirements*", "**/*.lock", "**/Pipfile"),
}
# Beside the project's own source.
_OF_SOURCE: Mapping[str, tuple[str, ...]] = {
    "complexity": _SETTINGS,
    "duplication": _SETTINGS,
    "coverage": (*_SETTINGS, "**/*.py"),
}


def default_patterns(
    stage: str, *, sources: Iterable[str], test_dirs: Iterable[str], mentioned: str, test_paths: Iterable[str]
) -> tuple[str, ...]:
    """Return the patterns of a standard stage's inputs; every file for a stage that is none.

    `sources` and `test_dirs` are the project's packages and folders of tests, `test_paths` what its test commands name.
    `mentioned` is the text of all settings that may name further files (`--doctest-glob=README.md`).
    """
    own = tuple(sources)
    match stage:
        case "tests" | "benchmarks":
            return _of_tests(mentioned, (*test_dirs, *test_paths))
        case "docs":
            return _without_tests(tuple(test_dirs), own)
        case _ if stage in _OF_SOURCE and own:
            return (*_below(own), *_OF_SOURCE[stage])
        case _:
            return _FIXED.get(stage, _ALL)


def _of_tests(mentioned: str, kept: tuple[str, ...]) -> tuple[str, ...]:
    """Return every file but prose and documentation; what settings name or tests lie in stays in."""
    folders = [name for name in _DOCS if not any(path == name or path.startswith(f"{name}/") for path in kept)]
    names = [*_PROSE, *_SERVICES, *folders]
    return (*_ALL, *(f"!{name}" for name in names if not _is_mentioned(name, mentioned)))


def _is_mentioned(name: str, text: str) -> bool:
    plain = name.rstrip("*").split("*")[0]
    return plain in text if name in _PROSE else f"{plain}/" in text or f'"{plain}"' in text or f"'{plain}'" in text


def _without_tests(test_dirs: tuple[str, ...], sources: tuple[str, ...]) -> tuple[str, ...]:
    apart = [name for name in test_dirs if name and not any(s == name or s.startswith(f"{name}/") for s in sources)]
    return (*_ALL, *(f"!{name}" for name in apart))


def _below(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Return packages and modules as globs, so that what git ignores in them stays out."""
    return tuple(name if name.endswith(".py") else f"{name}/**" if name not in ("", ".") else "**" for name in folders)
