"""Each kind of difference once, its place, and whether it may be."""

from __future__ import annotations

import pytest

from registry.formats.base import Parsed, Source
from registry.formats.protobuf import kinds
from tests.registry.formats.protobuf.helpers import PROTO3, PROTOBUF, found, message, parsed

A = message("string a = 1;")
AB = message("string a = 1;", "string b = 2;")
ONEOF = message("oneof k { string a = 1; string b = 2; }")
TWO = f"{A} message N {{}}"
ENUM = f"{A} enum E {{ Z = 0; Y = 1; }}"


def proto2(*members: str) -> str:
    return f'syntax = "proto2"; message M {{ {" ".join(members)} }}'


# (kind, older = writer, newer = reader, path)
CASES = [
    ("PACKAGE_CHANGED", A, A.replace(";\n", "; package p;\n", 1), "#/"),
    ("MESSAGE_ADDED", A, TWO, "#/N"),
    ("MESSAGE_REMOVED", TWO, A, "#/N"),
    ("MESSAGE_REMOVED", message("message I {}"), message(), "#/M/I"),
    ("MESSAGE_MOVED", TWO, f"{PROTO3} message N {{}} message M {{ string a = 1; }}", "#/M"),
    ("ENUM_ADDED", A, ENUM, "#/E"),
    ("ENUM_REMOVED", ENUM, A, "#/E"),
    ("ENUM_CONST_ADDED", ENUM, ENUM.replace("Y = 1;", "Y = 1; X = 2;"), "#/E/2"),
    ("ENUM_CONST_CHANGED", ENUM, ENUM.replace("Y", "V"), "#/E/1"),
    ("ENUM_CONST_REMOVED", ENUM, ENUM.replace("Y = 1;", ""), "#/E/1"),
    ("FIELD_ADDED", A, AB, "#/M/2"),
    ("FIELD_REMOVED", AB, A, "#/M/2"),
    ("FIELD_NAME_CHANGED", A, message("string c = 1;"), "#/M/1"),
    ("FIELD_KIND_CHANGED", A, message("M a = 1;"), "#/M/1"),
    ("FIELD_KIND_CHANGED", A, message("map<string, string> a = 1;"), "#/M/1"),
    ("FIELD_SCALAR_KIND_CHANGED", A, message("int32 a = 1;"), "#/M/1"),
    ("FIELD_SCALAR_KIND_CHANGED", message("int32 a = 1;"), message("sint32 a = 1;"), "#/M/1"),
    (
        "FIELD_SCALAR_KIND_CHANGED",
        message("map<string, int32> a = 1;"),
        message("map<string, string> a = 1;"),
        "#/M/1",
    ),
    (
        "FIELD_NAMED_TYPE_CHANGED",
        f"{TWO} message F {{ M x = 1; }}",
        f"{TWO} message F {{ N x = 1; }}",
        "#/F/1",
    ),
    (
        "FIELD_NUMERIC_LABEL_CHANGED",
        proto2("optional int32 a = 1;"),
        proto2("repeated int32 a = 1;"),
        "#/M/1",
    ),
    (
        "FIELD_STRING_OR_BYTES_LABEL_CHANGED",
        proto2("optional string a = 1;"),
        proto2("repeated string a = 1;"),
        "#/M/1",
    ),
    ("REQUIRED_FIELD_ADDED", proto2(), proto2("required string a = 1;"), "#/M/1"),
    ("REQUIRED_FIELD_REMOVED", proto2("required string a = 1;"), proto2(), "#/M/1"),
    ("ONEOF_ADDED", A, message("oneof k { string a = 1; }"), "#/M/k"),
    ("ONEOF_REMOVED", ONEOF, AB, "#/M/k"),
    ("ONEOF_FIELD_ADDED", message("oneof k { string a = 1; }"), ONEOF, "#/M/k/2"),
    ("ONEOF_FIELD_REMOVED", ONEOF, message("oneof k { string a = 1; }"), "#/M/k/2"),
    ("ONEOF_FIELD_MOVED_TO_TOP_LEVEL", ONEOF, AB, "#/M/1"),
    ("MULTIPLE_FIELDS_MOVED_TO_ONEOF", AB, ONEOF, "#/M/k"),
    (
        "FIELD_MOVED_TO_EXISTING_ONEOF",
        message("string a = 1;", "oneof k { string b = 2; }"),
        ONEOF,
        "#/M/k",
    ),
]


@pytest.mark.parametrize(("kind", "old", "new", "path"), CASES)
def test_it_is_found_where_it_is(kind: str, old: str, new: str, path: str) -> None:
    assert (kind, path) in found(new, old)


def test_every_kind_has_a_case_and_those_that_count_a_sentence() -> None:
    tried = {kind for kind, *_ in CASES}
    assert tried == kinds.ALLOWED | kinds.SAID.keys()
    for kind in kinds.SAID:
        said = kinds.difference(kind, ("M", "1"))
        assert not said.allowed
        assert "'#/M/1'" in said.said("new", "old")
        assert "{" not in said.in_words("new", "old")


def test_the_sentence_of_the_wire() -> None:
    (difference,) = PROTOBUF.differences(parsed(message("int32 a = 1;")), parsed(A))
    assert difference.said("new", "old") == (
        '{errorType:"FIELD_SCALAR_KIND_CHANGED", description:"The kind of a SCALAR field at path '
        "'#/M/1' in the new schema does not match its kind in the old schema\"}"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (message("int32 a = 1;"), message("bool a = 1;")),
        (ENUM.replace("string a", "E a"), ENUM.replace("string a", "int32 a")),
        (message("string a = 1;"), message("bytes a = 1;")),
        (message("int32 a = 1;"), message("repeated int32 a = 1;")),  # no label on one side
        (message("M a = 1;"), message("repeated M a = 1;")),
        (ONEOF, message("oneof other { string a = 1; string b = 2; }")),
        (ONEOF, message()),
        (A, message("oneof k { string a = 1; string c = 3; }")),
        (ENUM, A),
        (message("reserved 5;"), message()),
        (
            message("map<string, int32> a = 1;"),
            message(
                "message AEntry { option map_entry = true; string key = 1; int32 value = 2; }",
                "repeated AEntry a = 1;",
            ),
        ),
    ],
)
def test_what_reads_the_other(old: str, new: str) -> None:
    assert all(kind in kinds.ALLOWED for kind, _ in found(new, old))


def test_an_imported_message_is_compared_by_content() -> None:
    text = f'{PROTO3}import "o.proto"; message M {{ o.T t = 1; }}'

    def other(type_: str, version: int) -> Source:
        return Source("o.proto", f"{PROTO3}package o; message T {{ {type_} x = 1; }}", "o", version)

    old, same = parsed(text, other("string", 1)), parsed(text, other("bytes", 2))
    other_type = parsed(text, other("int32", 2))
    assert all(d.allowed for d in PROTOBUF.differences(same, old))
    assert [d.kind for d in PROTOBUF.differences(other_type, old)] == [
        "FIELD_SCALAR_KIND_CHANGED",
        "FIELD_NAMED_TYPE_CHANGED",
    ]
    moved = parsed(text.replace("o.T", "T").replace("M {", "T { string x = 1; } message M {"))
    assert [d.kind for d in PROTOBUF.differences(moved, old) if not d.allowed] == []


def test_messages_may_refer_to_each_other_in_a_long_chain() -> None:
    def chain(leaf: str, version: int) -> Parsed:
        links = "".join(f"message M{i} {{ optional M{i + 1} a = 1; }}" for i in range(400))
        text = f"{links} message M400 {{ optional {leaf} a = 1; optional M0 back = 2; }}"
        source = Source("m.proto", text, "m", version)
        main = 'import "m.proto"; message Z { optional M0 a = 1; }'
        return PROTOBUF.parse(main, [source], strict=True)

    found = PROTOBUF.differences(chain("string", 2), chain("int32", 1))
    assert found[0].path == "#/M400/1"
    assert not PROTOBUF.differences(chain("int32", 2), chain("int32", 1))
