"""The difference by meaning, and tags."""

from __future__ import annotations

import pytest

from registry.errors import InvalidSchema
from registry.formats.base import Entity
from tests.registry.formats.protobuf.helpers import PROTO3, PROTOBUF, message, parsed

OLD = message(
    "string a = 1;",
    "int32 gone = 2;",
    "string out = 3;",
    "enum E { Z = 0; Y = 1; }",
    "E e = 4;",
)
NEW = message(
    "string b = 1;",
    "oneof k { string out = 3; }",
    "repeated E e = 4;",
    "enum E { Z = 0; X = 2; }",
    "M more = 5;",
    "message In { string x = 1; }",
)


def test_a_change_is_told_with_what_it_breaks() -> None:
    rows = [
        (c.kind.value, c.path, c.before, c.after, sorted(c.breaks))
        for c in PROTOBUF.changes(parsed(OLD), parsed(NEW))
    ]
    assert rows == [
        ("renamed", "M.b", "a", "b", []),
        ("retyped", "M.e", "E = 4", "repeated E = 4", []),
        ("added", "M.more", "", "M = 5", []),
        ("moved", "M.out", "on its own", "in the oneof k", []),
        ("removed", "M.gone", "int32 = 2", "", []),
        ("added", "M.E.X", "", "value 2", []),
        ("removed", "M.E.Y", "value 1", "", []),
        ("added", "M.In", "", "message", ["FORWARD"]),
        ("added", "M.In.x", "", "string = 1", []),
    ]
    assert PROTOBUF.changes(parsed(OLD), parsed(OLD)) == []


def test_a_type_that_cannot_be_read_breaks_both() -> None:
    (change,) = PROTOBUF.changes(parsed(message("string a = 1;")), parsed(message("int32 a = 1;")))
    assert sorted(change.breaks) == ["BACKWARD", "FORWARD"]


def test_what_a_file_brings() -> None:
    assert [(c.path, c.after) for c in PROTOBUF.contents(parsed(message("string a = 1;")))] == [
        ("M", "message"),
        ("M.a", "string = 1"),
    ]


TAGGED = f"""{PROTO3}import "confluent/meta.proto";
message M {{
  option (confluent.message_meta).tags = "ROOT";
  string a = 1 [(confluent.field_meta) = {{ doc: "d", tags: ["PII", "NAME"] }}];
  oneof k {{ string b = 2 [(confluent.field_meta).tags = "PII"]; }}
  message N {{ string c = 1 [(confluent.field_meta) = {{ tags: "T" }}]; }}
  string plain = 3;
}}
"""


def test_tags_are_found_by_path() -> None:
    assert PROTOBUF.tags(parsed(TAGGED)) == {
        Entity("sr_record", "M"): ["ROOT"],
        Entity("sr_field", "M.b"): ["PII"],
        Entity("sr_field", "M.a"): ["PII", "NAME"],
        Entity("sr_field", "M.N.c"): ["T"],
    }


def test_tags_are_added_and_removed() -> None:
    a, plain = Entity("sr_field", "M.a"), Entity("sr_field", ".M.plain")
    root = Entity("sr_record", "M")
    text = PROTOBUF.retagged(
        parsed(TAGGED), {a: ["NEW"], plain: ["A"]}, {a: ["PII"], root: ["ROOT"]}
    )
    tags = PROTOBUF.tags(parsed(text))
    assert tags[Entity("sr_field", "M.a")] == ["NAME", "NEW"]
    assert tags[Entity("sr_field", "M.plain")] == ["A"]
    assert root not in tags
    assert 'doc: "d"' in text
    bare = PROTOBUF.retagged(parsed(message("string a = 1;")), {a: ["A"]}, {})
    assert "import" not in bare
    assert parsed(bare, fields=True)


@pytest.mark.parametrize("path", ["M.nothing", "N", ""])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(InvalidSchema, match="No matching path"):
        PROTOBUF.retagged(parsed(TAGGED), {Entity("sr_field", path): ["A"]}, {})
