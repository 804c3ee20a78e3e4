"""What never counts as an undeclared input or output: the list is part of the documentation."""

from __future__ import annotations

from fnmatch import fnmatchcase

# In the fingerprint of every task.
FINGERPRINTED = ("PYTHON*", "PYTEST_*", "COVERAGE_*", "TZ", "LANG", "LC_*", "CI")

# Python itself, pip, uv, nox, pytest and coverage read them on every start: where things lie, who asks, how the
# terminal is. Programs and interpreters found by PATH are in the fingerprint by what they are.
_VARIABLES = (
    *("HOME", "PATH", "PATHEXT", "PWD", "OLDPWD", "SHELL", "SHLVL", "USER", "USERNAME", "LOGNAME", "LNAME", "_"),
    *("TMPDIR", "TEMP", "TMP", "XDG_*", "APPDATA", "LOCALAPPDATA", "USERPROFILE", "SYSTEMROOT", "COMSPEC"),
    *("TERM", "TERM_PROGRAM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR*", "PY_COLORS"),
    *("_PYTHON*", "_ARGCOMPLETE", "ARGCOMPLETE*", "PY_IGNORE_IMPORTMISMATCH", "TOX_*", "DEBUGINFOD_*"),
    *("TTY_*", "LANGUAGE", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "EDITOR", "VISUAL", "PAGER", "BUILD_NUMBER"),
    *("NOX", "NOX_*", "NOXLINE_*", "UV", "UV_*", "PIP_*", "VIRTUAL_ENV*", "CONDA_*", "PYENV_*", "__PYVENV_LAUNCHER__"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "*_PROXY", "*_proxy", "NETRC"),
)

# What tools keep for themselves: environments, caches, byte code, the repository, metadata of installed projects.
_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".noxline", ".nox", ".tox", ".venv", "venv", ".eggs", "node_modules", "__pycache__"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".benchmarks", ".cache"}
)
# Asked of every folder: whether it is an environment.
_MARKS = frozenset({"pyvenv.cfg", "conda-meta"})
_ENDINGS = (".egg-info", ".dist-info", ".pyc", ".pyo")


def is_harmless_variable(name: str) -> bool:
    """Tell whether a variable is read by tools on every start, and changes no result."""
    return matches_any(name, _VARIABLES)


def matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a name is one of these, `*` standing for anything.

    >>> matches_any("LC_ALL", FINGERPRINTED), matches_any("CITY", FINGERPRINTED)
    (True, False)
    """
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def is_harmless_path(name: str) -> bool:
    """Tell whether a path, relative to the root, belongs to a tool and not to the project."""
    parts = name.split("/")
    if parts[-1].startswith("<") and parts[-1].endswith(">"):
        return True  # `<string>`: code that lies in no file, for which tracebacks look all the same
    return any(part in _FOLDERS or part in _MARKS or part.endswith(_ENDINGS) for part in parts) or parts[-1].startswith(
        ".coverage."
    )
