"""The tools that the standard sessions install: lower bounds only, so that a session uses what is current."""

from __future__ import annotations

BANDIT = "bandit[toml]>=1.8"
BUILD = "build>=1.2"
CYCLONEDX = "cyclonedx-bom>=7.0"
DETECT_SECRETS = "detect-secrets>=1.5"  # pragma: allowlist secret - a requirement
JSCPD = "jscpd>=5.0"
MKDOCS = "mkdocs>=1.6"
MYPY = "mypy>=1.11"
PIP_AUDIT = "pip-audit>=2.7"
PRE_COMMIT = "pre-commit>=4.0"
PREK = "prek>=0.2"
PYRIGHT = "pyright>=1.1.380"
PYTEST = "pytest>=8.0"
PYTEST_BENCHMARK = "pytest-benchmark>=5.0"
RADON = "radon>=6.0"
RUFF = "ruff>=0.9"
SPHINX = "sphinx>=7.0"
TWINE = "twine>=6.0"
ZIZMOR = "zizmor>=1.5"

# The last safety that answers without a login; newer typer, click and marshmallow break it.
SAFETY = ("safety==3.2.14", "typer<0.16", "click<8.2", "marshmallow<4")

# What to install for a tool that a project configures without saying where it comes from.
BY_TOOL = {
    "mkdocs": MKDOCS,
    "mypy": MYPY,
    "pyright": PYRIGHT,
    "ruff": RUFF,
    "sphinx": SPHINX,
    "sphinx-build": SPHINX,
}
