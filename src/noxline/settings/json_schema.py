"""The JSON Schema of the settings, for editors: made from the same types that decode them."""

from __future__ import annotations

from typing import Any

import msgspec

from noxline.settings.durations import SCHEMA, Age, Duration
from noxline.settings.metric_names import FAMILIES, METRIC_NAMES
from noxline.settings.rules import RULE_PATTERN
from noxline.settings.schema import TABLES

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of the table called "pipeline" or "gates"."""
    made = msgspec.json.schema(TABLES[name], schema_hook=_custom)
    top = made["$ref"].rsplit("/", 1)[-1]
    definitions = made["$defs"]
    if name == "gates":
        definitions[top]["properties"]["rules"] |= _rules()
    document = {"$schema": DRAFT, **definitions.pop(top), "title": f"noxline: config/{name}.toml"}
    if definitions:
        document["$defs"] = definitions
    cleaned: dict[str, Any] = _without_null(document)
    return cleaned


def _custom(kind: type) -> dict[str, Any]:
    if kind is Duration:
        return dict(SCHEMA)
    if kind is Age:
        return {"anyOf": [*SCHEMA["anyOf"], {"const": 0}]}
    raise NotImplementedError(f"no schema for {kind.__name__}")


def _rules() -> dict[str, Any]:
    """Return what is known of rules beyond their type: the names of metrics, and the form of a bound."""
    bound = {"type": "string", "pattern": f"^{RULE_PATTERN}$"}
    families = "|".join(sorted(FAMILIES))
    return {
        "properties": {
            metric: {**bound, "description": f"{known.measures}{f', in {known.unit}' if known.unit else ''}"}
            for metric, known in METRIC_NAMES.items()
        },
        "additionalProperties": bound,
        "propertyNames": {
            "anyOf": [{"enum": list(METRIC_NAMES)}, {"pattern": rf"^(?!({families})\.)[^.]+\..+$"}],
        },
    }


def _without_null(node: Any) -> Any:
    """Return the schema without the values that TOML does not have: nothing in it can be null."""
    if isinstance(node, (list, tuple)):  # a default may hold tuples; JSON has lists only
        return [_without_null(item) for item in node if item != {"type": "null"}]
    if isinstance(node, dict):
        return _with_single_choice({key: _without_null(value) for key, value in node.items() if value is not None})
    return node


def _with_single_choice(node: dict[str, Any]) -> dict[str, Any]:
    """Put the only choice of a schema in the place of its `anyOf`."""
    choices = node.get("anyOf", [])
    if len(choices) != 1:
        return node
    return {**choices[0], **{key: value for key, value in node.items() if key != "anyOf"}}
