"""Drafts 2019-09 and 2020-12, read into the same nodes.

Each keyword is a small schema of its own, and an object is all of them together; those that speak
of one type become one node. Where the reference server reads 2019-09 by the words of 2020-12, so
does this: `$recursiveRef` and a list under `items` are not among them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from registry.formats.json_schema import nodes
from registry.formats.json_schema.classic import combined_first
from registry.formats.json_schema.documents import Place
from registry.formats.json_schema.nodes import ABSENT, Combined, Node
from registry.formats.json_schema.reader import (
    Members,
    Reader,
    boolean,
    describe,
    items,
    members,
    number,
    pattern,
    text,
    texts,
    wrong,
)
from registry.formats.json_schema.text import Value, key
from registry.formats.json_schema.words import KNOWN

TYPED: Final = (nodes.Array, nodes.Number, nodes.Object, nodes.Text)


def read(reader: Reader, given: Members, place: Place, at: str, depth: int) -> Node:
    """The node of one object."""
    keywords = _Keywords(reader, given, place, at, depth)
    parts: list[Node] = []
    for name in _joined_in(given):
        value, make = given[name], MAKERS.get(name)
        if make is not None:
            parts.append(make(keywords, value, f"{at}/{name}"))
    parts += keywords.late()
    node = _together(parts)
    describe(node, given, "$id", at)
    if isinstance(node, nodes.Object | nodes.Array) and (
        given.get("$defs") or given.keys() - KNOWN
    ):
        # The reference server keeps these where it keeps words that it does not know, and the
        # latter come last. What it does not see is not compared here either.
        node.unevaluated = None
        if isinstance(node, nodes.Array):
            node.min_contains = node.max_contains = None
    if node.default is None:
        node.default = ABSENT  # a default of null is none, as in the reference server
    return node


def _joined_in(given: Members) -> list[str]:
    """Keywords in the order that they are joined in, which with several types has consequences. The
    reference server takes them out of a hash table of Java, and so the order is that of a table."""
    size = 16
    while len(given) > size * 3 // 4:
        size *= 2
    return sorted(given, key=lambda name: _java_hash(name) & (size - 1))


def _java_hash(name: str) -> int:
    units = name.encode("utf-16-be", "surrogatepass")
    code = 0
    for high, low in zip(units[::2], units[1::2], strict=True):
        code = (31 * code + (high << 8) + low) & 0xFFFFFFFF
    return code ^ (code >> 16)


def _together(parts: list[Node]) -> Node:
    """One node of several, joined one after the other."""
    if not parts:
        return nodes.Anything()
    whole = parts[0]
    for part in parts[1:]:
        whole = _join(whole, part)
    if isinstance(whole, Combined) and whole.generated:
        whole.branches = combined_first(whole.branches)
    return whole


def _join(one: Node, other: Node) -> Node:
    if isinstance(one, TYPED) and type(one) is type(other):
        return _merge(one, other)
    for types, part in ((one, other), (other, one)):
        branches = _types(types)
        if any(type(branch) is type(part) for branch in branches):
            return Combined(criterion=nodes.ANY, branches=_add(branches, part), generated=True)
    whole: list[Node] = []
    for part in (*_flat(one), *_flat(other)):
        whole = _add(whole, part)
    return Combined(criterion=nodes.ALL, branches=whole, generated=True)


def _types(node: Node) -> list[Node]:
    """The branches of a list of types."""
    listed = isinstance(node, Combined) and node.generated and node.criterion == nodes.ANY
    return node.branches if listed and isinstance(node, Combined) else []


def _flat(node: Node) -> list[Node]:
    if isinstance(node, Combined) and node.generated and node.criterion == nodes.ALL:
        return node.branches
    return [node]


def _add(branches: list[Node], part: Node) -> list[Node]:
    for index, branch in enumerate(branches):
        if isinstance(branch, TYPED) and type(branch) is type(part):
            return [*branches[:index], _merge(branch, part), *branches[index + 1 :]]
    return [*branches, part]


def _merge(one: Node, other: Node) -> Node:
    """What both say, in one node of their type; the second has the last word."""
    one.typed = one.typed or other.typed
    if isinstance(one, nodes.Text) and isinstance(other, nodes.Text):
        _fill(one, other, ("min_length", "max_length", "pattern"))
    elif isinstance(one, nodes.Number) and isinstance(other, nodes.Number):
        _fill(one, other, ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum"))
        _fill(one, other, ("multiple_of",))
        one.integer = one.integer or other.integer
    elif isinstance(one, nodes.Array) and isinstance(other, nodes.Array):
        _fill(one, other, ("items", "additional", "unevaluated", "min_items", "max_items"))
        _fill(one, other, ("min_contains", "max_contains"))
        one.tuple_ += other.tuple_
        one.unique = one.unique or other.unique
        one.permits_additional = one.permits_additional and other.permits_additional
    elif isinstance(one, nodes.Object) and isinstance(other, nodes.Object):
        _fill(one, other, ("additional", "unevaluated", "min_properties", "max_properties"))
        one.properties |= other.properties
        one.patterns |= other.patterns
        one.required |= other.required
        one.required_with |= other.required_with
        one.schema_with |= other.schema_with
        one.permits_additional = one.permits_additional and other.permits_additional
    return one


def _fill(one: Node, other: Node, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(other, name)
        if value is not None:
            setattr(one, name, value)


class _Keywords:
    """One object, whose keywords are read one by one."""

    def __init__(self, reader: Reader, given: Members, place: Place, at: str, depth: int) -> None:
        self.reader = reader
        self.given = given
        self.place = place
        self.at = at
        self.depth = depth

    def late(self) -> list[Node]:
        """What counts after all else, wherever it is written."""
        found: list[Node] = []
        given = self.given
        if "$dynamicRef" in given:
            # Taken as the place that it is written for; what extends that one may differ.
            found.append(self.refer(given["$dynamicRef"], f"{self.at}/$dynamicRef"))
        where = f"{self.at}/properties"
        properties = self.children(given.get("properties", {}), where)
        if properties:
            found.append(nodes.Object(properties=properties))
        where = f"{self.at}/patternProperties"
        patterns = self.children(given.get("patternProperties", {}), where)
        for name in patterns:
            pattern(name, where)
        if patterns:
            found.append(nodes.Object(patterns=patterns))
        if "unevaluatedItems" in given:
            inner = self.child(given["unevaluatedItems"], f"{self.at}/unevaluatedItems")
            found.append(nodes.Array(unevaluated=inner))
        if "unevaluatedProperties" in given:
            inner = self.child(given["unevaluatedProperties"], f"{self.at}/unevaluatedProperties")
            found.append(nodes.Object(unevaluated=inner))
        self.children(given.get("$defs", {}), f"{self.at}/$defs")
        return found

    def child(self, value: Value, at: str) -> Node:
        return self.reader.read(value, self.place, at, self.depth + 1)

    def children(self, value: Value, at: str) -> dict[str, Node]:
        return {name: self.child(v, f"{at}/{name}") for name, v in members(value, at).items()}

    def refer(self, value: Value, at: str) -> Node:
        return self.reader.refer(text(value, at), self.place, at)

    def branches(self, criterion: str, value: Value, at: str) -> Node:
        read = [self.child(v, f"{at}/{index}") for index, v in enumerate(items(value, at))]
        # A branch that speaks of several types counts as several branches, as there.
        flat = [part for branch in read for part in _flat(branch)]
        return Combined(criterion=criterion, branches=combined_first(flat))

    def additional_properties(self, value: Value, at: str) -> Node:
        if value is False:
            return nodes.Object(permits_additional=False)
        inner = self.child(value, at)
        return nodes.Object(additional=None if value is True else inner)

    def items(self, value: Value, at: str) -> Node:
        inner = self.child(value, at)
        if value is False:
            return nodes.Array(permits_additional=False)
        if value is True:
            return nodes.Array()
        if self.given.get("prefixItems"):
            return nodes.Array(additional=inner)
        return nodes.Array(items=inner)

    def prefix_items(self, value: Value, at: str) -> Node:
        read = [self.child(v, f"{at}/{index}") for index, v in enumerate(items(value, at))]
        return nodes.Array(tuple_=read)

    def contains(self, value: Value, at: str) -> Node:
        self.child(value, at)
        least, most = self.given.get("minContains", 1), self.given.get("maxContains")
        return nodes.Array(
            min_contains=number(least, f"{self.at}/minContains"),
            max_contains=None if most is None else number(most, f"{self.at}/maxContains"),
        )

    def property_names(self, value: Value, at: str) -> Node:
        self.child(value, at)
        return nodes.Object()

    def condition(self, value: Value, at: str) -> Node:
        parts = {"if": self.child(value, at)}
        for name in ("then", "else"):
            if name in self.given:
                parts[name] = self.child(self.given[name], f"{self.at}/{name}")
        return nodes.Conditional(parts=parts)

    def type(self, value: Value, at: str) -> Node:
        if isinstance(value, list):
            branches = [_of_type(name, at) for name in texts(value, at)]
            return Combined(criterion=nodes.ANY, branches=branches, generated=True)
        return _of_type(text(value, at), at)

    def dependent_required(self, value: Value, at: str) -> Node:
        wanted = {name: set(texts(v, f"{at}/{name}")) for name, v in members(value, at).items()}
        return nodes.Object(required_with={name: names for name, names in wanted.items() if names})


_TYPES: Final[dict[str, Callable[[], Node]]] = {
    "string": nodes.Text,
    "integer": lambda: nodes.Number(integer=True),
    "number": nodes.Number,
    "boolean": nodes.Boolean,
    "null": nodes.Null,
    "array": nodes.Array,
    "object": nodes.Object,
}


def _of_type(name: str, at: str) -> Node:
    if name not in _TYPES:
        wrong(at, "the name of a type", name)
    node = _TYPES[name]()
    node.typed = True
    return node


Make = Callable[[_Keywords, Value, str], Node]

MAKERS: Final[dict[str, Make]] = {
    "$ref": _Keywords.refer,
    "additionalProperties": _Keywords.additional_properties,
    "type": _Keywords.type,
    "required": lambda k, v, at: nodes.Object(required=set(texts(v, at))),
    "not": lambda k, v, at: nodes.Not(inner=k.child(v, at)),
    "minLength": lambda k, v, at: nodes.Text(min_length=number(v, at)),
    "maxLength": lambda k, v, at: nodes.Text(max_length=number(v, at)),
    "minItems": lambda k, v, at: nodes.Array(min_items=number(v, at)),
    "maxItems": lambda k, v, at: nodes.Array(max_items=number(v, at)),
    "minProperties": lambda k, v, at: nodes.Object(min_properties=number(v, at)),
    "maxProperties": lambda k, v, at: nodes.Object(max_properties=number(v, at)),
    "minimum": lambda k, v, at: nodes.Number(minimum=number(v, at)),
    "maximum": lambda k, v, at: nodes.Number(maximum=number(v, at)),
    "exclusiveMinimum": lambda k, v, at: nodes.Number(exclusive_minimum=number(v, at)),
    "exclusiveMaximum": lambda k, v, at: nodes.Number(exclusive_maximum=number(v, at)),
    "multipleOf": lambda k, v, at: nodes.Number(multiple_of=number(v, at)),
    "enum": lambda k, v, at: nodes.Enum(values={key(one): one for one in items(v, at)}),
    "const": lambda k, v, at: nodes.Const(value=v),
    "dependentRequired": _Keywords.dependent_required,
    "dependentSchemas": lambda k, v, at: nodes.Object(schema_with=k.children(v, at)),
    "pattern": lambda k, v, at: nodes.Text(pattern=pattern(v, at)),
    "if": _Keywords.condition,
    "contains": _Keywords.contains,
    "propertyNames": _Keywords.property_names,
    "prefixItems": _Keywords.prefix_items,
    "items": _Keywords.items,
    "oneOf": lambda k, v, at: k.branches(nodes.ONE, v, at),
    "anyOf": lambda k, v, at: k.branches(nodes.ANY, v, at),
    "allOf": lambda k, v, at: k.branches(nodes.ALL, v, at),
    "uniqueItems": lambda k, v, at: nodes.Array(unique=boolean(v, at)),
}
