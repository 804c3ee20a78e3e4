"""Detect how a project that has no noxline settings is installed, tested, checked and documented."""

from __future__ import annotations

from pathlib import Path

from noxline.model.stage import NotApplicable
from noxline.settings.detect.coverage_settings import find_fail_under
from noxline.settings.detect.docs_tool import find_docs
from noxline.settings.detect.pythons import find_pythons
from noxline.settings.detect.suite import find_suite
from noxline.settings.detect.suite_run import TestRun
from noxline.settings.detect.survey import Survey, survey
from noxline.settings.detect.tools import find_benchmarks, find_hooks, find_lint, has_workflows
from noxline.settings.detect.type_tools import find_type_tools
from noxline.settings.facts import Origin, ProjectFacts

GIT_VERSIONS = (
    "setuptools-scm", "setuptools_scm", "hatch-vcs", "versioningit", "flit-scm", "poetry-dynamic-versioning",
    "setuptools-git-versioning", "vcs-versioning",
)  # fmt: skip


def detect(root: Path) -> ProjectFacts:
    """Return all that can be read of the project in `root`; nothing of it is run.

    Raises UsageError when the folder holds no Python project, ConfigError when a file of it cannot be read.
    """
    known = survey(root)
    tests, run = find_suite(known)
    pythons, pythons_origin = find_pythons(known.metadata, known.tox)
    metadata, layout = known.metadata, known.layout
    return ProjectFacts(
        root=root,
        name=metadata.name,
        installable=metadata.installable,
        backend=metadata.backend,
        layout=layout.kind,
        sources=tuple(package.path for package in layout.packages),
        modules=tuple(dict.fromkeys(package.module for package in layout.packages)),
        test_dirs=known.test_dirs,
        requires_python=metadata.requires_python,
        pythons=pythons,
        tests=tests,
        lint=find_lint(known),
        types=find_type_tools(known, tests),
        docs=find_docs(known),
        hooks=find_hooks(known),
        benchmarks=find_benchmarks(known, tests),
        workflows=has_workflows(known),
        version_from_git=takes_version_from_git(known),
        coverage_fail_under=find_fail_under(known, run),
        origins=origins(known, pythons_origin),
        notes=notes(known, run, tests),
    )


def origins(known: Survey, pythons: Origin) -> tuple[tuple[str, Origin], ...]:
    """Return the places of the facts that carry none themselves."""
    metadata = known.metadata
    listed = (
        ("name", metadata.origins["name"]),
        ("backend", metadata.origins["backend"]),
        ("sources", known.layout.origin),
        ("requires-python", metadata.origins["requires-python"]),
        ("pythons", pythons),
    )
    return tuple((what, origin) for what, origin in listed if origin.file)


def notes(known: Survey, run: TestRun | None, tests: object) -> tuple[str, ...]:
    """Return the remarks worth showing."""
    metadata, members = known.metadata, known.layout.members
    own_backend = (
        f"the build backend {metadata.backend} lies in the project itself ({', '.join(metadata.backend_path)})"
    )
    remarks = {
        "the version comes from git, and there is no git repository: installing the project may fail": lacks_git(known),
        own_backend: metadata.backend_path,
        f"a workspace: {', '.join(members)} are installed beside the project": members,
        "the project cannot be installed; its tests run with its folder on the path": not metadata.installable,
        "pytest is configured, but no test files came with the project": (
            isinstance(tests, NotApplicable) and known.pytest.origin
        ),
    }
    return (*(run.notes if run else ()), *(remark for remark, applies in remarks.items() if applies))


def takes_version_from_git(known: Survey) -> bool:
    """Tell whether the build backend makes the version of commits and tags."""
    requires = " ".join(known.metadata.backend_requires)
    return any(name in requires for name in GIT_VERSIONS)


def lacks_git(known: Survey) -> bool:
    """Tell whether the version is read from a git repository that is not there."""
    return takes_version_from_git(known) and not (known.tree.root / ".git").exists()
