"""Small texts that were once answered with another exception than InvalidSchema, with a wrong
schema, or after a very long time."""

from __future__ import annotations

import base64
import json
import tracemalloc
from collections.abc import Callable

import pytest
from google.protobuf import descriptor_pb2

from registry.errors import InvalidSchema
from registry.formats import base
from registry.formats.avro.format import Avro
from registry.formats.base import Source
from registry.formats.json_schema.format import Json
from registry.formats.protobuf.format import Protobuf

AVRO, JSON, PROTOBUF = Avro(), Json(), Protobuf()


def message(name: str) -> str:
    file = descriptor_pb2.FileDescriptorProto(syntax="proto3")
    file.message_type.add(name=name)
    return base64.b64encode(file.SerializeToString()).decode()


def _record(name: str, prefix: str, *types: object) -> dict[str, object]:
    fields = [{"name": f"{prefix}{i}", "type": t} for i, t in enumerate(types or ("int",))]
    return {"type": "record", "name": name, "fields": fields}


REFUSED: dict[str, Callable[[], object]] = {
    "an address that cannot be joined": lambda: JSON.parse('{"$id":"//["}', strict=True),
    "an index of another script": lambda: JSON.parse(
        '{"allOf":[true],"$ref":"#/allOf/²"}', strict=True
    ),
    "an index without end": lambda: JSON.parse(
        '{"allOf":[true],"$ref":"#/allOf/' + "1" * 5000 + '"}', strict=True
    ),
    "an exponent without end": lambda: JSON.parse('{"default":1e9999999999999999999}', strict=True),
    "a large exponent": lambda: JSON.parse('{"enum":[1e9999999]}', strict=True),
    "a long name of a property": lambda: JSON.parse(
        json.dumps({"properties": {"A" * 20_000: {}}}), strict=True
    ),
    "a deep property of Avro": lambda: AVRO.parse(
        '{"type":"string","x":' + "[" * 300 + "]" * 300 + "}", strict=True, normalize=True
    ),
    "a long namespace": lambda: AVRO.parse(
        json.dumps({"type": "fixed", "name": "f", "size": 1, "namespace": "a" * 20_000}),
        strict=True,
    ),
    "a long name": lambda: AVRO.parse(
        json.dumps({"type": "record", "name": "R", "fields": [{"name": "f" * 20_000}]}),
        strict=False,
    ),
    "half of a surrogate pair": lambda: PROTOBUF.parse(
        'syntax="proto3";message M { int32 a = 1 [json_name="\ud800"]; }', strict=True
    ),
    "a number with a stroke": lambda: PROTOBUF.parse(
        'syntax="proto3"; message M { int32 a = 1_0; }', strict=True
    ),
    "a long word": lambda: PROTOBUF.parse(f"message {'A' * 20_000} {{}}", strict=True),
    "a descriptor whose name is no text": lambda: PROTOBUF.parse(
        base64.b64encode(b"\x22\x03\x0a\x01\xff").decode(), strict=True
    ),
    "a descriptor whose name is a whole message": lambda: PROTOBUF.parse(
        message("A {}\nmessage B"), strict=True
    ),
    "a descriptor that declares a name twice": lambda: PROTOBUF.parse(
        base64.b64encode(b"\x22\x03\x0a\x01A" * 2).decode(), strict=True
    ),
    "a package of many parts": lambda: PROTOBUF.parse(
        f'syntax="proto3"; package {".".join("a" * 400)};', strict=True
    ),
    "a name that is long in full": lambda: PROTOBUF.parse(
        "".join(f"message {'N' * 90}{i} {{" for i in range(20)) + "}" * 20, strict=True
    ),
    "many lines in many messages": lambda: PROTOBUF.parse(
        "message M { " * 90 + "".join(f"int32 f{i}={i};" for i in range(1, 30_000)) + "}" * 90,
        strict=True,
    ),
    "an address without end": lambda: JSON.parse(
        json.dumps({"$id": "http://h/" + "x/" * 200_000, "not": {"$id": "../y"}}), strict=True
    ),
    "half of a surrogate pair of JSON": lambda: JSON.parse(
        r'{"type":"string","title":"\ud800"}', strict=True
    ),
    "a character that no database holds": lambda: PROTOBUF.parse(
        r'syntax="proto2"; option java_package="\000"; message M {}', strict=True
    ),
    "a default that is not read again": lambda: PROTOBUF.parse(
        r'syntax="proto2"; message M { optional bytes a = 1 [default="\377"]; }', strict=True
    ),
    "a path of an option without end": lambda: PROTOBUF.parse(
        f'syntax="proto3"; message M {{ option (x){".a" * 300}.r = {{}}; }}', strict=True
    ),
    "a map that holds its own entry": lambda: PROTOBUF.parse(
        """syntax="proto3"; message M { repeated .M.AEntry a = 1;
        message AEntry { option map_entry = true; string key = 1; .M.AEntry value = 2; } }""",
        strict=True,
    ),
    "a quote in a reserved name": lambda: PROTOBUF.parse(
        r'syntax="proto3"; message M { reserved "a\"b"; }', strict=True
    ),
    "a quote in an import": lambda: PROTOBUF.parse(r'import "a\"b";', strict=True),
    "a descriptor that says what no file can": lambda: PROTOBUF.parse(
        base64.b64encode(
            descriptor_pb2.FileDescriptorProto(package="a b;").SerializeToString()
        ).decode(),
        strict=True,
    ),
    "a descriptor that is too long": lambda: PROTOBUF.parse(
        base64.b64encode(b"\x22\x03\x0a\x01A" + b"\x62\x06proto3" * 200_000).decode(), strict=True
    ),
    "addresses that go up without end": lambda: JSON.parse(
        json.dumps({"$id": "http://h/" + "../" * 1_300, "not": {"$id": "x"}}), strict=True
    ),
    "a descriptor of too many parts": lambda: PROTOBUF.parse(
        base64.b64encode(b"\x22\x00" * 100_000).decode(), strict=True
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_in_words(what: str) -> None:
    with pytest.raises(InvalidSchema):
        REFUSED[what]()


def test_schemas_that_hold_themselves_are_told_in_few_words() -> None:
    for text in ('{"type":"array","items":{"$ref":"#"}}', '{"not":{"$ref":"#"}}'):
        assert JSON.contents(JSON.parse(text, strict=True))


def test_numbers_are_told_apart_to_their_last_digit() -> None:
    one, other = (
        JSON.parse(f'{{"enum":[1000000000000000000000000000000{n}]}}', strict=True) for n in "12"
    )
    assert JSON.differences(one, other)
    few, many = (JSON.parse(f'{{"enum":[1,2,3,4,5,6,7,{n}]}}', strict=True) for n in "89")
    assert JSON.changes(few, many)


def test_numbers_of_options_may_be_long() -> None:
    number = "1" + "0" * 28
    text = f'syntax="proto2"; option java_x = {number};'
    assert number in PROTOBUF.parse(text, strict=True, normalize=True).text


def test_the_last_number_may_be_reserved() -> None:
    text = 'syntax="proto3";message M { reserved 2147483647; }'
    assert PROTOBUF.render(PROTOBUF.parse(text, strict=True), "serialized")


def test_a_text_that_looks_like_a_mark_stays_what_it_is() -> None:
    given = {"type": "string", "a": "\x000\x00", "b": "\x000", "x": 1e10}
    text = AVRO.parse(json.dumps(given), strict=True).text
    assert json.loads(text) == given
    assert '"x":1.0E10' in text


def test_paths_are_not_told_without_end() -> None:
    """Ten thousand differences below names that fill half of the text."""

    def deep(leaf: str) -> base.Parsed:
        schema: object = {"properties": {f"p{i}": {"type": leaf} for i in range(10_000)}}
        for i in range(50):
            schema = {"properties": {f"{i}" + "n" * 9_000: schema}}
        return JSON.parse(json.dumps(schema), strict=True)

    text, number = deep("string"), deep("integer")
    assert [d.kind for d in JSON.differences(number, text)] == ["UNEXPECTED"]
    rows = JSON.changes(text, number)
    assert len(rows) > 9_000
    assert max(len(row.path) for row in rows) < 2_000


def test_a_place_is_not_kept_with_every_reference() -> None:
    """Ten thousand of them below names that fill half of the text: once they took gigabytes."""
    schema: dict[str, object] = {
        "properties": {f"a{i}": {"$ref": "#/definitions/a"} for i in range(10_000)}
    }
    for i in range(48):
        schema = {"properties": {"n" * 9_000 + str(i): schema}}
    tracemalloc.start()
    JSON.parse(json.dumps({**schema, "definitions": {"a": {}}}), strict=True)
    assert tracemalloc.get_traced_memory()[1] < 2**28
    tracemalloc.stop()


def test_symbols_are_not_told_without_end() -> None:
    symbols = ["S" * 950 + str(i) for i in range(800)]
    wide: object = {"type": "enum", "name": "E", "symbols": symbols}
    writer, reader = (
        AVRO.parse(json.dumps(_record("R", "f", *types)), strict=True)
        for types in (
            [wide, *["E"] * 999],
            [{"type": "enum", "name": f"n{i}.E", "symbols": ["A"]} for i in range(1_000)],
        )
    )
    assert [d.kind for d in AVRO.differences(reader, writer)] == ["UNEXPECTED"]


def test_messages_may_nest_where_they_refer_to_others_that_do() -> None:
    """Ninety levels in each of nine files: far more than the interpreter's stack holds."""

    def file(index: int, leaf: str) -> str:
        inner = f"p{index + 1}.A f=1;" if index < 8 else f"{leaf} f=1;"
        names = ("A", *(f"N{i}" for i in range(89)))
        nested = "".join(f"message {name} {{" for name in names)
        return f'syntax="proto3"; package p{index}; {nested}{inner}{"}" * 90}'

    def schema(version: int, leaf: str) -> base.Parsed:
        sources = [Source(f"r{i}", file(i, leaf), f"s{i}", version) for i in range(8, 0, -1)]
        return PROTOBUF.parse(file(0, leaf), sources, strict=True)

    text, number = schema(1, "string"), schema(2, "int32")
    assert {d.kind for d in PROTOBUF.differences(text, number)} == {
        "FIELD_SCALAR_KIND_CHANGED",
        "FIELD_NAMED_TYPE_CHANGED",
    }
    assert any("BACKWARD" in row.breaks for row in PROTOBUF.changes(number, text))


def test_whatever_stands_in_the_way_is_told_as_a_change() -> None:
    """Beyond the branches that are shown, within alternatives, within what is imported."""
    fixed = [{"type": "fixed", "name": f"F{i}", "size": 1} for i in range(24)]
    old, new = (
        AVRO.parse(json.dumps(_record("R", "f", [*fixed, last])), strict=True)
        for last in ("string", "int")
    )
    assert any("BACKWARD" in row.breaks for row in AVRO.changes(old, new))
    moved = [
        AVRO.parse(
            json.dumps(_record("R", "f", *(_record(f"{space}.X", space) for space in spaces))),
            strict=True,
        )
        for spaces in ("nm", "mn")
    ]
    assert any("BACKWARD" in row.breaks for row in AVRO.changes(*moved))
    within = [
        JSON.parse(
            json.dumps({"oneOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"not": {"type": t}}}}),
            strict=True,
        )
        for t in ("string", "integer")
    ]
    (row,) = JSON.changes(*within)
    assert "BACKWARD" in row.breaks


SLOW: dict[str, Callable[[], object]] = {
    "many numbers": lambda: AVRO.parse(
        '{"type":"string","x":[' + ",".join(["1e9"] * 150_000) + "]}", strict=True
    ),
    "unions of one name": lambda: AVRO.changes(
        *(
            AVRO.parse(json.dumps([_record(f"n{i}.R", p) for i in range(5_000)]), strict=True)
            for p in "ab"
        )
    ),
    "unions of enumerations": lambda: AVRO.changes(
        *(
            AVRO.parse(
                json.dumps(
                    [
                        {
                            "type": "enum",
                            "name": f"n{i}.E",
                            "symbols": [f"{p}{j}" for j in range(99)],
                        }
                        for i in range(350)
                    ]
                ),
                strict=True,
            )
            for p in "ab"
        )
    ),
    "one type at many fields": lambda: AVRO.changes(
        *(
            AVRO.parse(
                json.dumps(_record("R", "f", _record("I", p, *["int"] * 4_000), *[union] * 4_000)),
                strict=True,
            )
            for p, union in (("a", ["null", "I"]), ("b", ["I", "null"]))
        )
    ),
    "expressions and names": lambda: JSON.changes(
        *(
            JSON.parse(
                json.dumps(
                    {
                        word: {f"{i}[ab]{{9}}": {} for i in range(3_000)},
                        "additionalProperties": False,
                    }
                ),
                strict=True,
            )
            for word in ("patternProperties", "properties")
        )
    ),
    "expressions that compile to much": lambda: JSON.parse(
        json.dumps({"allOf": [{"pattern": r"a++\p{L}{500}" + str(i)} for i in range(2_000)]}),
        strict=True,
    ),
    "one large value at many places": lambda: JSON.changes(
        *(
            JSON.parse(
                json.dumps(
                    {
                        "definitions": {"d": {"type": "object", "default": list(range(20_000))}},
                        "properties": {
                            f"p{i}": {"type": t} if t else {"$ref": "#/definitions/d"}
                            for i in range(5_000)
                        },
                    }
                ),
                strict=True,
            )
            for t in ("object", "")
        )
    ),
    "many names on one shelf": lambda: JSON.parse(
        json.dumps(
            {
                "$defs": {f"d{i}": {} for i in range(9_000)},
                "properties": {f"p{i}": {"$ref": f"#/$defs/d{i}"} for i in range(9_000)},
            }
        ),
        strict=True,
    ),
    "a message told at every field": lambda: PROTOBUF.changes(
        *(
            PROTOBUF.parse(
                'syntax="proto3"; import "m"; message Z {'
                + "".join(f"M f{i}={i};" for i in range(1, 2_000))
                + "}",
                (
                    Source(
                        "m",
                        "message M {"
                        + "".join(f"optional {t} f{i}={i};" for i in range(1, 2_000))
                        + "}",
                        "m",
                        version,
                    ),
                ),
                strict=True,
            )
            for version, t in enumerate(("int32", "string"), 1)
        )
    ),
    "groups and references to them": lambda: JSON.parse(
        json.dumps({"allOf": [{"pattern": r"\k<a>" * 15_000 + "(?<a>x)"}] * 8}), strict=True
    ),
    "characters that marks are made of": lambda: AVRO.parse(
        json.dumps(
            {
                **_record("R", "f"),
                "doc": "\0" * 80_000,
                "fields": [{"name": "a", "type": "double", "default": 1e300}],
            }
        ),
        strict=True,
    ),
    "many symbols": lambda: AVRO.changes(
        *(
            AVRO.parse(
                json.dumps(
                    {"type": "enum", "name": "e", "symbols": [f"{p}{i}" for i in range(39_000)]}
                ),
                strict=True,
            )
            for p in "ab"
        )
    ),
    "comments without end": lambda: PROTOBUF.names("/* " * 60_000),
    "strings without end": lambda: PROTOBUF.names('"\\' * 60_000),
    "many values of one option": lambda: PROTOBUF.parse(
        'syntax="proto2";option (a) = {' + " ".join(f"r: {i}," for i in range(50_000)) + "};",
        strict=True,
    ),
    "many public imports": lambda: PROTOBUF.render(
        PROTOBUF.parse(
            'syntax="proto3";' + "".join(f'import public "{i}";' for i in range(30_000)),
            strict=False,
        ),
        "serialized",
    ),
}


@pytest.mark.timeout(120)  # once they took many minutes
@pytest.mark.parametrize("what", SLOW)
def test_it_ends(what: str) -> None:
    SLOW[what]()
