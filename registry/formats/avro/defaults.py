"""Defaults as Java's Avro writes them again: numbers in the form of their field's type."""

from __future__ import annotations

import struct

Tree = object


def as_written(value: Tree, type_: Tree) -> Tree:
    """The default of a field of that type. Of a union it is of the first branch.

    What is of another type than the field stays as it is.
    """
    if isinstance(type_, list):
        return as_written(value, type_[0]) if type_ else value
    if isinstance(type_, dict) and isinstance(type_.get("type"), dict | list):
        return as_written(value, type_["type"])
    kind = type_.get("type") if isinstance(type_, dict) else type_
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, kind)
    if not isinstance(type_, dict):
        return value
    if kind == "array" and isinstance(value, list):
        return [as_written(item, type_.get("items")) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: as_written(item, type_.get("values")) for key, item in value.items()}
    if kind in ("record", "error") and isinstance(value, dict):
        types = _types(type_.get("fields"))
        return {key: as_written(item, types.get(key)) for key, item in value.items()}
    return value


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


def _types(fields: Tree) -> dict[str, Tree]:
    listed = fields if isinstance(fields, list) else []
    return {str(f.get("name")): f.get("type") for f in listed if isinstance(f, dict)}
