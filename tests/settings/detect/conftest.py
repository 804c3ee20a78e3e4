"""A tiny project on disk, made from a table of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from noxline.settings.detect.project import detect
from noxline.settings.facts import ProjectFacts, TestSuite

Make = Callable[[Mapping[str, str]], Path]
Detect = Callable[[Mapping[str, str]], ProjectFacts]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def build(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return build


@pytest.fixture
def facts_of(make: Make) -> Detect:
    return lambda files: detect(make(files))


@pytest.fixture
def suite_of(facts_of: Detect) -> Callable[[Mapping[str, str]], TestSuite]:
    def suite(files: Mapping[str, str]) -> TestSuite:
        tests = facts_of(files).tests
        assert isinstance(tests, TestSuite), tests
        return tests

    return suite
