"""Files read and written again: the reference server's text, byte for byte; what is refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from registry.errors import InvalidSchema
from registry.formats.base import Source
from tests.registry.formats.protobuf.helpers import PROTO3, PROTOBUF, message, parsed

# Files of ours, and what the reference server stored for them.
PRINTED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "printed.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", PRINTED, ids=range(len(PRINTED)))
def test_it_is_written_as_the_reference_writes_it(case: dict[str, Any]) -> None:
    for form in ("canonical", "normalized"):
        if form in case:
            schema = parsed(case["text"], normalize=form == "normalized")
            assert schema.text == case[form]
            assert parsed(schema.text, normalize=form == "normalized").text == case[form]


def test_comments_and_blank_lines_make_no_other_schema() -> None:
    plain = message("string a = 1;")
    noisy = f"// one\n{PROTO3}/* two\n lines */\nmessage M\n{{\n\n string a=1; // three\n}}\n;"
    assert parsed(plain).likeness == parsed(noisy).likeness


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Empty schema"),
        (" \n", "Empty schema"),
        ("hello", "'hello' does not belong here"),
        ('syntax = "proto4";', "the syntax 'proto4' is unknown"),
        ('edition = "2023"; message M {}', "editions are not supported"),
        ('package a; syntax = "proto3";', "'syntax' must come first"),
        ("package a; package b;", "second package"),
        (f"{PROTO3}message M {{\n string a = 1\n}}", "line 4: expected ';'"),
        (f"{PROTO3}message M {{ string a; }}", "expected '='"),
        (f"{PROTO3}message M {{ string a = x; }}", "expected a whole number"),
        (f"{PROTO3}message M {{ string a = 99999999999; }}", "out of range"),
        (f"{PROTO3}message M {{ required string a = 1; }}", "forbidden in proto3"),
        ("message M { string a = 1; }", "unexpected label"),
        (f"{PROTO3}message M {{ Nope a = 1; }}", "Could not resolve type: Nope"),
        (f"{PROTO3}message M {{}} message M {{}}", "M is already defined"),
        (f"{PROTO3}message M {{", "ends too early"),
        (f"{PROTO3}message M {{ string a = 1 [x = <a: 1>]; }}", "found '<'"),
        (f'{PROTO3}option a = "x', "unexpected"),
        (f"{PROTO3}service S {{ rpc A (M) returns (M); }}", "Could not resolve type: M"),
        (f"{PROTO3}service S {{ message M {{}} }}", "does not belong into a service"),
        (f"{PROTO3}message § {{}}", "'§' is unexpected"),
    ],
)
def test_what_is_no_file_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(InvalidSchema) as refused:
        parsed(text)
    assert said in refused.value.reason


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (message("string a = 1;", "string b = 1;"), "1"),
        (message("string a = 1;", "string a = 2;"), "a"),
        (message("string a = 0;"), "0"),
        (f'{PROTO3}import "nope.proto"; message M {{}}', "nope.proto"),
        (f"{PROTO3}enum E {{ A = 1; }}", "zero"),
    ],
)
def test_the_whole_must_hold_where_that_is_asked(text: str, said: str) -> None:
    assert parsed(text)
    with pytest.raises(InvalidSchema) as refused:
        parsed(text, fields=True)
    assert said in refused.value.reason


@pytest.mark.parametrize(
    "name",
    [
        "google/protobuf/timestamp.proto",
        "google/protobuf/any.proto",
        "google/protobuf/descriptor.proto",
        "google/type/money.proto",
        "google/type/datetime.proto",
        "confluent/meta.proto",
        "confluent/type/decimal.proto",
    ],
)
def test_what_everybody_imports_needs_no_reference(name: str) -> None:
    assert parsed(f'{PROTO3}import "{name}"; message M {{}}', fields=True)


def test_references_nest_and_meet_again() -> None:
    base = Source("base.proto", f"{PROTO3}package b; message Id {{ string v = 1; }}", "base", 1)
    sides = [
        Source(
            f"{side}.proto",
            f'{PROTO3}import "base.proto"; package s; message {side} {{ b.Id id = 1; }}',
            side,
            1,
        )
        for side in ("L", "R")
    ]
    text = (
        f'{PROTO3}import "L.proto"; import "R.proto"; '
        "message M { s.L l = 1; s.R r = 2; b.Id i = 3; }"
    )
    schema = parsed(text, base, *sides, normalize=True, fields=True)
    assert ".s.L l = 1;" in schema.text
    assert ".b.Id i = 3;" in schema.text


def test_imports_that_go_round_end() -> None:
    one = Source("a.proto", f'{PROTO3}import "b.proto"; message A {{}}', "a", 1)
    other = Source("b.proto", f'{PROTO3}import "a.proto"; message B {{}}', "b", 1)
    text = f'{PROTO3}import "a.proto"; message M {{ A a = 1; }}'
    assert parsed(text, one, other)
    with pytest.raises(InvalidSchema):
        parsed(text, one, other, fields=True)


def test_a_descriptor_is_read_and_written() -> None:
    text = message(
        "map<string, int32> m = 1;",
        "optional string o = 2;",
        "oneof k { string x = 3; M y = 4; }",
        "reserved 9 to 11;",
        "enum E { Z = 0; }",
        "repeated E e = 5;",
    )
    schema = parsed(text)
    serialized = PROTOBUF.render(schema, "serialized")
    proto = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(serialized))
    assert [field.name for field in proto.message_type[0].field] == ["x", "y", "m", "o", "e"]
    again = parsed(serialized, normalize=True)
    assert again.text == parsed(text, normalize=True).text


def test_tags_are_in_the_descriptor_that_clients_ask_for() -> None:
    text = (
        f'{PROTO3}import "confluent/meta.proto"; message M {{ string a = 1 '
        '[(confluent.field_meta) = { tags: ["PII"], doc: "d" }]; }'
    )
    raw = base64.b64decode(PROTOBUF.render(parsed(text), "serialized"))
    assert b"\x82D\x08" in raw  # extension 1088
    assert b"\x1a\x03PII" in raw


def test_extensions_are_left_out_on_demand() -> None:
    text = (
        'syntax = "proto2"; message M { option (x) = 1; optional string a = 1 [(y) = 2, '
        "deprecated = true]; extensions 100 to 200; } extend M { optional int32 e = 100; }"
    )
    shown = PROTOBUF.render(parsed(text), "ignore_extensions")
    assert "option" not in shown.replace("optional", "")
    assert "ext" not in shown
    assert "[deprecated = true]" in shown
    assert PROTOBUF.render(parsed(text), "unknown") == parsed(text).text


def test_the_outermost_fields() -> None:
    text = f"{message('string a = 1;', 'oneof k { string b = 2; }')} message N {{ M c = 1; }}"
    assert PROTOBUF.top_level(parsed(text)) == {"a", "b", "c"}
