"""Schemas meant to hurt: refused in words, or read and compared within bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry.errors import InvalidSchema
from registry.formats.base import LIMITS
from tests.registry.formats.json_schema.helpers import JSON, found, obstacles, parsed

DEEP = 10_000
CASES: dict[str, str] = {
    "levels of objects": '{"not":' * DEEP + "{}" + "}" * DEEP,
    "levels of lists": '{"enum":' + "[" * DEEP + "]" * DEEP + "}",
    "levels within the stack": '{"not":' * 150 + "{}" + "}" * 150,
    "many properties": json.dumps({"properties": {f"p{i}": {} for i in range(100_000)}}),
    "many branches": json.dumps({"oneOf": [{"const": i} for i in range(100_000)]}),
    "a long text": '{"title":"' + "x" * LIMITS.text_bytes + '"}',
    "a long number": '{"maximum":' + "9" * 100_000 + "}",
    "an exponent": '{"type":"string","maxLength":1e999999999}',
    "half a character": '{"title":"\\ud800","type":5}',
    "a circle that leads nowhere": '{"$ref":"#/properties/a","properties":{"b":{}}}',
}


@pytest.mark.parametrize("name", CASES)
def test_is_refused(name: str) -> None:
    with pytest.raises(InvalidSchema) as refused:
        parsed(CASES[name])
    assert len(refused.value.reason) < 1_000


def test_references_that_fan_out_are_read_once_each() -> None:
    """Each level names the next one twice: 2⁶⁰ ways down, sixty schemas."""
    levels = {
        f"L{i}": {"properties": {side: {"$ref": f"#/definitions/L{i + 1}"} for side in "lr"}}
        for i in range(60)
    }
    schema = {"$ref": "#/definitions/L0", "definitions": {**levels, "L60": {"type": "string"}}}
    other = json.loads(json.dumps(schema))
    other["definitions"]["L60"] = {"type": "integer"}
    assert obstacles(schema, json.loads(json.dumps(schema))) == []
    differing = JSON.differences(parsed(other), parsed(schema))
    assert [d.kind for d in differing] == ["UNEXPECTED"]
    assert JSON.changes(parsed(schema), parsed(other))
    assert JSON.contents(parsed(schema))


def test_a_long_chain_of_references_is_followed_without_recursion() -> None:
    chain: dict[str, Any] = {f"L{i}": {"$ref": f"#/definitions/L{i + 1}"} for i in range(5_000)}
    schema = {"$ref": "#/definitions/L0", "definitions": {**chain, "L5000": {"type": "string"}}}
    assert obstacles(schema, {"type": "string"}) == []


def test_a_nest_of_alternatives_is_given_up_in_time() -> None:
    def nest(depth: int, leaf: str) -> dict[str, Any]:
        if not depth:
            return {"type": leaf}
        return {"oneOf": [nest(depth - 1, leaf), {"items": nest(depth - 1, leaf)}]}

    wide = {"oneOf": [{"properties": {f"p{i}": nest(3, "string")}} for i in range(300)]}
    other = {"oneOf": [{"properties": {f"q{i}": nest(3, "integer")}} for i in range(300)]}
    (difference, *_) = JSON.differences(parsed(other), parsed(wide))
    assert not difference.allowed


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|a)*$", "(.*a){25}$", "a{1000}{1000}"])
def test_an_expression_is_never_run_for_long(expression: str) -> None:
    old = {"type": "object", "patternProperties": {expression: {}}, "additionalProperties": False}
    new = {**old, "properties": {"a" * 5_000 + "b": {"type": "string"}}}
    assert (
        "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
        "#/properties/" + "a" * 5_000 + "b",
    ) in found(new, old)
