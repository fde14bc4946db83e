"""Avro schemas in few words, and what stands between two of them."""

from __future__ import annotations

import json

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
