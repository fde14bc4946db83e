"""Canonical and normalized text of an Avro schema, and its digests.

The canonical text is what Java's printer writes (not the Parsing Canonical Form of the
specification): `parse` yields the tree in its member order, this module writes it. Normalizing
sorts what has no order of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Final, Protocol

import orjson

from registry.errors import InvalidSchema
from registry.formats.avro import defaults, logical
from registry.formats.avro.nodes import PRIMITIVES

Tree = object


class _Change(Protocol):
    """What `_walk` applies to each type and field."""

    def __call__(self, tree: dict[str, Tree], *, is_field: bool) -> dict[str, Tree]: ...


# Java writes a double in plain digits between these; outside them with an exponent.
PLAIN: Final = (1e-3, 1e7)
_TOO_DEEP: Final = "The schema, with its references written out, nests deeper than 250 levels."
_NUL: Final = r"\u0000"  # as it is written
_NULS: Final = re.compile(r"(?:\\u0000)+")
_SORTED: Final = orjson.OPT_SORT_KEYS


def text(tree: Tree, *, numbers: bool = True) -> str:
    """The tree as the printer writes it: no white space, members as they stand.

    `numbers` says whether it may hold numbers with a fraction, which Java writes in its own way.
    Raises InvalidSchema for a tree nested too deep to be written.
    """
    try:
        written = orjson.dumps(tree).decode()
    except TypeError:
        raise InvalidSchema(_TOO_DEEP) from None
    return _with_java_numbers(tree, written) if numbers else written


def _with_java_numbers(tree: Tree, written: str) -> str:
    """As `text`, with doubles outside Java's plain range written as Java writes them."""
    numbers: list[str] = []
    longest = max((len(run[0]) for run in _NULS.finditer(written)), default=0)
    mark_of = "\u0000" * (longest // len(_NUL) + 1)

    def mark(value: float) -> Tree:
        if value == 0 or PLAIN[0] <= abs(value) < PLAIN[1]:
            return value
        numbers.append(_java_double(value))
        return f"{mark_of}{len(numbers) - 1}"

    marked = orjson.dumps(_map_floats(tree, mark)).decode()
    if not numbers:
        return marked
    place = re.compile('"' + re.escape(orjson.dumps(mark_of).decode()[1:-1]) + '([0-9]+)"')
    return place.sub(lambda found: numbers[int(found[1])], marked)


def _map_floats(tree: Tree, change: Callable[[float], Tree]) -> Tree:
    # Depth is bounded: `text` has written this tree once already.
    if isinstance(tree, float):
        return change(tree)
    if isinstance(tree, dict):
        return {key: _map_floats(value, change) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_map_floats(value, change) for value in tree]
    return tree


def _java_double(value: float) -> str:
    """`Double.toString`: 1.0E10, 1.0E-4, 1.5E300."""
    mantissa, _, exponent = repr(value).partition("e")
    sign = "-" if value < 0 else ""
    digits, _, fraction = mantissa.lstrip("-").partition(".")
    shift = int(exponent or 0)
    whole = digits + (fraction if fraction != "0" else "")
    shift += len(digits) - 1
    stripped = whole.lstrip("0")
    shift -= len(whole) - len(stripped)
    stripped = stripped.rstrip("0") or "0"
    return f"{sign}{stripped[0]}.{stripped[1:] or '0'}E{shift}"


def digest(tree: Tree) -> bytes:
    """16 bytes that are equal for schemas which a look-up takes for the same.

    The order of properties and of aliases has no meaning; everything else has, docs included.
    """
    try:
        ordered = orjson.dumps(_walk(tree, _unordered), option=_SORTED)
    except TypeError:
        raise InvalidSchema(_TOO_DEEP) from None
    return blake2b(ordered, digest_size=16).digest()


def _unordered(tree: dict[str, Tree], *, is_field: bool) -> dict[str, Tree]:
    aliases = tree.get("aliases")
    if isinstance(aliases, list):
        return {**tree, "aliases": sorted(map(str, aliases))}
    return tree


def normalized(tree: Tree) -> Tree:
    """The tree of the normalized schema, in the member order of the printer."""
    return _walk(tree, _normal)


_TYPE_ORDER: Final = (
    "type",
    "name",
    "namespace",
    "doc",
    "fields",
    "symbols",
    "items",
    "values",
    "size",
)
_FIELD_ORDER: Final = ("name", "type", "doc", "default", "order", "aliases")


def _normal(tree: dict[str, Tree], *, is_field: bool) -> dict[str, Tree]:
    own = list(_FIELD_ORDER if is_field else _TYPE_ORDER)
    if tree.get("type") == "enum" and not is_field:
        own.append("default")
    result: dict[str, Tree] = {name: tree[name] for name in own if name in tree}
    if not is_field and result.get("doc") == "":
        del result["doc"]
    if is_field and "default" in result:
        result["default"] = _sorted(defaults.as_written(result["default"], result["type"]))
    first = () if is_field else logical.leading(tree)
    for name in (*first, *sorted(tree.keys() - result.keys() - {"aliases", "doc", *first})):
        result[name] = _sorted(tree[name])
    aliases = tree.get("aliases")
    if isinstance(aliases, list):
        result["aliases"] = sorted(map(str, aliases))
    return result


def _sorted(value: Tree) -> Tree:
    try:
        return orjson.loads(orjson.dumps(value, option=_SORTED))
    except TypeError:
        raise InvalidSchema(_TOO_DEEP) from None


def _walk(tree: Tree, change: _Change) -> Tree:
    """The tree with `change` applied to each type and field, from the inside out."""
    if isinstance(tree, list):
        return [_walk(branch, change) for branch in tree]
    if not isinstance(tree, dict):
        return tree
    kind = tree.get("type")
    if kind in ("record", "error"):
        tree = {**tree, "fields": [_field(field, change) for field in _items(tree["fields"])]}
    elif kind == "array":
        tree = {**tree, "items": _walk(tree["items"], change)}
    elif kind == "map":
        tree = {**tree, "values": _walk(tree["values"], change)}
    return change(tree, is_field=False)


def _field(field: Tree, change: _Change) -> Tree:
    if not isinstance(field, dict):
        return field
    return change({**field, "type": _walk(field["type"], change)}, is_field=True)


def _items(value: Tree) -> list[Tree]:
    return value if isinstance(value, list) else []


def resolved(tree: Tree, definitions: Mapping[str, tuple[Tree, str]]) -> Tree:
    """The tree with referenced types written out where they are first used.

    `definitions` maps the full name of each type that references bring to its tree and to the
    namespace it was written in.
    """
    return _Inliner(definitions).type(tree, "", "")


class _Inliner:
    def __init__(self, definitions: Mapping[str, tuple[Tree, str]]) -> None:
        self.definitions = definitions
        self.done: set[str] = set()

    def type(self, tree: Tree, read_in: str, written_in: str) -> Tree:
        """`read_in` is the namespace that names of `tree` are short in; `written_in` where the
        result will stand."""
        if isinstance(tree, str):
            return self.name(tree, read_in, written_in)
        if isinstance(tree, list):
            return [self.type(branch, read_in, written_in) for branch in tree]
        if not isinstance(tree, dict):
            return tree
        kind = tree.get("type")
        if kind in ("array", "map"):
            member = "items" if kind == "array" else "values"
            return {**tree, member: self.type(tree[member], read_in, written_in)}
        if kind not in ("record", "error", "enum", "fixed"):
            return tree
        return self.named(tree, read_in, written_in)

    def named(self, tree: dict[str, Tree], read_in: str, written_in: str) -> Tree:
        space = str(tree.get("namespace", read_in))
        short = str(tree["name"])
        full = f"{space}.{short}" if space else short
        if full in self.done:  # what a reference holds may have been used before it
            return short if space and space == written_in else full
        self.done.add(full)
        result: dict[str, Tree] = {"type": tree["type"], "name": short}
        if space != written_in:
            result["namespace"] = space
        for key, value in tree.items():
            if key == "fields":
                result[key] = [
                    {**field, "type": self.type(field["type"], space, space)}
                    for field in _items(value)
                    if isinstance(field, dict)
                ]
            elif key not in ("type", "name", "namespace"):
                result[key] = value
        return result

    def name(self, name: str, read_in: str, written_in: str) -> Tree:
        if name in PRIMITIVES:
            return name
        full = name if "." in name or not read_in else f"{read_in}.{name}"
        if full not in self.definitions and full not in self.done:
            full = name
        if full in self.done or full not in self.definitions:
            own, _, short = full.rpartition(".")
            return short if own and own == written_in else full
        tree, space = self.definitions[full]
        return self.type(tree, space, written_in)
