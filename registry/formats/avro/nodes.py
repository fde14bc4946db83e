"""What is left of an Avro schema when only reading and writing matter: shared, immutable nodes.

Nodes carry no docs, no defaults' values, no properties: nothing that compatibility does not look at
(Avro specification, "Schema Resolution"). Equal closed structures are one object, whatever text
they came from, so that a check of two versions walks only the parts that differ. A record that
contains itself is not shared; it is compared by walking.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from weakref import WeakValueDictionary

PRIMITIVES: Final = frozenset(
    {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
)


class Field(NamedTuple):
    """A field of a record; `aliases` are other names of it in older data."""

    name: str
    aliases: tuple[str, ...]
    has_default: bool
    type: Node


class Node:
    """One type. Which attributes mean something depends on `kind`.

    `name` is the full name of a record, enum or fixed, `short` its last part; `aliases` are full
    names. `sound` says that the type surely reads what it wrote itself, so that a pair of one node
    needs no check; it is false where aliases make a field ambiguous, and for recursive records.
    `height` counts the levels below.
    """

    __slots__ = (
        "__weakref__",
        "aliases",
        "branches",
        "default",
        "fields",
        "height",
        "items",
        "kind",
        "name",
        "short",
        "size",
        "sound",
        "symbols",
    )

    def __init__(self, kind: str, name: str = "") -> None:
        self.kind = kind
        self.name = name
        self.short = name.rpartition(".")[2]
        self.aliases: tuple[str, ...] = ()
        self.fields: tuple[Field, ...] = ()
        self.items: Node | None = None  # of an array, or the values of a map
        self.branches: tuple[Node, ...] = ()
        self.symbols: tuple[str, ...] = ()
        self.default: str | None = None  # of an enum
        self.size = 0
        self.sound = True
        self.height = 0

    @property
    def label(self) -> str:
        """The kind as messages name it."""
        return self.kind.upper()

    def describe(self) -> str:
        """The type in a few words, for people: ``array of string``, ``record payments.Payment``."""
        if self.kind in PRIMITIVES:
            return self.kind
        if self.kind == "array" and self.items is not None:
            return f"array of {self.items.shallow()}"
        if self.kind == "map" and self.items is not None:
            return f"map of {self.items.shallow()}"
        if self.kind == "union":
            shown = " or ".join(branch.shallow() for branch in self.branches[:8])
            return shown + (" or …" if len(self.branches) > 8 else "") if shown else "empty union"
        return f"{self.kind} {self.name}"

    def signature(self) -> str:
        """The type with full names, all branches told, and nothing of what named types hold."""
        if self.name:
            return self.name
        if self.items is not None:
            return f"{self.kind}<{self.items.signature()}>"
        if self.kind == "union":
            return " | ".join(branch.signature() for branch in self.branches)
        return self.kind

    def shallow(self) -> str:
        """As `describe`, without going into what it contains."""
        return self.name or self.kind


_KEY = tuple[object, ...]
_SHARED: Final[WeakValueDictionary[_KEY, Node]] = WeakValueDictionary()

PRIMITIVE: Final = {kind: Node(kind) for kind in sorted(PRIMITIVES)}


def shared_items(kind: str, items: Node) -> Node:
    """The array or map of that item type."""
    key = (kind, items)
    found = _SHARED.get(key)
    if found is None:
        found = Node(kind)
        found.items = items
        found.sound = items.sound
        found.height = items.height + 1
        _SHARED[key] = found
    return found


def shared_union(branches: tuple[Node, ...]) -> Node:
    """The union of those branches, in that order."""
    key = ("union", branches)
    found = _SHARED.get(key)
    if found is None:
        found = Node("union")
        found.branches = branches
        found.sound = all(branch.sound for branch in branches)
        found.height = 1 + max((branch.height for branch in branches), default=0)
        _SHARED[key] = found
    return found


def shared_enum(
    name: str, aliases: tuple[str, ...], symbols: tuple[str, ...], default: str | None
) -> Node:
    """The enum of that name and those symbols."""
    key = ("enum", name, aliases, symbols, default)
    found = _SHARED.get(key)
    if found is None:
        found = Node("enum", name)
        found.aliases, found.symbols, found.default = aliases, symbols, default
        _SHARED[key] = found
    return found


def shared_fixed(name: str, aliases: tuple[str, ...], size: int) -> Node:
    """The fixed of that name and size."""
    key = ("fixed", name, aliases, size)
    found = _SHARED.get(key)
    if found is None:
        found = Node("fixed", name)
        found.aliases, found.size = aliases, size
        _SHARED[key] = found
    return found


def shared_record(name: str, aliases: tuple[str, ...], fields: tuple[Field, ...]) -> Node:
    """The record of that name and those fields, none of which contains the record itself."""
    key = ("record", name, aliases, fields)
    found = _SHARED.get(key)
    if found is None:
        found = Node("record", name)
        found.aliases = aliases
        fill_record(found, fields, sound=not ambiguous(fields))
        _SHARED[key] = found
    return found


def fill_record(node: Node, fields: tuple[Field, ...], *, sound: bool) -> None:
    """Give a record its fields; only its maker calls this, before anybody else sees it."""
    node.fields = fields
    node.sound = sound and all(field.type.sound for field in fields)
    node.height = 1 + max((field.type.height for field in fields), default=0)


def ambiguous(fields: tuple[Field, ...]) -> bool:
    """Whether an alias of one field is the name of another, so that data would match both."""
    if not any(field.aliases for field in fields):
        return False
    names = {field.name for field in fields}
    return any(alias in names and alias != f.name for f in fields for alias in f.aliases)
