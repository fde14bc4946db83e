"""The difference by meaning."""

from __future__ import annotations

from typing import Any

import pytest

from registry.formats.base import ChangeKind
from tests.registry.formats.json_schema.helpers import DRAFT_2020, JSON, one, parsed

S: dict[str, Any] = {"type": "string"}
BOTH = ["BACKWARD", "FORWARD"]


def told(old: Any, new: Any) -> list[tuple[str, str, str, str, list[str]]]:
    found = JSON.changes(parsed(old), parsed(new))
    return [(c.kind.value, c.path, c.before, c.after, sorted(c.breaks)) for c in found]


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        (S, {"type": "integer"}, ("retyped", "(root)", "string", "integer", BOTH)),
        (
            one(S),
            one({"type": ["string", "null"]}),
            ("retyped", "a", "string", "string or null", ["FORWARD"]),
        ),
        ({"type": "object"}, {"properties": {"a": S}, "type": "object"}, None),
        (
            one(S),
            {**one(S), "required": ["a"]},
            ("changed", "a", "optional", "required", ["BACKWARD"]),
        ),
        (
            one(S),
            one({**S, "maxLength": 5}),
            ("changed", "a", "", "maxLength 5", ["BACKWARD"]),
        ),
        (
            one({**S, "default": "x"}),
            one(S),
            ("default lost", "a", '"x"', "", []),
        ),
        (one(S), one({**S, "description": "d"}), ("description changed", "a", "", "", [])),
        (
            one({"enum": ["A", "B"]}),
            one({"enum": ["A"]}),
            ("retyped", "a", 'one of "A", "B"', 'one of "A"', ["BACKWARD"]),
        ),
        (
            {"type": "object", "properties": {}},
            one(S),
            ("changed", "(root)", "", "additionalProperties false", ["BACKWARD"]),
        ),
        (
            {"oneOf": [S]},
            {"oneOf": [S, {"type": "integer"}]},
            ("added", "|integer", "", "integer", ["FORWARD"]),
        ),
    ],
)
def test_a_change_is_told_with_what_it_breaks(old: Any, new: Any, row: Any) -> None:
    assert row is None or row in told(old, new)
    assert told(old, old) == []


def test_properties_come_in_the_order_of_the_newer_and_removed_ones_last() -> None:
    old = {"type": "object", "properties": {"gone": S, "b": S, "a": S}}
    new = {"type": "object", "properties": {"a": S, "new": one(S), "b": {"type": "integer"}}}
    rows = told(old, new)
    assert [(kind, path) for kind, path, *_ in rows] == [
        ("added", "new"),
        ("added", "new.a"),
        ("retyped", "b"),
        ("removed", "gone"),
    ]
    assert rows[-1][2] == "string"


def test_what_a_schema_brings() -> None:
    schema = {"$schema": DRAFT_2020, "type": "array", "items": {**one(S), "required": ["a"]}}
    assert [(c.kind, c.path, c.after) for c in JSON.contents(parsed(schema))] == [
        (ChangeKind.ADDED, "(root)", "list of object"),
        (ChangeKind.ADDED, "[].a", "string, required"),
    ]
