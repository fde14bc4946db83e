"""What holds for every schema: drawn at random, judged by another implementation."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema_rs
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.registry.differential.json_pairs import pairs
from tests.registry.formats.json_schema.helpers import JSON, obstacles, parsed

NAMES = st.sampled_from(["a", "b", "c", "d"])
SMALL = st.integers(0, 4)


@st.composite
def schemas(draw: st.DrawFn, depth: int = 3) -> dict[str, Any]:
    """Schemas of the words whose meaning the rules keep: no word that they leave aside."""
    kinds = ["string", "number", "integer", "boolean", "null", "enum"]
    kind = draw(st.sampled_from(kinds + ["object", "array"] * 3 if depth else kinds))
    if kind == "enum":
        return {"enum": draw(st.lists(st.sampled_from(["x", "y", 1, None]), min_size=1))}
    made: dict[str, Any] = {"type": kind}
    if kind == "string":
        return made | draw(limits("minLength", "maxLength"))
    if kind in ("number", "integer"):
        return made | draw(limits("minimum", "maximum"))
    if kind == "array":
        items = {"items": draw(schemas(depth - 1))} if draw(st.booleans()) else {}
        return made | items | draw(limits("minItems", "maxItems"))
    if kind == "object":
        made["properties"] = draw(st.dictionaries(NAMES, schemas(depth - 1), max_size=3))
        if draw(st.booleans()):
            made["additionalProperties"] = False
        required = draw(st.sets(NAMES)) & made["properties"].keys()
        return made | ({"required": sorted(required)} if required else {})
    return made


@st.composite
def limits(draw: st.DrawFn, least: str, most: str) -> dict[str, int]:
    found = {}
    if draw(st.booleans()):
        found[least] = draw(SMALL)
    if draw(st.booleans()):
        found[most] = draw(SMALL) + found.get(least, 0)
    return found


@st.composite
def evolved(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    new = copy.deepcopy(schema)
    for inner in [new, *new.get("properties", {}).values()]:
        word = draw(st.sampled_from(sorted(inner)))
        match draw(st.integers(0, 4)):
            case 0 if word != "type":
                del inner[word]
            case 1 if inner.get("type") == "object":
                inner.setdefault("properties", {})[draw(NAMES)] = draw(schemas(1))
            case 2 if isinstance(inner.get(word), int) and word != "additionalProperties":
                inner[word] += draw(st.integers(-2, 2))
                assume(inner[word] >= 0)
            case 3 if "enum" in inner:
                inner["enum"] = [*inner["enum"], "z"]
            case 4 if inner.get("type") == "integer":
                inner["type"] = "number"
    return new


@st.composite
def instances(draw: st.DrawFn, schema: dict[str, Any]) -> Any:
    """Values that the schema means to take; whether it does is asked of a validator."""
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    match schema["type"]:
        case "string":
            least = schema.get("minLength", 0)
            return draw(st.text("xy", min_size=least, max_size=schema.get("maxLength", least + 3)))
        case "integer":
            least = schema.get("minimum", -3)
            return draw(st.integers(least, schema.get("maximum", least + 9)))
        case "number":
            least = schema.get("minimum", -3)
            return draw(st.integers(4 * least, 4 * schema.get("maximum", least + 9))) / 4
        case "boolean":
            return draw(st.booleans())
        case "array":
            least = schema.get("minItems", 0)
            most = schema.get("maxItems", least + 2)
            inner = instances(schema["items"]) if "items" in schema else st.just(1)
            return draw(st.lists(inner, min_size=least, max_size=most))
        case "object":
            required = schema.get("required", [])
            return {
                name: draw(instances(inner))
                for name, inner in schema.get("properties", {}).items()
                if name in required or draw(st.booleans())
            }
    return None


@settings(max_examples=300)
@given(st.data())
def test_what_is_judged_compatible_is_read(source: st.DataObject) -> None:
    old = source.draw(schemas())
    new = source.draw(evolved(old))
    assume(not obstacles(new, old))
    value = source.draw(instances(old))
    assume(jsonschema_rs.is_valid(old, value))
    assert jsonschema_rs.is_valid(new, value)


@settings(max_examples=100)
@given(st.integers(0, 10_000))
def test_the_canonical_form_is_its_own_and_normalizing_changes_no_verdict(seed: int) -> None:
    (pair,) = pairs(seed, 1)
    assume(not pair.references)
    old, new = parsed(pair.old), parsed(pair.new)
    assert parsed(old.text).text == old.text
    normal = [parsed(text, normalize=True) for text in (pair.old, pair.new)]
    assert parsed(normal[0].text, normalize=True).text == normal[0].text
    kinds = sorted(d.kind for d in JSON.differences(new, old) if not d.allowed)
    assert kinds == sorted(d.kind for d in JSON.differences(normal[1], normal[0]) if not d.allowed)
    assert json.loads(old.text) == json.loads(pair.old)


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_a_difference_in_the_way_is_told_as_a_change(seed: int) -> None:
    (pair,) = pairs(seed, 1)
    assume(not pair.references)
    old, new = parsed(pair.old), parsed(pair.new)
    changes = JSON.changes(old, new)
    assert JSON.changes(old, parsed(pair.old)) == []
    for change in changes:
        assert change.path
        assert change.breaks <= {"BACKWARD", "FORWARD"}
    assert JSON.contents(new)
