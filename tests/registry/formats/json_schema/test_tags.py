"""Inline tags: found by path, added, removed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry.errors import InvalidSchema
from registry.formats.base import Entity
from tests.registry.formats.json_schema.helpers import JSON, parsed

SCHEMA: dict[str, Any] = {
    "type": "object",
    "confluent:tags": ["ROOT"],
    "properties": {
        "name": {"type": "string", "confluent:tags": ["PII", "NAME"]},
        "address": {"type": "object", "properties": {"street": {"confluent:tags": ["PII"]}}},
        "phones": {
            "type": "array",
            "items": {"properties": {"number": {"confluent:tags": ["PII"]}}},
        },
        "pay": {
            "oneOf": [
                {"type": "string"},
                {"title": "card", "properties": {"pan": {"confluent:tags": ["PCI"]}}},
            ]
        },
        "plain": {"type": "string"},
    },
    "definitions": {"D": {"type": "object", "properties": {"x": {"confluent:tags": ["T"]}}}},
}
FOUND = {
    ("sr_record", "object"): ["ROOT"],
    ("sr_field", "object.name"): ["PII", "NAME"],
    ("sr_field", "object.address.object.street"): ["PII"],
    ("sr_field", "object.phones.array.object.number"): ["PII"],
    ("sr_field", "object.pay.oneof.0.object.pan"): ["PCI"],
    ("sr_field", "object.definitions.D.object.x"): ["T"],
}


def test_they_are_found_by_path() -> None:
    assert JSON.tags(parsed(SCHEMA)) == {Entity(*at): tags for at, tags in FOUND.items()}
    assert JSON.tags(parsed("true")) == {}


def test_they_are_added_and_removed() -> None:
    name, plain = Entity("sr_field", "object.name"), Entity("sr_field", "object.plain")
    root = Entity("sr_record", "object")
    text = JSON.retagged(
        parsed(SCHEMA), {name: ["NEW"], plain: ["A", "A"]}, {name: ["PII"], root: ["ROOT"]}
    )
    schema = json.loads(text)
    assert schema["properties"]["name"]["confluent:tags"] == ["NAME", "NEW"]
    assert schema["properties"]["plain"]["confluent:tags"] == ["A"]
    assert "confluent:tags" not in schema
    assert list(schema) == [word for word in SCHEMA if word != "confluent:tags"]


@pytest.mark.parametrize("path", ["object.nothing", "object.name.x", "", "array"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(InvalidSchema, match="No matching path"):
        JSON.retagged(parsed(SCHEMA), {Entity("sr_field", path): ["A"]}, {})


def test_two_paths_to_one_part_are_one_part() -> None:
    text = '{"type":"object","properties":{"addr":{"type":"object"},"any":{}}}'
    field, whole = Entity("sr_field", "object.addr"), Entity("sr_record", "object.addr.object")
    free = Entity("sr_field", "object.any")
    tagged = JSON.retagged(parsed(text), {field: ["A"], whole: ["B"], free: ["C"]}, {})
    assert JSON.tags(parsed(tagged)) == {field: ["A", "B"], free: ["C"]}
    left = JSON.retagged(parsed(tagged), {field: ["D"]}, {whole: ["A", "B"]})
    assert JSON.tags(parsed(left))[field] == ["D"]
