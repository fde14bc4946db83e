"""Short ways to a parsed schema."""

from __future__ import annotations

import json
from typing import Any

from registry.formats.base import Policy, Source
from registry.formats.json_schema.format import Json, JsonSchema

JSON = Json()
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
DRAFT_4 = "http://json-schema.org/draft-04/schema#"


def parsed(
    schema: Any, *sources: Source, strict: bool = True, normalize: bool = False
) -> JsonSchema:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return JSON.parse(text, sources, strict=strict, normalize=normalize)


def obstacles(reader: Any, writer: Any, policy: Policy = Policy.STRICT) -> list[tuple[str, str]]:
    """(kind, path) of what keeps the reader from reading."""
    found = JSON.differences(parsed(reader), parsed(writer), policy)
    return [(d.kind, d.path) for d in found if not d.allowed]


def found(reader: Any, writer: Any) -> list[tuple[str, str]]:
    """(kind, path) of all that differs."""
    return [(d.kind, d.path) for d in JSON.differences(parsed(reader), parsed(writer))]


def one(schema: Any) -> dict[str, Any]:
    """A closed object with one property `a`."""
    return {"type": "object", "properties": {"a": schema}, "additionalProperties": False}
