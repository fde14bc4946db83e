"""Who can read what whom wrote: the rules of Avro, case by case."""

from __future__ import annotations

import json
import math

import pytest

from tests.registry.formats.avro.helpers import AVRO, enum, fld, found, rec

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


def test_types_met_twice_in_types_met_twice_do_not_multiply_without_end() -> None:
    def doubled(leaf: str) -> object:
        made: object = leaf
        for number in range(40):
            fields = (fld(made, "a"), fld(f"R{number - 1}" if number else leaf, "b"))
            made = rec(*fields, name=f"R{number}")
        return made

    (told,) = found(doubled("int"), doubled("string"))
    assert told.kind == "UNEXPECTED"
    assert found(doubled("int"), doubled("int")) == []


def test_equal_structures_are_one_object_whatever_their_docs() -> None:
    one = AVRO.parse(json.dumps(rec(fld("int"), doc="one")), strict=True)
    two = AVRO.parse(json.dumps(rec(fld("int", doc="other"))), strict=True)
    assert one.node is two.node


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
