"""Each kind of difference once, its place, and whether it may be."""

from __future__ import annotations

from typing import Any

import pytest

from registry.formats.base import Policy
from registry.formats.json_schema import kinds
from tests.registry.formats.json_schema.helpers import (
    DRAFT_2020,
    JSON,
    found,
    obstacles,
    one,
    parsed,
)

S: dict[str, Any] = {"type": "string"}
I: dict[str, Any] = {"type": "integer"}  # noqa: E741 - as S
N: dict[str, Any] = {"type": "number"}
A: dict[str, Any] = {"type": "array"}
O: dict[str, Any] = {"type": "object"}  # noqa: E741 - as S
AB: dict[str, Any] = {"type": "object", "properties": {"a": S, "b": S}}
CLOSED: dict[str, Any] = {"additionalProperties": False}
UNEVALUATED = {"$schema": DRAFT_2020, "type": "object"}
TUPLE = {"$schema": DRAFT_2020, "type": "array"}
CONTAINS = {"$schema": DRAFT_2020, "type": "array", "contains": S}


def limits(
    kind: str, word: str, base: dict[str, Any], *, most: bool
) -> list[tuple[str, Any, Any, str]]:
    tighter, looser = ("DECREASED", "INCREASED") if most else ("INCREASED", "DECREASED")
    low, high = ({word: 2}, {word: 3}) if most else ({word: 3}, {word: 2})
    where = f"#/{word}"
    return [
        (f"{kind}_ADDED", base, {**base, word: 2}, where),
        (f"{kind}_REMOVED", {**base, word: 2}, base, where),
        (f"{kind}_{tighter}", {**base, **high}, {**base, **low}, where),
        (f"{kind}_{looser}", {**base, **low}, {**base, **high}, where),
    ]


# (kind, older = writer, newer = reader, path)
CASES: list[tuple[str, Any, Any, str]] = [
    ("ID_CHANGED", {**S, "$id": "a"}, {**S, "$id": "b"}, "#/"),
    ("TITLE_CHANGED", {**S, "title": "a"}, S, "#/"),
    ("DESCRIPTION_CHANGED", S, {**S, "description": "a"}, "#/"),
    ("DEFAULT_CHANGED", {**S, "default": "a"}, {**S, "default": "b"}, "#/"),
    ("SCHEMA_ADDED", A, {**A, "items": S}, "#/items"),
    ("SCHEMA_REMOVED", {**A, "items": S}, A, "#/items"),
    ("TYPE_EXTENDED", I, N, "#/"),
    ("TYPE_NARROWED", N, I, "#/"),
    ("TYPE_CHANGED", S, I, "#/"),
    *limits("MAX_LENGTH", "maxLength", S, most=True),
    *limits("MIN_LENGTH", "minLength", S, most=False),
    ("PATTERN_ADDED", S, {**S, "pattern": "a"}, "#/pattern"),
    ("PATTERN_REMOVED", {**S, "pattern": "a"}, S, "#/pattern"),
    ("PATTERN_CHANGED", {**S, "pattern": "a"}, {**S, "pattern": "b"}, "#/pattern"),
    *limits("MAXIMUM", "maximum", N, most=True),
    *limits("MINIMUM", "minimum", N, most=False),
    *limits("EXCLUSIVE_MAXIMUM", "exclusiveMaximum", N, most=True),
    *limits("EXCLUSIVE_MINIMUM", "exclusiveMinimum", N, most=False),
    ("MULTIPLE_OF_ADDED", N, {**N, "multipleOf": 2}, "#/multipleOf"),
    ("MULTIPLE_OF_REMOVED", {**N, "multipleOf": 2}, N, "#/multipleOf"),
    ("MULTIPLE_OF_EXPANDED", {**N, "multipleOf": 2}, {**N, "multipleOf": 4}, "#/multipleOf"),
    ("MULTIPLE_OF_REDUCED", {**N, "multipleOf": 1}, {**N, "multipleOf": 0.5}, "#/multipleOf"),
    ("MULTIPLE_OF_CHANGED", {**N, "multipleOf": 2}, {**N, "multipleOf": 3}, "#/multipleOf"),
    ("REQUIRED_ATTRIBUTE_ADDED", AB, {**AB, "required": ["a"]}, "#/required/a"),
    ("REQUIRED_ATTRIBUTE_REMOVED", {**AB, "required": ["a"]}, AB, "#/required/a"),
    (
        "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED",
        {**O, "properties": {"a": {**S, "default": "x"}}},
        {**O, "properties": {"a": {**S, "default": "x"}}, "required": ["a"]},
        "#/required/a",
    ),
    *limits("MAX_PROPERTIES", "maxProperties", O, most=True),
    *limits("MIN_PROPERTIES", "minProperties", O, most=False),
    ("ADDITIONAL_PROPERTIES_ADDED", {**O, **CLOSED}, O, "#/additionalProperties"),
    ("ADDITIONAL_PROPERTIES_REMOVED", O, {**O, **CLOSED}, "#/additionalProperties"),
    (
        "ADDITIONAL_PROPERTIES_EXTENDED",
        {**O, "additionalProperties": S},
        O,
        "#/additionalProperties",
    ),
    (
        "ADDITIONAL_PROPERTIES_NARROWED",
        O,
        {**O, "additionalProperties": S},
        "#/additionalProperties",
    ),
    *(
        (f"UNEVALUATED_{what}_{change}", {**base, **before}, {**base, **after}, f"#/{word}")
        for what, word, base in (
            ("PROPERTIES", "unevaluatedProperties", UNEVALUATED),
            ("ITEMS", "unevaluatedItems", TUPLE),
        )
        for change, before, after in (
            ("ADDED", {word: False}, {word: True}),
            ("REMOVED", {}, {word: False}),
            ("EXTENDED", {word: S}, {word: True}),
            ("NARROWED", {word: True}, {word: S}),
        )
    ),
    ("DEPENDENCY_ARRAY_ADDED", O, {**O, "dependencies": {"a": ["b"]}}, "#/dependencies/a"),
    ("DEPENDENCY_ARRAY_REMOVED", {**O, "dependencies": {"a": ["b"]}}, O, "#/dependencies/a"),
    (
        "DEPENDENCY_ARRAY_EXTENDED",
        {**O, "dependencies": {"a": ["b"]}},
        {**O, "dependencies": {"a": ["b", "c"]}},
        "#/dependencies/a",
    ),
    (
        "DEPENDENCY_ARRAY_NARROWED",
        {**O, "dependencies": {"a": ["b", "c"]}},
        {**O, "dependencies": {"a": ["b"]}},
        "#/dependencies/a",
    ),
    (
        "DEPENDENCY_ARRAY_CHANGED",
        {**O, "dependencies": {"a": ["b"]}},
        {**O, "dependencies": {"a": ["c"]}},
        "#/dependencies/a",
    ),
    ("DEPENDENCY_SCHEMA_ADDED", O, {**O, "dependencies": {"a": O}}, "#/dependencies/a"),
    ("DEPENDENCY_SCHEMA_REMOVED", {**O, "dependencies": {"a": O}}, O, "#/dependencies/a"),
    (
        "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
        O,
        {**O, "properties": {"a": S}, "required": ["a"]},
        "#/properties/a",
    ),
    (
        "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL",
        O,
        {**O, "properties": {"a": {**S, "default": ""}}, "required": ["a"]},
        "#/properties/a",
    ),
    (
        "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
        O,
        {**O, "properties": {"a": S}},
        "#/properties/a",
    ),
    (
        "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL",
        O,
        {**O, "properties": {"a": {}}},
        "#/properties/a",
    ),
    (
        "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
        {**O, **CLOSED},
        {**one(S), "required": ["a"]},
        "#/properties/a",
    ),
    (
        "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL",
        {**O, **CLOSED},
        {**one({**S, "default": ""}), "required": ["a"]},
        "#/properties/a",
    ),
    ("OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", {**O, **CLOSED}, one(S), "#/properties/a"),
    (
        "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL",
        {**O, "properties": {"a": S}},
        O,
        "#/properties/a",
    ),
    (
        "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        one(False),
        {**O, **CLOSED},
        "#/properties/a",
    ),
    ("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", one(S), {**O, **CLOSED}, "#/properties/a"),
    (
        "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        {**O, "properties": {"a": S}, "additionalProperties": S},
        {**O, "additionalProperties": S},
        "#/properties/a",
    ),
    (
        "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        {**O, "properties": {"a": I}, "additionalProperties": S},
        {**O, "additionalProperties": S},
        "#/properties/a",
    ),
    (
        "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        {**O, "patternProperties": {"^a": S}, **CLOSED},
        {**one(S), "patternProperties": {"^a": S}},
        "#/properties/a",
    ),
    (
        "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        {**O, "patternProperties": {"^a": S}, **CLOSED},
        {**one(I), "patternProperties": {"^a": S}},
        "#/properties/a",
    ),
    *limits("MAX_ITEMS", "maxItems", A, most=True),
    *limits("MIN_ITEMS", "minItems", A, most=False),
    ("UNIQUE_ITEMS_ADDED", A, {**A, "uniqueItems": True}, "#/uniqueItems"),
    ("UNIQUE_ITEMS_REMOVED", {**A, "uniqueItems": True}, A, "#/uniqueItems"),
    *limits("MAX_CONTAINS", "maxContains", CONTAINS, most=True),
    (
        "MIN_CONTAINS_INCREASED",
        {**CONTAINS, "minContains": 1},
        {**CONTAINS, "minContains": 2},
        "#/minContains",
    ),
    (
        "MIN_CONTAINS_DECREASED",
        {**CONTAINS, "minContains": 2},
        {**CONTAINS, "minContains": 1},
        "#/minContains",
    ),
    ("MIN_CONTAINS_ADDED", TUPLE, CONTAINS, "#/minContains"),
    ("MIN_CONTAINS_REMOVED", CONTAINS, TUPLE, "#/minContains"),
    *(
        (f"ADDITIONAL_ITEMS_{change}", {**A, **before}, {**A, **after}, "#/additionalItems")
        for change, before, after in (
            ("ADDED", {"additionalItems": False}, {}),
            ("REMOVED", {}, {"additionalItems": False}),
            ("EXTENDED", {"additionalItems": S}, {}),
            ("NARROWED", {}, {"additionalItems": S}),
        )
    ),
    ("ITEM_ADDED_TO_OPEN_CONTENT_MODEL", A, {**A, "items": [S]}, "#/items/0"),
    ("ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", A, {**A, "items": [{}]}, "#/items/0"),
    (
        "ITEM_ADDED_TO_CLOSED_CONTENT_MODEL",
        {**A, "items": [S], "additionalItems": False},
        {**A, "items": [S, S], "additionalItems": False},
        "#/items/1",
    ),
    ("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL", {**A, "items": [S]}, A, "#/items/0"),
    (
        "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        {**A, "items": [S, False], "additionalItems": False},
        {**A, "items": [S], "additionalItems": False},
        "#/items/1",
    ),
    (
        "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        {**A, "items": [S, S], "additionalItems": False},
        {**A, "items": [S], "additionalItems": False},
        "#/items/1",
    ),
    *(
        (
            f"ITEM_{what}_BY_PARTIALLY_OPEN_CONTENT_MODEL",
            {**A, "items": before, "additionalItems": S},
            {**A, "items": after, "additionalItems": S},
            "#/items/1",
        )
        for what, before, after in (
            ("ADDED_IS_COVERED", [S], [S, S]),
            ("ADDED_NOT_COVERED", [S], [S, I]),
            ("REMOVED_IS_COVERED", [S, S], [S]),
            ("REMOVED_NOT_COVERED", [S, I], [S]),
        )
    ),
    ("ENUM_ARRAY_EXTENDED", {"enum": [1]}, {"enum": [1, 2]}, "#/enum"),
    ("ENUM_ARRAY_NARROWED", {"enum": [1, 2]}, {"enum": [1]}, "#/enum"),
    ("ENUM_ARRAY_CHANGED", {"enum": [1]}, {"enum": [2]}, "#/enum"),
    ("ENUM_ARRAY_CHANGED", {"const": 1}, {"const": 2}, "#/const"),
    ("COMBINED_TYPE_EXTENDED", {"oneOf": [S, I]}, {"anyOf": [S, I]}, "#/"),
    ("COMBINED_TYPE_CHANGED", {"anyOf": [S, I]}, {"allOf": [S, I]}, "#/"),
    ("COMBINED_TYPE_SUBSCHEMAS_CHANGED", {"oneOf": [S, I]}, {"oneOf": [S, A]}, "#/"),
    ("PRODUCT_TYPE_EXTENDED", {"allOf": [N]}, {"allOf": [N, {"minimum": 1}]}, "#/"),
    ("PRODUCT_TYPE_NARROWED", {"allOf": [N, {"minimum": 1}]}, {"allOf": [N]}, "#/"),
    ("SUM_TYPE_EXTENDED", {"oneOf": [S]}, {"oneOf": [S, I]}, "#/"),
    ("SUM_TYPE_NARROWED", {"oneOf": [S, I]}, {"oneOf": [S]}, "#/"),
    ("NOT_TYPE_EXTENDED", {"not": I}, {"not": N}, "#/not"),
    ("NOT_TYPE_NARROWED", {"not": N}, {"not": I}, "#/not"),
]


@pytest.mark.parametrize(("kind", "old", "new", "path"), CASES)
def test_it_is_found_where_it_is(kind: str, old: Any, new: Any, path: str) -> None:
    assert (kind, path) in found(new, old)


def test_every_kind_has_a_case_and_those_that_count_a_sentence() -> None:
    tried = {kind for kind, *_ in CASES}
    assert tried >= kinds.LENIENT
    for kind in tried - kinds.ALLOWED:
        said = kinds.difference(kind, "#/properties/a/x", Policy.STRICT)
        assert not said.allowed
        if kind != "SCHEMA_ADDED":
            assert "'#/properties/a/x'" in said.said("new", "old")
        assert "the property a" in said.in_words("new", "old")
        assert "{" not in said.in_words("new", "old")


def test_the_sentence_of_the_wire() -> None:
    reader, writer = parsed(one(I)), parsed(one(S))
    (difference,) = JSON.differences(reader, writer)
    assert difference.said("new", "old") == (
        '{errorType:"TYPE_CHANGED", description:"A type at path \'#/properties/a\' is different '
        "between the new schema and the old schema'}"
    )


def test_a_lenient_subject_leaves_the_content_model_out() -> None:
    new = {**O, "properties": {"a": S}}
    assert obstacles(new, O) == [
        ("OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", "#/properties/a")
    ]
    assert obstacles(new, O, Policy.LENIENT) == []
    assert obstacles({**new, "required": ["a"]}, O, Policy.LENIENT)


@pytest.mark.parametrize(
    ("reader", "writer"),
    [
        ({}, S),
        (True, {"type": ["string", "null"]}),
        (S, False),
        ({"type": ["string"]}, S),
        ({"type": ["string", "null"]}, S),
        ({"anyOf": [I, S]}, {"anyOf": [S, I]}),
        ({"$ref": "#/definitions/A", "definitions": {"A": S}}, S),
        ({**S, "format": "date"}, S),
        ({**N, "multipleOf": 0.50}, {**N, "multipleOf": 0.5}),
        ({**I, "connect.type": "bytes"}, {**S, "connect.type": "bytes"}),
        ({"enum": ["b", "a"]}, {"enum": ["a", "b"]}),
    ],
)
def test_what_reads_the_other(reader: Any, writer: Any) -> None:
    assert obstacles(reader, writer) == []


def test_a_difference_inside_a_circle_is_found() -> None:
    def tree(value: dict[str, Any]) -> dict[str, Any]:
        node = {"type": "object", "properties": {"next": {"$ref": "#/definitions/N"}, "v": value}}
        return {"$ref": "#/definitions/N", "definitions": {"N": node}}

    assert ("TYPE_CHANGED", "#/properties/v") in obstacles(tree(I), tree(S))
    assert obstacles(tree(S), tree(S)) == []


def test_a_chain_of_references_may_be_long() -> None:
    """Far longer than the interpreter's stack is deep; a circle at its end closes."""

    def chain(leaf: str) -> dict[str, Any]:
        links: dict[str, Any] = {
            f"d{i}": {"properties": {"n": {"$ref": f"#/definitions/d{i + 1}"}}}
            for i in range(2_000)
        }
        links["d2000"] = {"properties": {"a": {"type": leaf}, "back": {"$ref": "#/definitions/d0"}}}
        return {"$ref": "#/definitions/d0", "definitions": links}

    assert not obstacles(chain("string"), chain("string"))
    differing = obstacles(chain("string"), chain("integer"))
    # Once on the first way around, once on the second.
    assert [kind for kind, path in differing] == ["TYPE_CHANGED"] * 2
