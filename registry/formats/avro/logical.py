"""Logical types that Java's Avro (1.12) recognises: those it writes before other properties."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, TypeGuard

_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "big-decimal": frozenset({"bytes"}),
    "date": frozenset({"int"}),
    "time-millis": frozenset({"int"}),
    "time-micros": frozenset({"long"}),
    **{
        f"{prefix}timestamp-{unit}": frozenset({"long"})
        for prefix in ("", "local-")
        for unit in ("millis", "micros", "nanos")
    },
}
_UUID_SIZE: Final = 16


def leading(tree: Mapping[str, object]) -> tuple[str, ...]:
    """The properties that stand first in the normalized form of a type, in their order."""
    name, base = tree.get("logicalType"), tree.get("type")
    if not isinstance(name, str) or not isinstance(base, str):
        return ()
    if name == "decimal":
        return _decimal(tree, base)
    if name == "uuid":
        fits = base == "string" or (base == "fixed" and tree.get("size") == _UUID_SIZE)
    else:
        fits = base in _TYPES.get(name, ())
    return ("logicalType",) if fits else ()


def _decimal(tree: Mapping[str, object], base: str) -> tuple[str, ...]:
    precision, scale, size = tree.get("precision"), tree.get("scale", 0), tree.get("size")
    if not (_whole(precision) and _whole(scale) and 0 <= scale <= precision and precision > 0):
        return ()
    if base == "fixed":
        # As many digits as so many bytes hold in any case.
        if not (_whole(size) and precision <= math.floor(math.log10(2) * (8 * size - 1))):
            return ()
    elif base != "bytes":
        return ()
    return ("logicalType", "precision", "scale") if scale else ("logicalType", "precision")


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
