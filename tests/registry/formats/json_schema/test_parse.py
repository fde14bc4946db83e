"""What is a schema, what it refers to, and how it is written again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry.errors import InvalidSchema
from registry.formats.base import Source
from tests.registry.formats.json_schema.helpers import DRAFT_4, DRAFT_2020, JSON, obstacles, parsed


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("true", "true"),
        ("false", "false"),
        ("{}", "{}"),
        ('{ "type" : "string" }', '{"type":"string"}'),
        ('{"b":1,"a":2}', '{"b":1,"a":2}'),
        ('{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'),
        ('{"maximum":1.50}', '{"maximum":1.50}'),
        ('{"maximum":100000000000000000000000001}', '{"maximum":100000000000000000000000001}'),
        ('{"maximum":0.1000000000000000055511151231257827}',) * 2,
        ('{"x":"\\u00e9\\u20ac"}', '{"x":"é€"}'),
        ('{"x":"\\u0001\\n\\""}', '{"x":"\\u0001\\n\\""}'),
    ],
)
def test_the_text_is_kept_and_compact(text: str, canonical: str) -> None:
    assert parsed(text).text == canonical
    assert parsed(canonical).text == canonical


def test_normalizing_sorts_members_at_every_level_and_lists_at_none() -> None:
    text = '{"type":"object","properties":{"b":{"type":["string","null"],"a":1},"a":{}}}'
    normal = '{"properties":{"a":{},"b":{"a":1,"type":["string","null"]}},"type":"object"}'
    assert parsed(text, normalize=True).text == normal
    assert parsed(text).likeness != parsed(normal).likeness
    assert parsed(text, normalize=True).likeness == parsed(normal).likeness


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("", "Empty schema"),
        ("   ", "Empty schema"),
        ("{", "not JSON"),
        ('{"a":NaN}', "NaN is no value"),
        ("[]", "an object or a boolean"),
        ('"string"', "an object or a boolean"),
        ("5", "an object or a boolean"),
        ({"type": "strin"}, "#/type"),
        ({"type": 5}, "#/type"),
        ({"type": ["string", 5]}, "#/type/1"),
        ({"properties": []}, "#/properties"),
        ({"properties": {"a": 5}}, "#/properties/a"),
        ({"required": "a"}, "#/required"),
        ({"type": "string", "minLength": "x"}, "#/minLength"),
        ({"type": "string", "minLength": 1.5}, "#/minLength"),
        ({"type": "string", "pattern": "["}, "no regular expression"),
        ({"type": "number", "minimum": "1"}, "#/minimum"),
        ({"type": "number", "multipleOf": 0}, "#/multipleOf"),
        ({"oneOf": {}}, "#/oneOf"),
        ({"enum": 1}, "#/enum"),
        ({"title": 1}, "#/title"),
        ({"type": "array", "items": 1}, "#/items"),
        ({"$schema": DRAFT_4, "properties": {"a": {"not": 1}}}, "#/properties/a/not"),
        ({"$schema": DRAFT_2020, "minLength": "x"}, "#/minLength"),
        ({"$schema": DRAFT_2020, "items": [{}]}, "#/items"),
        ({"$schema": DRAFT_2020, "type": "strin"}, "#/type"),
    ],
)
def test_what_is_no_schema_is_refused_and_the_place_named(schema: Any, said: str) -> None:
    with pytest.raises(InvalidSchema) as refused:
        parsed(schema)
    assert said in refused.value.reason


def test_a_name_that_is_reserved_is_refused_where_names_are_looked_at() -> None:
    text = json.dumps({"type": "object", "properties": {"$$a": {}}})
    with pytest.raises(InvalidSchema, match=r"begins with \$\$"):
        JSON.parse(text, strict=True, fields=True)
    assert parsed(text)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/definitions/A", "definitions": {"A": {"type": "string"}}},
        {"$ref": "#/$defs/A", "definitions": {"A": {"type": "string"}}},
        {"$ref": "#/definitions/A~1b%20", "definitions": {"A/b ": {"type": "string"}}},
        {"$ref": "#text", "definitions": {"A": {"$id": "#text", "type": "string"}}},
        {"$schema": DRAFT_2020, "$ref": "#/$defs/A", "$defs": {"A": {"type": "string"}}},
        {"$schema": DRAFT_2020, "$ref": "#t", "$defs": {"A": {"$anchor": "t", "type": "string"}}},
        {
            "$schema": DRAFT_2020,
            "$id": "https://example.org/a",
            "$ref": "b",
            "$defs": {"B": {"$id": "b", "type": "string"}},
        },
        {"$schema": DRAFT_4, "$ref": "#/definitions/A", "definitions": {"A": {"type": "string"}}},
        {"allOf": [{"type": "string"}], "x": {"$ref": "#/nowhere"}},
    ],
)
def test_a_reference_stands_for_what_it_names(schema: dict[str, Any]) -> None:
    assert not obstacles(schema, {"type": "string"})
    assert obstacles(schema, {"type": "integer"})


@pytest.mark.parametrize(
    "ref",
    ["#/definitions/B", "#nowhere", "other.json", "http://169.254.169.254/x", "file:///etc/passwd"],
)
def test_a_reference_that_leads_nowhere_is_refused_and_nothing_is_fetched(ref: str) -> None:
    with pytest.raises(InvalidSchema, match="ref"):
        parsed({"properties": {"a": {"$ref": ref}}, "definitions": {"A": {}}})


def test_references_to_other_schemas_nest_and_meet_again() -> None:
    base = Source("base.json", '{"definitions":{"Id":{"type":"string"}}}')
    left = Source("left.json", '{"properties":{"id":{"$ref":"base.json#/definitions/Id"}}}')
    right = Source("right.json", '{"properties":{"id":{"$ref":"base.json#/definitions/Id"}}}')
    schema = {"properties": {"l": {"$ref": "left.json"}, "r": {"$ref": "right.json"}}}
    old = parsed(schema, base, left, right)
    number = Source("base.json", '{"definitions":{"Id":{"type":"integer"}}}')
    new = parsed(schema, number, left, right)
    kinds = [(d.kind, d.path) for d in JSON.differences(new, old) if not d.allowed]
    assert kinds == [
        ("TYPE_CHANGED", "#/properties/l/properties/id"),
        ("TYPE_CHANGED", "#/properties/r/properties/id"),
    ]


def test_a_relative_reference_is_meant_from_the_id() -> None:
    other = Source("https://example.org/schemas/id.json", '{"type":"string"}')
    schema = {"$id": "https://example.org/schemas/a.json", "properties": {"a": {"$ref": "id.json"}}}
    assert parsed(schema, other)
    with pytest.raises(InvalidSchema, match=r"id\.json"):
        parsed(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"properties": {"a": {"$ref": "#"}}},
        {"$ref": "#/definitions/A", "definitions": {"A": {"$ref": "#/definitions/A"}}},
        {
            "$ref": "#/definitions/A",
            "definitions": {"A": {"$ref": "#/definitions/B"}, "B": {"$ref": "#/definitions/A"}},
        },
        {"$schema": DRAFT_2020, "$dynamicAnchor": "n", "properties": {"a": {"$dynamicRef": "#n"}}},
    ],
)
def test_circles_end(schema: dict[str, Any]) -> None:
    again = json.loads(json.dumps(schema))
    assert obstacles(schema, again) == []


@pytest.mark.parametrize(
    ("named", "boolean_limit"),
    [
        ("http://json-schema.org/draft-04/schema#", True),
        ("https://json-schema.org/draft-04/schema", True),
        ("http://json-schema.org/schema#", True),
        ("http://json-schema.org/draft-06/schema#", False),
        ("http://json-schema.org/draft-07/schema", False),
        ("http://example.org/mine", False),
        (DRAFT_2020, False),
        ("https://json-schema.org/draft/2019-09/schema#", False),
    ],
)
def test_the_dialect_is_the_one_it_names(named: str, boolean_limit: bool) -> None:
    """Draft 4 alone has limits that are true or false."""
    schema = {"$schema": named, "type": "number", "maximum": 1, "exclusiveMaximum": True}
    if boolean_limit:
        assert parsed(schema)
    else:
        with pytest.raises(InvalidSchema, match="exclusiveMaximum"):
            parsed(schema)


def test_the_outermost_properties() -> None:
    assert JSON.top_level(parsed({"properties": {"a": {"properties": {"b": {}}}, "c": {}}})) == {
        "a",
        "c",
    }
    assert JSON.top_level(parsed("true")) == frozenset()
    assert JSON.render(parsed("true"), "resolved") == "true"


@pytest.mark.parametrize("name", ["default", "const", "enum", "examples", "other"])
def test_a_definition_may_be_called_like_a_keyword_of_values(name: str) -> None:
    parsed({"$schema": DRAFT_2020, "$defs": {name: {"$anchor": "d"}}, "$ref": "#d"})
    draft_7 = "http://json-schema.org/draft-07/schema#"
    named = {name: {"$id": "http://h/b"}}
    parsed({"$schema": draft_7, "definitions": named, "not": {"$ref": "http://h/b"}})
