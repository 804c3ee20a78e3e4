"""The schema for editors accepts what the loader accepts and refuses what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noxline.errors import ConfigError
from noxline.settings.durations import parse_duration
from noxline.settings.json_schema import schema
from noxline.settings.metric_names import METRIC_NAMES
from noxline.settings.rules import parse_rule
from noxline.settings.schema import CacheSettings, PipelineSettings, StageSettings


def test_every_key_is_there_with_its_description_and_no_other() -> None:
    made = schema("pipeline")
    stage = made["$defs"]["StageSettings"]
    assert list(made["properties"]) == list(PipelineSettings.__struct_fields__)
    assert list(stage["properties"]) == list(StageSettings.__struct_fields__)
    cache = made["$defs"]["CacheSettings"]
    assert list(cache["properties"]) == list(CacheSettings.__struct_fields__)
    for table in (made, stage, cache):
        assert table["additionalProperties"] is False
        assert all(field["description"] for field in table["properties"].values())


@pytest.mark.parametrize("name", ["pipeline", "gates"])
def test_is_plain_json_without_null(name: str) -> None:
    text = json.dumps(schema(name))
    assert '"null"' not in text
    assert "null" not in text
    assert json.loads(text)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_default_says_what_is_set_and_no_more() -> None:
    cache = schema("pipeline")["properties"]["cache"]
    assert cache["default"] == {"size_gb": 5.0, "read_only": False, "keys": []}
    assert cache["$ref"] == "#/$defs/CacheSettings"
    assert "default" not in schema("pipeline")["properties"]["workers"]


def test_the_bounds_of_numbers() -> None:
    cache = schema("pipeline")["$defs"]["CacheSettings"]["properties"]
    assert cache["size_gb"]["exclusiveMinimum"] == 0
    assert (cache["verify_rate"]["minimum"], cache["verify_rate"]["maximum"]) == (0, 1)
    assert cache["resolve_ttl"]["anyOf"][-1] == {"const": 0}
    stage = schema("pipeline")["$defs"]["StageSettings"]["properties"]
    assert stage["retries"]["minimum"] == 0
    assert stage["shards"]["anyOf"] == [{"type": "integer", "minimum": 1}, {"enum": ["auto"]}]
    assert stage["exclusive"]["type"] == "boolean"


@pytest.mark.parametrize(
    ("version", "fits"),
    [("3.8", True), ("3.12", True), ("3.1", False), ("3.7", False), ("3.11.4", False), ("2.7", False)],
)
def test_python_versions(version: str, fits: bool) -> None:
    pattern = schema("pipeline")["properties"]["python"]["items"]["pattern"]
    assert bool(re.search(pattern, version)) is fits


@given(st.text(alphabet="0123456789.dhms MH", max_size=8))
def test_durations_are_those_that_the_loader_takes(text: str) -> None:
    pattern = schema("pipeline")["$defs"]["StageSettings"]["properties"]["timeout"]["anyOf"][0]["pattern"]
    fits = re.search(pattern, text) is not None
    zero = re.fullmatch(r"[0.dhmsMH\s]*", text) is not None
    assert fits == (accepts(parse_duration, text) or (fits and zero))


def accepts(parse: Callable[..., object], *arguments: str) -> bool:
    try:
        parse(*arguments)
    except ConfigError:
        return False
    return True


@given(st.text(alphabet="<>=! 0123456789.-+e%", max_size=8))
def test_bounds_are_those_that_the_loader_takes(text: str) -> None:
    pattern = _rules()["properties"]["complexity.max"]["pattern"]
    fits = re.search(pattern, text) is not None
    infinite = "e" in text
    assert fits == (accepts(parse_rule, "complexity.max", text, "") or (fits and infinite))


@pytest.mark.parametrize("name", [*METRIC_NAMES, "bundle.kilobytes", "a.b.c", "tests.mine", "size", "x.", ".x"])
def test_names_of_metrics_are_those_that_the_loader_takes(name: str) -> None:
    choices = _rules()["propertyNames"]["anyOf"]
    fits = name in choices[0]["enum"] or re.search(choices[1]["pattern"], name) is not None
    assert fits is accepts(parse_rule, name, "< 1", "")


def _rules() -> dict[str, Any]:
    rules: dict[str, Any] = schema("gates")["properties"]["rules"]
    return rules
