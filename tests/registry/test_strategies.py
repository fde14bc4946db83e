"""Names of subjects, read back to the strategy that made them."""

from __future__ import annotations

import json

import pytest

from registry.formats import base
from registry.strategies import Naming, Strategy, naming

ORDER = "com.acme.Order"


@pytest.mark.parametrize(
    ("subject", "records", "expected"),
    [
        ("orders-value", [ORDER], Naming(Strategy.TOPIC, "orders", "value")),
        ("orders-key", [], Naming(Strategy.TOPIC, "orders", "key")),
        ("a-key-value", [], Naming(Strategy.TOPIC, "a-key", "value")),
        ("orders-value", ["orders-value"], Naming(Strategy.TOPIC, "orders", "value")),
        (ORDER, [ORDER], Naming(Strategy.RECORD, record=ORDER)),
        ("orders-" + ORDER, [ORDER], Naming(Strategy.TOPIC_RECORD, "orders", record=ORDER)),
        ("orders-Line", ["Order", "Line"], Naming(Strategy.TOPIC_RECORD, "orders", record="Line")),
        ("orders-" + ORDER, ["com.acme.Other"], None),
        ("orders", [ORDER], None),
        ("-value", [], None),
        ("-" + ORDER, [ORDER], None),
        ("", [], None),
    ],
)
def test_a_name_is_read_back(subject: str, records: list[str], expected: Naming | None) -> None:
    assert naming(subject, records) == expected


@pytest.mark.parametrize(
    ("type_", "text", "expected"),
    [
        ("AVRO", {"type": "record", "name": "O", "namespace": "a.b", "fields": []}, ("a.b.O",)),
        ("AVRO", {"type": "enum", "name": "a.E", "symbols": []}, ("a.E",)),
        ("AVRO", "string", ()),
        ("AVRO", ["null", "string"], ()),
        ("JSON", {"title": "Order", "type": "object"}, ("Order",)),
        ("JSON", {"title": 5}, ()),
        ("JSON", True, ()),
    ],
)
def test_formats_tell_the_names(type_: str, text: object, expected: tuple[str, ...]) -> None:
    assert base.get(type_).names(json.dumps(text)) == expected


@pytest.mark.parametrize("type_", base.names())
def test_a_text_that_cannot_be_read_has_no_names(type_: str) -> None:
    for text in ("", "{", "[1", "null"):
        assert base.get(type_).names(text) == ()


def test_every_message_of_a_file_is_a_name() -> None:
    protobuf = base.get("PROTOBUF")
    inside = "enum E { X = 0; } message M { message I {} } message N {}"
    assert protobuf.names(f'syntax = "proto3"; package a.b; {inside}') == ("a.b.M", "a.b.N")
    assert protobuf.names('syntax = "proto3"; message M { Other o = 1; }') == ("M",)
    commented = """// message No {}
        /* message Nor {} */ option a = "message Neither {"; message M { // }
        string b = 1 [default = "}"]; } message N {}"""
    assert protobuf.names(commented) == ("M", "N")
