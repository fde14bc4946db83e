"""Defaults as Java's Avro writes them again: numbers in the form of their field's type."""

from __future__ import annotations

import struct

Tree = object


def as_written(value: Tree, type_: Tree) -> Tree:
    """The default of a field of that type. Of a union it is of the first branch.

    What is of another type than the field stays as it is.
    """
    return _Writer().written(value, type_)


class _Writer:
    """Knows the types of a record's fields once it has met the record."""

    def __init__(self) -> None:
        self.fields: dict[int, dict[str, Tree]] = {}  # by the record's identity

    def written(self, value: Tree, type_: Tree) -> Tree:
        if isinstance(type_, list):
            return self.written(value, type_[0]) if type_ else value
        if isinstance(type_, dict) and isinstance(type_.get("type"), dict | list):
            return self.written(value, type_["type"])
        kind = type_.get("type") if isinstance(type_, dict) else type_
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _number(value, kind)
        if not isinstance(type_, dict):
            return value
        if kind == "array" and isinstance(value, list):
            return [self.written(item, type_.get("items")) for item in value]
        if kind == "map" and isinstance(value, dict):
            return {key: self.written(item, type_.get("values")) for key, item in value.items()}
        if kind in ("record", "error") and isinstance(value, dict):
            types = self.types(type_)
            return {key: self.written(item, types.get(key)) for key, item in value.items()}
        return value

    def types(self, record: dict[str, Tree]) -> dict[str, Tree]:
        if id(record) not in self.fields:
            listed = record.get("fields")
            fields = listed if isinstance(listed, list) else []
            self.fields[id(record)] = {
                str(field.get("name")): field.get("type")
                for field in fields
                if isinstance(field, dict)
            }
        return self.fields[id(record)]


def _number(value: float, kind: Tree) -> float:
    try:
        if kind == "double":
            return float(value)
        return _single(float(value)) if kind == "float" else value
    except OverflowError:
        return value


def _single(value: float) -> float:
    """The number of single precision that is nearest, in as few digits as tell it from others."""
    packed = struct.pack(">f", value)
    (exact,) = struct.unpack(">f", packed)
    shorter = (float(f"{exact:.{digits}g}") for digits in range(1, 9))
    return next((one for one in shorter if struct.pack(">f", one) == packed), exact)
