"""What holds for every schema: drawn at random, judged by the library that readers use."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.registry.formats.avro.helpers import AVRO, enum, fld, found, rec

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
    if "name" in schema and not draw(st.integers(0, 6)):
        schema = {**schema, "name": f"{schema['name']}x"}
        if draw(st.booleans()):
            schema["aliases"] = [schema["name"][:-1]]
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
        case "fixed":
            return {**schema, "size": draw(st.integers(1, 3))}
    return schema


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_it_is_called_compatible_exactly_where_fastavro_reads_it(source: st.DataObject) -> None:
    """Values that show every branch, symbol and field: all are read, or something is in the way."""
    writer = source.draw(types())
    reader = source.draw(evolved(writer))
    unread = [value for value in covering(writer) if not is_read(value, writer, reader)]
    assert bool(unread) == bool(found(reader, writer))


def passed_on(value: Any, writer: Any, reader: Any) -> Any:
    """A value written with one schema and read with another."""
    buffer = io.BytesIO()
    written, wanted = fastavro.parse_schema(writer), fastavro.parse_schema(reader)
    fastavro.schemaless_writer(buffer, written, value)
    buffer.seek(0)
    return fastavro.schemaless_reader(buffer, written, wanted)


def is_read(value: Any, writer: Any, reader: Any) -> bool:
    try:
        passed_on(value, writer, reader)
    except (fastavro.read.SchemaResolutionError, ValueError, TypeError, KeyError):
        return False
    return True


def covering(schema: Any) -> list[Any]:
    """Values that between them show every branch, symbol and field of a schema."""
    if isinstance(schema, list):
        return [value for branch in schema for value in covering(branch)]
    if isinstance(schema, str):
        return [SAMPLES[schema]]
    match schema["type"]:
        case "array":
            return [[value] for value in covering(schema["items"])]
        case "map":
            return [{"k": value} for value in covering(schema["values"])]
        case "enum":
            return list(schema["symbols"])
        case "fixed":
            return [b"x" * schema["size"]]
    each = {field["name"]: covering(field["type"]) for field in schema["fields"]}
    first = {name: values[0] for name, values in each.items()}
    return [first, *({**first, name: v} for name, values in each.items() for v in values[1:])]


SAMPLES: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "int": 3,
    "long": 2**40,
    "float": 0.5,
    "double": 1e300,
    "bytes": b"ab",
    "string": "words",
}


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
