"""Who can read what whom wrote: the rules of Avro, case by case, then as a property."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.formats.avro.format import Avro
from registry.formats.base import Difference

AVRO = Avro()


def found(reader: object, writer: object) -> list[Difference]:
    one, two = (AVRO.parse(json.dumps(schema), strict=True) for schema in (reader, writer))
    return AVRO.differences(one, two)


def rec(*fields: dict[str, object], name: str = "R", **extra: object) -> dict[str, object]:
    return {"type": "record", "name": name, "fields": list(fields), **extra}


def fld(type_: object, name: str = "f", **extra: object) -> dict[str, object]:
    return {"name": name, "type": type_, **extra}


def enum(*symbols: str, name: str = "E", **extra: object) -> dict[str, object]:
    return {"type": "enum", "name": name, "symbols": list(symbols), **extra}


FINE = [
    ("same", "string", "string"),
    ("int to long", "long", "int"),
    ("int to double", "double", "int"),
    ("long to float", "float", "long"),
    ("float to double", "double", "float"),
    ("bytes read as string", "string", "bytes"),
    ("string read as bytes", "bytes", "string"),
    ("wrapped in a union", ["null", "int"], "int"),
    ("promoted branch of a union", ["null", "double"], "int"),
    ("branch added", ["null", "int", "string"], ["int", "null"]),
    ("union of one", "int", ["int"]),
    ("field removed", rec(), rec(fld("int"))),
    ("field added with default", rec(fld("int", default=0)), rec()),
    ("field added with null default", rec(fld(["null", "int"], default=None)), rec()),
    ("default of the writer is no matter", rec(fld("int")), rec(fld("int", default=1))),
    ("order of fields", rec(fld("int"), fld("int", "g")), rec(fld("int", "g"), fld("int"))),
    ("field alias", rec(fld("int", "g", aliases=["f"])), rec(fld("int"))),
    ("other namespace", rec(name="a.R"), rec(name="b.R")),
    ("record alias", rec(name="a.N", aliases=["O"]), rec(name="a.O")),
    ("record alias with namespace", rec(name="a.N", aliases=["b.O"]), rec(name="b.O")),
    ("enum symbol added", enum("A", "B"), enum("A")),
    ("enum default", enum("A", default="A"), enum("A", "B")),
    ("enum order", enum("A", "B"), enum("B", "A")),
    ("docs", rec(fld("int", doc="d"), doc="e"), rec(fld("int"))),
    ("logical types", {"type": "int", "logicalType": "date"}, "int"),
    ("array items promoted", {"type": "array", "items": "long"}, {"type": "array", "items": "int"}),
    ("map values promoted", {"type": "map", "values": "long"}, {"type": "map", "values": "int"}),
    ("recursive", rec(fld(["null", "R"])), rec(fld(["null", "R"]))),
    (
        "recursive with more",
        rec(fld(["null", "R"]), fld("int", "g", default=1)),
        rec(fld(["null", "R"])),
    ),
]


@pytest.mark.parametrize(
    ("what", "reader", "writer"), FINE, ids=lambda v: v if isinstance(v, str) else ""
)
def test_reads(what: str, reader: object, writer: object) -> None:
    assert found(reader, writer) == []


BROKEN = [
    ("string", "int", "TYPE_MISMATCH", "/"),
    ("int", "long", "TYPE_MISMATCH", "/"),
    ("string", ["null", "string"], "TYPE_MISMATCH", "/0"),
    (["null", "int"], "string", "MISSING_UNION_BRANCH", "/"),
    (["null", "int"], ["null", "string"], "MISSING_UNION_BRANCH", "/1"),
    (rec(fld("int")), rec(), "READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/0"),
    (rec(fld("int")), rec(fld("string")), "TYPE_MISMATCH", "/fields/0/type"),
    (
        rec(fld({"type": "array", "items": "int"})),
        rec(fld({"type": "array", "items": "string"})),
        "TYPE_MISMATCH",
        "/fields/0/type/items",
    ),
    (
        rec(fld({"type": "map", "values": "int"})),
        rec(fld({"type": "map", "values": "string"})),
        "TYPE_MISMATCH",
        "/fields/0/type/values",
    ),
    (rec(name="N"), rec(name="O"), "NAME_MISMATCH", "/name"),
    (rec(name="a.N", aliases=["O"]), rec(name="b.O"), "NAME_MISMATCH", "/name"),
    (rec(name="O"), rec(name="N", aliases=["O"]), "NAME_MISMATCH", "/name"),
    (enum("A"), enum("A", "C", "B"), "MISSING_ENUM_SYMBOLS", "/symbols"),
    (enum("A", name="N"), enum("A", name="O"), "NAME_MISMATCH", "/name"),
    (
        {"type": "fixed", "name": "F", "size": 4},
        {"type": "fixed", "name": "F", "size": 8},
        "FIXED_SIZE_MISMATCH",
        "/size",
    ),
    # A field of an enum with a default of its own is still missing one.
    (rec(fld(enum("A", default="A"))), rec(), "TYPE_MISMATCH", "/fields/0/type"),
]


@pytest.mark.parametrize(("reader", "writer", "kind", "path"), BROKEN)
def test_does_not_read(reader: object, writer: object, kind: str, path: str) -> None:
    (difference,) = found(reader, writer)
    assert (difference.kind, difference.path) == (kind, path)
    assert difference.said("new", "old").startswith(f"{{errorType:'{kind}', description:'")


def test_all_differences_are_listed_in_the_order_of_the_reader() -> None:
    reader = rec(fld("int", "a"), fld("string", "b"), fld(enum("A"), "c"))
    writer = rec(fld("string", "a"), fld(enum("A", "B"), "c"))
    assert [d.kind for d in found(reader, writer)] == [
        "TYPE_MISMATCH",
        "READER_FIELD_MISSING_DEFAULT_VALUE",
        "MISSING_ENUM_SYMBOLS",
    ]


def test_messages_are_those_of_the_wire() -> None:
    (difference,) = found(rec(fld("int", "amount")), rec())
    assert difference.said("new", "old") == (
        "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'amount' at path "
        "'/fields/0' in the new schema has no default value and is missing in the old schema', "
        "additionalInfo:'amount'}"
    )
    assert "field 'amount' of R" in difference.in_words("new", "old")
    (other,) = found(rec(fld("int", "amount")), rec(fld("string", "amount")))
    assert other.said("old", "new") == (
        "{errorType:'TYPE_MISMATCH', description:'The type (path '/fields/0/type') of a field in "
        "the old schema does not match with the new schema', additionalInfo:'reader type: INT not "
        "compatible with writer type: STRING'}"
    )
    assert "field 'amount' of R" in other.in_words("new", "old")


def test_a_field_that_matches_two_is_said_so() -> None:
    both = rec(fld("int", "a"), fld("int", "b"))
    (difference,) = found(rec(fld("int", "a", aliases=["b"])), both)
    assert difference.said("new", "old").startswith("Unexpected exception during compatibility")
    # Even a schema that did not change cannot read itself then.
    same = rec(fld("int", "a", aliases=["b"]), fld("int", "b"))
    assert found(same, same)


def test_only_the_branch_is_reported_of_a_union() -> None:
    reader = rec(fld(["null", rec(fld("int"), name="X")]))
    writer = rec(fld(["null", rec(fld("string"), name="X")]))
    assert [(d.kind, d.path) for d in found(reader, writer)] == [
        ("MISSING_UNION_BRANCH", "/fields/0/type/1")
    ]


def test_a_named_type_met_again_repeats_its_differences() -> None:
    def pair(symbols: list[str]) -> dict[str, object]:
        return rec(fld(enum(*symbols), "a"), fld("E", "b"))

    paths = [d.path for d in found(pair(["A"]), pair(["A", "B"]))]
    assert paths == ["/fields/0/type/symbols", "/fields/0/type/symbols"]


def test_equal_structures_are_one_object_whatever_their_docs() -> None:
    one = AVRO.parse(json.dumps(rec(fld("int"), doc="one")), strict=True)
    two = AVRO.parse(json.dumps(rec(fld("int", doc="other"))), strict=True)
    assert one.node is two.node


# --- Properties ---------------------------------------------------------------------------------

PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
NAMES = st.sampled_from(["a", "b", "c", "d"])


@st.composite
def types(draw: st.DrawFn, depth: int = 2, named: list[str] | None = None) -> Any:
    """A type; named ones get names that are used once each, so that every text is valid."""
    named = named if named is not None else []
    kinds = ["primitive"] * 3 + (
        ["array", "map", "union", "record", "enum", "fixed"] if depth else []
    )
    match draw(st.sampled_from(kinds)):
        case "array":
            return {"type": "array", "items": draw(types(depth - 1, named))}
        case "map":
            return {"type": "map", "values": draw(types(depth - 1, named))}
        case "union":
            return draw(st.lists(st.sampled_from(PRIMITIVES), min_size=1, max_size=4, unique=True))
        case "record":
            return draw(records(depth - 1, named))
        case "enum":
            symbols = draw(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=4, unique=True))
            named.append("E")
            extra = {"default": symbols[0]} if draw(st.booleans()) else {}
            return enum(*symbols, name=f"E{len(named)}", **extra)
        case "fixed":
            named.append("F")
            return {"type": "fixed", "name": f"F{len(named)}", "size": draw(st.integers(1, 3))}
    return draw(st.sampled_from(PRIMITIVES))


@st.composite
def records(draw: st.DrawFn, depth: int = 2, named: list[str] | None = None) -> Any:
    named = named if named is not None else []
    named.append("R")
    name = f"R{len(named)}"
    fields = []
    for field in draw(st.lists(NAMES, max_size=4, unique=True)):
        type_ = draw(types(depth, named))
        default = default_of(type_)
        extra = {"default": default[0]} if default and draw(st.booleans()) else {}
        fields.append(fld(type_, field, **extra))
    return rec(*fields, name=name)


def default_of(type_: Any) -> tuple[object] | None:
    """Some default of a type, in the way JSON writes it, where it is easy to say."""
    simple = {
        "null": None,
        "boolean": False,
        "int": 1,
        "long": 2,
        "float": 0.5,
        "double": 1.5,
        "bytes": "x",
        "string": "y",
    }
    if isinstance(type_, list):
        return default_of(type_[0])
    if isinstance(type_, str):
        return (simple[type_],)
    return {"array": ([],), "map": ({},), "enum": (type_.get("symbols", [""])[0],)}.get(
        type_["type"]
    )


@st.composite
def evolved(draw: st.DrawFn, schema: Any) -> Any:
    """Another version: fields dropped, added, retyped; symbols and branches added or lost."""
    if isinstance(schema, str):
        if draw(st.integers(0, 5)):
            return schema
        return draw(
            st.sampled_from([*PRIMITIVES, ["null", schema] if schema != "null" else "null"])
        )
    if isinstance(schema, list):
        branches = draw(st.permutations(schema))[: draw(st.integers(1, len(schema)))]
        added = draw(st.sampled_from(PRIMITIVES))
        return [*branches, *([added] if added not in branches and draw(st.booleans()) else [])]
    match schema["type"]:
        case "array":
            return {"type": "array", "items": draw(evolved(schema["items"]))}
        case "map":
            return {"type": "map", "values": draw(evolved(schema["values"]))}
        case "enum":
            symbols = draw(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=4, unique=True))
            changed = {**schema, "symbols": symbols}
            if "default" in changed:
                changed["default"] = symbols[0]
            return changed if draw(st.booleans()) else schema
        case "record":
            kept = [
                {**field, "type": draw(evolved(field["type"]))}
                for field in schema["fields"]
                if draw(st.integers(0, 4))
            ]
            for field in kept:
                field.pop("default", None)
                default = default_of(field["type"])
                if default and draw(st.booleans()):
                    field["default"] = default[0]
            if draw(st.booleans()):
                kept.append(fld("int", "z", **({"default": 3} if draw(st.booleans()) else {})))
            return {**schema, "fields": draw(st.permutations(kept))}
    return schema


@st.composite
def data(draw: st.DrawFn, schema: Any) -> Any:
    """A value of a schema, as fastavro writes it."""
    if isinstance(schema, list):
        return draw(data(draw(st.sampled_from(schema))))
    if isinstance(schema, str):
        return draw(
            {
                "null": st.none(),
                "boolean": st.booleans(),
                "int": st.integers(-9, 9),
                "long": st.integers(-(2**40), 2**40),
                "float": st.integers(-8, 8).map(float),
                "double": st.integers(-8, 8).map(float),
                "bytes": st.sampled_from([b"", b"ab"]),
                "string": st.sampled_from(["", "ab"]),
            }[schema]
        )
    match schema["type"]:
        case "array":
            return [draw(data(schema["items"])) for _ in range(draw(st.integers(1, 2)))]
        case "map":
            return {"k": draw(data(schema["values"]))}
        case "enum":
            return draw(st.sampled_from(schema["symbols"]))
        case "fixed":
            return b"x" * schema["size"]
    return {field["name"]: draw(data(field["type"])) for field in schema["fields"]}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_what_is_called_compatible_is_read(source: st.DataObject) -> None:
    writer = source.draw(types())
    reader = source.draw(evolved(writer))
    if found(reader, writer):
        return
    value = source.draw(data(writer))
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(writer), value)
    buffer.seek(0)
    fastavro.schemaless_reader(buffer, fastavro.parse_schema(writer), fastavro.parse_schema(reader))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(types())
def test_every_schema_reads_itself_and_its_canonical_text_is_stable(schema: Any) -> None:
    parsed = AVRO.parse(json.dumps(schema), strict=True)
    again = AVRO.parse(parsed.text, strict=True)
    assert again.text == parsed.text
    assert again.likeness == parsed.likeness
    assert AVRO.differences(parsed, again) == []


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_normalizing_is_stable_and_changes_no_verdict(source: st.DataObject) -> None:
    writer = source.draw(types())
    reader = source.draw(evolved(writer))
    plain = [AVRO.parse(json.dumps(s), strict=True) for s in (reader, writer)]
    normal = [AVRO.parse(json.dumps(s), strict=True, normalize=True) for s in (reader, writer)]
    assert AVRO.parse(normal[0].text, strict=True, normalize=True).text == normal[0].text
    assert AVRO.differences(plain[0], plain[1]) == AVRO.differences(normal[0], normal[1])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_changes_by_meaning_tell_breaking_ones_from_harmless_ones(source: st.DataObject) -> None:
    old_schema = source.draw(records())
    new_schema = source.draw(evolved(old_schema))
    old, new = (AVRO.parse(json.dumps(s), strict=True) for s in (old_schema, new_schema))
    changes = AVRO.changes(old, new)
    if AVRO.differences(new, old):
        assert any("BACKWARD" in change.breaks for change in changes)
    if AVRO.differences(old, new):
        assert any("FORWARD" in change.breaks for change in changes)
    if old.text == new.text:
        assert changes == []


def test_numbers_are_written_as_java_writes_them() -> None:
    cases = {
        1e7: "1.0E7",
        1.25e-4: "1.25E-4",
        1e300: "1.0E300",
        0.001: "0.001",
        9999999.5: "9999999.5",
    }
    for value, text in cases.items():
        schema = json.dumps(rec(fld("double", default=value)))
        assert f'"default":{text}' in AVRO.parse(schema, strict=True).text
        assert math.isclose(json.loads(text), value)
