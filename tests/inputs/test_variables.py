"""Which variables count, and that no secret stands in a fingerprint."""

from __future__ import annotations

import pytest

from noxline.inputs.variables import counts, values
from noxline.nox_bridge.child import inherited


@pytest.mark.parametrize(
    "name", ["PYTHONPATH", "PYTHONHASHSEED", "PYTEST_ADDOPTS", "COVERAGE_FILE", "TZ", "LC_ALL", "CI"]
)
def test_what_bends_python_and_its_tools_counts_as_soon_as_it_is_set(name: str) -> None:
    assert values({name: "x", "HOME": "y"}, ()) == {name: "x"}


@pytest.mark.parametrize("name", ["PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONSTARTUP"])
def test_what_no_task_sees_does_not_count(name: str) -> None:
    assert not counts(name)
    assert name not in inherited({name: "x"})


def test_of_declared_variables_a_digest_is_kept_and_an_empty_one_is_not_an_unset_one() -> None:
    found = values({"TOKEN": "secret", "EMPTY": ""}, ("TOKEN", "EMPTY", "ABSENT"))
    assert set(found) == {"TOKEN", "EMPTY"}
    assert "secret" not in found["TOKEN"]
    assert found["EMPTY"].startswith("sha256:")
    assert found["EMPTY"] != found["TOKEN"]
