"""Texts of schemas that programs seldom write and people do: forms of numbers, comments, odd names.

(type, whether normalized, text); what the reference makes of them is in `verdicts/scripts.jsonl`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Case = tuple[str, bool, str]

LOGICAL = (
    *("decimal", "big-decimal", "uuid", "date", "time-millis", "time-micros", "timestamp-millis"),
    *("timestamp-nanos", "local-timestamp-micros", "duration", "other"),
)
DECIMALS: tuple[tuple[Any, Any], ...] = (
    *((4, 5), (0, 0), ("4", 1), (4, -1), (4, "1"), (4, 0), (None, 0), (38, 9), (1, 1), (4.0, 1)),
)
NUMBERS = (1, 0, -1, 10_000_000, 16_777_217, 0.1, 1e-5, 1e10, 1.10, 0.30000001192092896, 33_554_433)
WRITTEN = (
    *("INF", "inf", "nan", "NaN", "NaNd", "Infinity", "-Infinity", "1d", "1f", "1.5D", ".5f"),
    *("0x1p3", "0x1.8p1", "0x1", " 1 ", "1e3", "1.", "+1", "--1", "1_0", "1e", "", "١", "\u00a01"),
)
COMMENTED = (
    '/* c */ {"type":"string"}',
    '// c\n"int"',
    '{"type":"string" /* x */}',
    '"int" // end',
    '"int" /* end',
    '/* c *//* d */"int"',
    '{"type":/* "x" */"string"}',
    '{"type":"string","doc":"// no /* comment */"}',
    '{"type":"str/* */ing"}',
    '/*/ "int"',
    '/** x **/"int"',
    '/ "int"',
    '[/* a */"null",// b\n"int"]',
    '# c\n"int"',
    '{"type":"string",}',
    "{'type':'string'}",
    '"int" "long"',
    '{"type":"string","a":1,"a":2}',
)
WORDS = (
    *("reserved", "extensions", "extend", "optional", "required", "repeated", "message", "enum"),
    *("oneof", "service", "option", "map", "rpc", "import", "syntax", "package", "stream", "to"),
)
ESCAPES = (r"a\xWb", r"a\x", r"a\x1", r"a\X41b", r"a\9", r"a\400", r"a\q")
OPTIONS = (
    'message M { optional string a = 1 [default="b", deprecated=true]; }',
    'syntax = "proto3"; message M { string a = 1 [ccc=1, json_name="q", zz=1]; }',
    'syntax = "proto3"; import "google/protobuf/descriptor.proto";'
    "extend google.protobuf.FieldOptions { optional int32 b = 50001; optional int32 zz = 50002; }"
    'message M { string a = 1 [(zz)=1, json_name="q", (b)=1]; }',
)


def cases() -> Iterator[Case]:
    for tree in (*_logical(), *_defaults()):
        yield "AVRO", True, json.dumps(tree)
    for text in COMMENTED:
        yield "AVRO", False, text
    for text in _protobuf():
        yield "PROTOBUF", False, text
    for text in OPTIONS:
        for normalize in (False, True):
            yield "PROTOBUF", normalize, text
    for text in ('{"$schema":5}', '{"$schema":null}', '{"a":1,"a":2}', '{"const":1.10}'):
        yield "JSON", False, text


def _logical() -> Iterator[Any]:
    more = {"zz": 1, "aa": 1, "precision": 4, "scale": 2}
    for name in LOGICAL:
        for base in ("int", "long", "string", "bytes", "double"):
            yield {"type": base, "logicalType": name, **more}
        for size in (2, 12, 16):
            fixed = {"type": "fixed", "name": "F", "doc": "d", "size": size}
            yield {**fixed, "logicalType": name, **more, "precision": 2 * size, "scale": 0}
    for precision, scale in DECIMALS:
        given = {"precision": precision, "scale": scale}
        yield {"type": "bytes", "logicalType": "decimal", **given, "aa": 1, "zz": 2}


def _defaults() -> Iterator[Any]:
    for type_ in ("double", "float"):
        yield from (_with_default(type_, number) for number in (*NUMBERS, *WRITTEN))
        yield _with_default({"type": "array", "items": type_}, [1, 2.5, 1e9])
        yield _with_default({"type": "map", "values": type_}, {"b": 1, "a": 16_777_217})
        yield _with_default([type_, "null"], 1)
        yield _with_default({"type": type_, "x": 1}, 3)
        fields = [{"name": "q", "type": type_}, {"name": "b", "type": "int"}]
        yield _with_default({"type": "record", "name": "Q", "fields": fields}, {"b": 1, "q": 2})
    yield _with_default("long", 5_000_000_000)
    yield _with_default("bytes", "\u00ff")
    yield _with_default(["null", "double"], None)


def _with_default(type_: Any, value: Any) -> Any:
    field = {"name": "a", "type": type_, "default": value}
    return {"type": "record", "name": "R", "fields": [field]}


def _protobuf() -> Iterator[str]:
    three = 'syntax = "proto3"; '
    for label in ("repeated", "optional", "required"):
        yield f"message H {{ {label} map<string,string> a = 1; }}"
        yield f"{three}message M {{ oneof o {{ {label} string a = 1; }} }}"
    for word in WORDS:
        named = f"{three}message {word} {{ string a = 1; }} "
        yield f"{named}message M {{ {word} x = 1; }}"
        yield f"{named}message M {{ oneof o {{ {word} y = 2; }} }}"
        yield f"message {word} {{ optional {word} {word} = 1; }}"
        yield f"{three}message M {{ enum E {{ {word} = 0; }} E e = 1; }}"
    for escape in ESCAPES:
        yield f'message M {{ optional string a = 1 [default="{escape}"]; }}'
