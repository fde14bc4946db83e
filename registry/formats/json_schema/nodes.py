"""A JSON Schema as the comparison sees it: typed nodes instead of keywords.

A schema object becomes one node when its keywords speak of one thing, else an `allOf` of several.
References are nodes too, which are filled in when their target has been read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation, localcontext
from typing import Final

from registry.formats.json_schema.text import Value

ABSENT: Final = object()  # where null is a value
Num = int | Decimal
ALL: Final = "allOf"
ANY: Final = "anyOf"
ONE: Final = "oneOf"


@dataclass(eq=False, slots=True, kw_only=True)
class Node:
    """What every schema may say. `source` is the object or boolean that it was read from, None for
    one that stands for a part of an object."""

    id: str | None = None
    title: str | None = None
    description: str | None = None
    default: Value = ABSENT
    bytes_of_connect: bool = False  # whether `connect.type` is "bytes"
    typed: bool = False  # whether the text names the type, or only speaks of what belongs to it
    source: Value = None


@dataclass(eq=False, slots=True, kw_only=True)
class Anything(Node):
    """`{}` and `true`."""


@dataclass(eq=False, slots=True, kw_only=True)
class Nothing(Node):
    """`false`."""


@dataclass(eq=False, slots=True, kw_only=True)
class Boolean(Node):
    """true or false."""


@dataclass(eq=False, slots=True, kw_only=True)
class Null(Node):
    """null."""


@dataclass(eq=False, slots=True, kw_only=True)
class Text(Node):
    """A string."""

    min_length: Num | None = None
    max_length: Num | None = None
    pattern: str | None = None


@dataclass(eq=False, slots=True, kw_only=True)
class Number(Node):
    """A number; `integer` where it must be whole."""

    integer: bool = False
    minimum: Num | None = None
    maximum: Num | None = None
    exclusive_minimum: Num | None = None
    exclusive_maximum: Num | None = None
    multiple_of: Num | None = None


@dataclass(eq=False, slots=True, kw_only=True)
class Object(Node):
    """An object. `additional` is the schema of other properties, where they have one."""

    properties: dict[str, Node] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    patterns: dict[str, Node] = field(default_factory=dict)
    permits_additional: bool = True
    additional: Node | None = None
    unevaluated: Node | None = None
    min_properties: Num | None = None
    max_properties: Num | None = None
    required_with: dict[str, set[str]] = field(default_factory=dict)
    schema_with: dict[str, Node] = field(default_factory=dict)


@dataclass(eq=False, slots=True, kw_only=True)
class Array(Node):
    """An array: `items` is the schema of all its items, `tuple_` of the first ones by place."""

    items: Node | None = None
    tuple_: list[Node] = field(default_factory=list)
    permits_additional: bool = True
    additional: Node | None = None
    unevaluated: Node | None = None
    min_items: Num | None = None
    max_items: Num | None = None
    unique: bool = False
    min_contains: Num | None = None
    max_contains: Num | None = None


@dataclass(eq=False, slots=True, kw_only=True)
class Enum(Node):
    """One of a few values, each by its digest."""

    values: dict[bytes, Value]


@dataclass(eq=False, slots=True, kw_only=True)
class Const(Node):
    """One value."""

    value: Value


@dataclass(eq=False, slots=True, kw_only=True)
class Not(Node):
    """Whatever the inner schema does not take."""

    inner: Node


@dataclass(eq=False, slots=True, kw_only=True)
class Conditional(Node):
    """`if`, `then`, `else`; a comparison does not look inside."""

    parts: dict[str, Node]


@dataclass(eq=False, slots=True, kw_only=True)
class Combined(Node):
    """All, any or one of several. `generated` where the text does not say so itself."""

    criterion: str
    branches: list[Node]
    generated: bool = False


@dataclass(eq=False, slots=True, kw_only=True)
class Ref(Node):
    """A reference; `target` is there once all of the schema has been read."""

    text: str
    target: Node | None = None


CIRCLE: Final = Anything()


def followed(node: Node) -> Node:
    """The schema that a reference ends at; a circle of nothing but references takes anything."""
    seen: set[int] = set()
    while isinstance(node, Ref):
        if id(node) in seen or node.target is None:
            return CIRCLE
        seen.add(id(node))
        node = node.target
    return node


def remainder(one: Num, other: Num) -> Num:
    """What is left of a division of exact numbers, whatever their size."""
    with localcontext() as exact:
        exact.prec = 4_000
        try:
            return Decimal(one) % Decimal(other)
        except InvalidOperation:
            return 1  # too far apart to say: no multiple
