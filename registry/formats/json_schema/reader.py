"""What both families of dialects share: reading children, references later, values of one type."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, NoReturn, TypeVar

from registry.errors import InvalidSchema
from registry.formats.base import Limits
from registry.formats.json_schema import expressions
from registry.formats.json_schema.documents import Documents, Place
from registry.formats.json_schema.nodes import ABSENT, Anything, Node, Nothing, Num, Ref
from registry.formats.json_schema.text import Value

INT: Final = 2**31
SHOWN: Final = 300  # characters of a place; it is there for messages alone
N = TypeVar("N", bound=Node)
Members = dict[str, Value]
ReadObject = Callable[["Reader", Members, Place, str, int], Node]


class Reader:
    """Reads a schema: what stands in place, and apart from it, once each, what references name.

    So circles close, and a schema that names itself stands there twice, as in the reference server.
    """

    def __init__(self, documents: Documents, read_object: ReadObject, limits: Limits) -> None:
        self.documents = documents
        self.read_object = read_object
        self.limits = limits
        self.targets: dict[int, Node] = {}  # by the identity of the value they were read from
        self.waiting: list[tuple[Ref, Value, Place, str]] = []

    def root(self) -> Node:
        """The whole schema, every reference filled in."""
        place = Place(self.documents.root, self.documents.start.base)
        node = self.read(self.documents.root, place, "#", 0)
        while self.waiting:
            ref, value, where, at = self.waiting.pop()
            if id(value) not in self.targets or isinstance(value, bool):
                self.targets[id(value)] = self.read(value, where, at, 0)
            ref.target = self.targets[id(value)]
        return node

    def read(self, value: Value, place: Place, at: str, depth: int) -> Node:
        """The node of an object or a boolean. Raises InvalidSchema, saying where."""
        if value is True:
            return Anything(source=value)
        if value is False:
            return Nothing(source=value)
        if not isinstance(value, dict):
            wrong(at, "an object or a boolean", value)
        at = at[:SHOWN]
        if depth > self.limits.depth:
            raise InvalidSchema(f"{at[:200]} nests deeper than {self.limits.depth} levels.")
        node = self.read_object(self, value, self.documents.within(place, value), at, depth)
        node.source = value
        return node

    def refer(self, text: str, place: Place, at: str) -> Ref:
        """A reference, to be filled in when all else has been read."""
        ref = Ref(text=text)
        value, where = self.documents.find(text, place, at)
        self.waiting.append((ref, value, where, f"{at[:SHOWN]} -> {text[:100]}"))
        return ref


def describe(node: N, given: Members, id_keyword: str, at: str) -> N:
    """The node with what every schema may say of itself."""
    node.id = maybe_text(given, id_keyword, at)
    node.title = maybe_text(given, "title", at)
    node.description = maybe_text(given, "description", at)
    node.default = given.get("default", ABSENT)
    node.bytes_of_connect = given.get("connect.type") == "bytes"
    return node


# --- Values of one type; each raises InvalidSchema where another stands ---------------------------


def wrong(at: str, wanted: str, found: Value) -> NoReturn:
    raise InvalidSchema(f"{at[:300]} is {kind_of(found)} where {wanted} belongs.")


def kind_of(value: Value) -> str:
    """What a value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return "a string" if isinstance(value, str) else "a number"


def maybe_text(given: Members, name: str, at: str) -> str | None:
    return text(given[name], f"{at}/{name}") if name in given else None


def text(value: Value, at: str) -> str:
    if not isinstance(value, str):
        wrong(at, "a string", value)
    return value


def boolean(value: Value, at: str) -> bool:
    if not isinstance(value, bool):
        wrong(at, "true or false", value)
    return value


def number(value: Value, at: str) -> Num:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        wrong(at, "a number", value)
    return value


def whole(value: Value, at: str) -> int:
    """A number as Java's `int` holds it, written without a fraction."""
    if isinstance(value, bool) or not isinstance(value, int) or not -INT <= value < INT:
        wrong(at, "a whole number", value)
    return value


def members(value: Value, at: str) -> Members:
    if not isinstance(value, dict):
        wrong(at, "an object", value)
    return value


def items(value: Value, at: str) -> list[Value]:
    if not isinstance(value, list):
        wrong(at, "a list", value)
    return value


def texts(value: Value, at: str) -> list[str]:
    return [text(item, f"{at}/{index}") for index, item in enumerate(items(value, at))]


def pattern(value: Value, at: str) -> str:
    """A regular expression; it is not run by this."""
    given = text(value, at)
    try:
        expressions.ensure_sound(given)
    except ValueError as error:
        raise InvalidSchema(f"{at[:300]} is no regular expression: {error}.") from None
    return given
