"""A .proto file as it is declared: names, numbers, labels and options, nothing resolved."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

MAX_TAG: Final = 536_870_911
SCALARS: Final = frozenset(
    {
        *("bool", "bytes", "double", "float", "fixed32", "fixed64", "int32", "int64"),
        *("sfixed32", "sfixed64", "sint32", "sint64", "string", "uint32", "uint64"),
    }
)
KEYS: Final = SCALARS - {"float", "double", "bytes"}  # what the key of a map may be


class OptionKind(StrEnum):
    """What an option's value is."""

    STRING = "string"
    BOOLEAN = "boolean"
    ENUM = "enum"
    NUMBER = "number"
    OPTION = "option"  # of one of its fields: `(a).b = 1`
    MAP = "map"
    LIST = "list"


@dataclass(slots=True)
class Option:
    """`name = value`; the value is text, an Option, a dict of values or a list of them."""

    name: str
    kind: OptionKind
    value: object
    parenthesized: bool = False


@dataclass(slots=True)
class Primitive:
    """A value inside of a map or a list that is no string."""

    kind: OptionKind
    text: str


Range = tuple[int, int]  # both ends included
Reserved = list[int | Range | str]


@dataclass(slots=True)
class Field:
    """`label` is "", "optional", "required" or "repeated"; `type` as it is written."""

    name: str
    type: str
    tag: int
    label: str = ""
    options: list[Option] = field(default_factory=list)
    default: str | None = None
    json_name: str | None = None


@dataclass(slots=True)
class Group:
    """A field that declares its own message (proto2)."""

    name: str
    tag: int
    label: str
    fields: list[Field]


@dataclass(slots=True)
class OneOf:
    """Fields of which one at most is set."""

    name: str
    fields: list[Field]
    groups: list[Group]
    options: list[Option]


@dataclass(slots=True)
class Extensions:
    """Numbers left to others."""

    values: list[int | Range]
    options: list[Option]


@dataclass(slots=True)
class Extend:
    """Fields added to a message of another."""

    name: str
    fields: list[Field]


@dataclass(slots=True)
class EnumValue:
    """A name and its number."""

    name: str
    tag: int
    options: list[Option]


@dataclass(slots=True)
class Enum:
    """Names for numbers."""

    name: str
    values: list[EnumValue]
    options: list[Option]
    reserved: list[Reserved]


@dataclass(slots=True)
class Message:
    """Fields, and the types declared within. `types` keeps messages and enums as they come."""

    name: str
    fields: list[Field] = field(default_factory=list)
    oneofs: list[OneOf] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    types: list[Message | Enum] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    reserved: list[Reserved] = field(default_factory=list)
    extensions: list[Extensions] = field(default_factory=list)
    extends: list[Extend] = field(default_factory=list)

    @property
    def is_map_entry(self) -> bool:
        return any(o.name == "map_entry" and str(o.value) == "true" for o in self.options)

    @property
    def map_type(self) -> str | None:
        """`map<K, V>`, where this message stands for the entries of a map."""
        if not self.is_map_entry:
            return None
        types = {one.name: one.type for one in self.fields}
        return f"map<{types.get('key', 'string')}, {types.get('value', 'string')}>"


Type = Message | Enum


@dataclass(slots=True)
class Rpc:
    """A call of a service."""

    name: str
    request: str
    response: str
    streams: tuple[bool, bool]
    options: list[Option]


@dataclass(slots=True)
class Service:
    """Calls under one name."""

    name: str
    rpcs: list[Rpc]
    options: list[Option]


@dataclass(slots=True)
class File:
    """A file. `syntax` is "" where it says none, which means proto2."""

    syntax: str = ""
    package: str = ""
    imports: list[str] = field(default_factory=list)
    public_imports: list[str] = field(default_factory=list)
    weak_imports: list[str] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    types: list[Type] = field(default_factory=list)
    extends: list[Extend] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)

    @property
    def all_imports(self) -> list[str]:
        return [*self.imports, *self.public_imports, *self.weak_imports]

    @property
    def proto3(self) -> bool:
        return self.syntax == "proto3"


def map_types(type_: str) -> tuple[str, str] | None:
    """Key and value of `map<K, V>`, None for any other type."""
    if not type_.startswith("map<"):
        return None
    key, _, value = type_[4:-1].partition(",")
    return key.strip(), value.strip()


def with_fields(oneof: OneOf, fields: list[Field]) -> OneOf:
    return replace(oneof, fields=fields)
