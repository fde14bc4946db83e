"""Avro schemas read as Java's parser (Avro 1.12) reads them, in one walk.

The walk yields two things: the `Node` that compatibility works on, and the schema's tree in the
member order of the Avro printer, which `canonical` writes out. What Java drops (unknown words in
reserved places, properties of a named reference) is dropped here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeGuard

import orjson

from registry.errors import InvalidSchema
from registry.formats.avro.nodes import (
    PRIMITIVE,
    PRIMITIVES,
    Field,
    Node,
    fill_record,
    shared_enum,
    shared_fixed,
    shared_items,
    shared_record,
    shared_union,
)
from registry.formats.base import LIMITS, Limits, Source

RESERVED: Final = frozenset(
    {
        "doc",
        "fields",
        "items",
        "name",
        "namespace",
        "size",
        "symbols",
        "values",
        "type",
        "aliases",
    }
)
ENUM_RESERVED: Final = RESERVED | {"default"}
FIELD_RESERVED: Final = frozenset({"default", "doc", "name", "order", "type", "aliases"})
ORDERS: Final = frozenset({"ascending", "descending", "ignore"})
NAMED: Final = frozenset({"record", "error", "enum", "fixed"})
INT: Final = (-(2**31), 2**31 - 1)
LONG: Final = (-(2**63), 2**63 - 1)

Tree = object  # JSON as orjson gives it: dict, list, str, int, float, bool, None
_STRING_OR_COMMENT: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|/\*|//', re.DOTALL)
_JAVA_SPACES: Final = "".join(map(chr, range(0x21)))
_JAVA_NUMBER: Final = re.compile(
    r"(?P<word>[+-]?(?:NaN|Infinity))"
    r"|(?:(?P<hex>[+-]?0[xX](?:[0-9a-fA-F]+(?:\.[0-9a-fA-F]*)?|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+)"
    r"|(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))[dDfF]?"
)
_LONGEST_NUMBER: Final = 1_000
_CLOSED: Final = 1_000_000  # "refers to no record that is still open"


class Result:
    """What a walk yields: the node, the printable tree, and what referenced schemas define."""

    __slots__ = ("definitions", "node", "numbers", "tree")

    def __init__(
        self,
        node: Node,
        tree: Tree,
        definitions: Mapping[str, tuple[Tree, str]],
        *,
        numbers: bool,
    ) -> None:
        self.node = node
        self.tree = tree
        self.definitions = definitions
        self.numbers = numbers  # whether the tree may hold numbers with a fraction


def parse(
    text: str, references: Sequence[Source] = (), *, strict: bool, limits: Limits = LIMITS
) -> Result:
    """Read a schema; named types of `references` are known to it. Raises InvalidSchema.

    With `strict`, defaults must fit their types and every part of a namespace must be a name, as
    for anything new; without, as for what is stored already.
    """
    walk = _Walk(limits)
    for source in references:
        # Each was accepted before; a type that two of them bring is taken from the first.
        walk.read(_loads(source.text, limits, f"The reference '{source.name}'"), "", 0)
    walk.lenient = not strict
    walk.new = True
    node, tree = walk.read(_loads(text, limits, "The schema"), "", 0)
    return Result(node, tree, walk.definitions, numbers=walk.numbers)


def _loads(text: str, limits: Limits, what: str) -> object:
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > limits.text_bytes:
        raise InvalidSchema(
            f"{what} has {len(raw)} bytes of text; at most {limits.text_bytes} are taken."
        )
    if not text.strip():
        raise InvalidSchema("Empty schema")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if b"/" not in raw:
            raise InvalidSchema(f"{what} is not JSON: {error}.") from None
    try:
        return orjson.loads(_without_comments(text).encode("utf-8", "surrogatepass"))
    except orjson.JSONDecodeError as error:
        raise InvalidSchema(f"{what} is not JSON: {error}.") from None


def _without_comments(text: str) -> str:
    """Files of schemas begin with their licence; Java's reader passes over such comments."""
    kept: list[str] = []
    done = at = 0
    while found := _STRING_OR_COMMENT.search(text, at):
        at = found.end()
        if found[0].startswith('"'):
            continue
        end = text.find("*/", at) + 2 if found[0] == "/*" else text.find("\n", at)
        if end < at:  # it goes on to the end
            end = len(text)
        kept.append(text[done : found.start()])
        done = at = end
    # Behind the schema it takes nothing, not even a comment.
    return " ".join([*kept, text[done:]]) if text[done:].strip() else text


def _java_number(text: str) -> float | None:
    """As `Double.valueOf` reads it: with spaces around it, with a d or an f at its end, or in
    hexadecimal; None for what it does not read."""
    found = _JAVA_NUMBER.fullmatch(text.strip(_JAVA_SPACES))
    if found is None or len(text) > _LONGEST_NUMBER:
        return None
    try:
        return (
            float.fromhex(found["hex"]) if found["hex"] else float(found["word"] or found["number"])
        )
    except OverflowError:
        return float("-inf" if found["hex"].startswith("-") else "inf")


class _Walk:
    """The state of one walk: names known so far, records still open, what was spent."""

    def __init__(self, limits: Limits) -> None:
        self.lenient = True
        self.limits = limits
        self.new = False  # the schema itself, not one of its references
        self.names: dict[str, Node] = {}
        self.definitions: dict[str, tuple[Tree, str]] = {}  # of references: tree, namespace
        self.defaults: dict[str, dict[str, object]] = {}
        self.open: dict[str, int] = {}  # full name of a record being read → its place in the stack
        self.pending: dict[str, Node] = {}  # nodes of open records that something refers to
        self.lowest = _CLOSED
        self.spent = 0
        self.checked = 0
        self.path: list[tuple[str, ...]] = []  # words of where we are, joined only to be said
        self.numbers = False  # whether a default or a property may hold a number with a fraction

    # -- helpers ---------------------------------------------------------------------------

    def bad(self, reason: str) -> InvalidSchema:
        where = " ".join(self.path[-1]) if self.path else ""
        return InvalidSchema(f"{where}: {reason}" if where else reason)

    def name(self, text: object, space: str, what: str) -> tuple[str, str]:
        """(full name, namespace) of a name that may be dotted."""
        if not isinstance(text, str):
            raise self.bad(f"{what} has no name: give it a member 'name' that is a string.")
        if len(text) > LIMITS.name or len(space) > LIMITS.name:
            raise self.bad(f"a name or namespace of {what} has over {LIMITS.name:,} characters.")
        own, dot, short = text.rpartition(".")
        if dot:
            space = own
        if not (short.isascii() and short.isidentifier()):
            raise self.bad(
                f"the name {text[:80]!r} of {what} is not allowed: a name begins with a letter or "
                "'_' and goes on with letters, digits and '_'."
            )
        if space and not self.lenient and not _is_namespace(space):
            raise self.bad(
                f"the namespace {space[:80]!r} is not allowed: each part of it, between dots, "
                "begins with a letter or '_' and goes on with letters, digits and '_'."
            )
        return (f"{space}.{short}" if space else short), space

    def known(self, text: str, space: str) -> tuple[Node | None, str]:
        """The named type that a name stands for in a namespace, and its full name."""
        full = text if "." in text or not space else f"{space}.{text}"
        if full not in self.names and full not in self.open:
            full = text  # as Java does: a name not found in the namespace is tried without one
        depth = self.open.get(full)
        if depth is not None:
            self.lowest = min(self.lowest, depth)
            node = self.pending.get(full)
            if node is None:
                node = self.pending[full] = Node("record", full)
                node.sound = False
            return node, full
        return self.names.get(full), full

    def props(self, schema: dict[str, object], reserved: frozenset[str]) -> dict[str, Tree]:
        """Members that mean nothing to Avro and are kept."""
        found = {key: value for key, value in schema.items() if key not in reserved}
        if any(isinstance(value, float | list | dict) for value in found.values()):
            self.numbers = True
        return found

    # -- types -----------------------------------------------------------------------------

    def read(self, schema: object, space: str, depth: int) -> tuple[Node, Tree]:
        self.spent += 1
        if self.spent > self.limits.nodes:
            raise self.bad(f"the schema has more than {self.limits.nodes} parts.")
        if depth > self.limits.depth:
            raise self.bad(f"the schema nests deeper than {self.limits.depth} levels.")
        if isinstance(schema, str):
            return self.reference(schema, space)
        if isinstance(schema, dict):
            return self.described(schema, space, depth)
        if isinstance(schema, list):
            return self.union(schema, space, depth)
        raise self.bad(
            f"{_short(schema)} is not a schema: a schema is a name, an object with 'type', or a "
            "list of schemas."
        )

    def reference(self, name: str, space: str) -> tuple[Node, Tree]:
        primitive = PRIMITIVE.get(name)
        if primitive is not None:
            return primitive, name
        node, full = self.known(name, space)
        if node is None:
            raise self.bad(
                f"{name[:200]!r} is not a defined name: define the type before it is used, or name "
                "the subject that holds it in 'references'."
            )
        return node, _shown(full, space)

    def union(self, schema: list[object], space: str, depth: int) -> tuple[Node, Tree]:
        branches = []
        trees = []
        seen = set()
        for item in schema:
            node, tree = self.read(item, space, depth + 1)
            if node.kind == "union":
                raise self.bad("a union may not hold a union directly.")
            key = node.name or node.kind
            if key in seen:
                raise self.bad(f"the union holds {key} twice.")
            seen.add(key)
            branches.append(node)
            trees.append(tree)
        node = shared_union(tuple(branches))
        return self.bounded(node), trees

    def described(self, schema: dict[str, object], space: str, depth: int) -> tuple[Node, Tree]:
        kind = schema.get("type")
        if not isinstance(kind, str):
            raise self.bad(
                "an object has no member 'type' that is a string, so it is no schema: "
                f"{_short(schema)}."
            )
        if kind in PRIMITIVES:
            props = self.props(schema, RESERVED)
            return PRIMITIVE[kind], ({"type": kind, **props} if props else kind)
        if kind in NAMED:
            return self.named(kind, schema, space, depth)
        if kind in ("array", "map"):
            member = "items" if kind == "array" else "values"
            if schema.get(member) is None:
                raise self.bad(f"a {kind} has no member '{member}'.")
            items, tree = self.read(schema[member], space, depth + 1)
            node = shared_items(kind, items)
            return self.bounded(node), {"type": kind, member: tree, **self.props(schema, RESERVED)}
        found, full = self.known(kind, space)
        if found is None:
            raise self.bad(f"the type {kind[:200]!r} is not supported, and no type has that name.")
        return found, _shown(full, space)

    def bounded(self, node: Node) -> Node:
        # Names let a shallow text build a deep type, so depth is counted on the types too.
        if node.height > self.limits.depth:
            raise self.bad(f"the schema nests deeper than {self.limits.depth} levels.")
        return node

    def named(
        self, kind: str, schema: dict[str, object], space: str, depth: int
    ) -> tuple[Node, Tree]:
        own = schema.get("namespace")
        full, inner = self.name(
            schema.get("name"), own if isinstance(own, str) else space, f"a {kind}"
        )
        if full in PRIMITIVES:
            raise self.bad(f"a {kind} may not be named after the primitive type {full}.")
        if full in self.names or full in self.open:
            if not self.new and full in self.names:
                return self.names[full], _shown(full, space)
            raise self.bad(f"the type {full} is defined twice: a name can be defined once only.")
        tree: dict[str, Tree] = {"type": kind, "name": full.rpartition(".")[2]}
        if inner != space:
            tree["namespace"] = inner
        if isinstance(schema.get("doc"), str):
            tree["doc"] = schema["doc"]
        self.path.append((kind, full))
        aliases = self.aliases(schema, inner)
        if kind == "enum":
            node = self.enum(schema, full, aliases, tree)
        elif kind == "fixed":
            node = self.fixed(schema, full, aliases, tree)
        else:
            node = self.record(schema, full, inner, aliases, tree, depth)
        tree.update(self.props(schema, ENUM_RESERVED if kind == "enum" else RESERVED))
        if aliases:
            tree["aliases"] = [_shown(alias, inner) for alias in aliases]
        self.path.pop()
        self.names[full] = node
        if not self.new:
            self.definitions[full] = (tree, space)
        return self.bounded(node), tree

    def aliases(self, schema: Mapping[str, object], space: str) -> tuple[str, ...]:
        texts = self.alias_texts(schema)
        return tuple(dict.fromkeys(self.name(text, space, "an alias")[0] for text in texts))

    def alias_texts(self, schema: Mapping[str, object]) -> tuple[str, ...]:
        value = schema.get("aliases")
        if value is None and "aliases" not in schema:
            return ()
        if not isinstance(value, list):
            raise self.bad("'aliases' is not a list of names.")
        if len(value) > 1000:
            raise self.bad("there are more than 1000 aliases.")
        for text in value:
            if not isinstance(text, str):
                raise self.bad(f"the alias {_short(text)} is not a string.")
        return tuple(dict.fromkeys(value))

    def enum(
        self, schema: dict[str, object], full: str, aliases: tuple[str, ...], tree: dict[str, Tree]
    ) -> Node:
        symbols = schema.get("symbols")
        if not isinstance(symbols, list):
            raise self.bad("the enum has no list 'symbols'.")
        seen = set()
        for symbol in symbols:
            if not _is_word(symbol):
                raise self.bad(f"the symbol {_short(symbol)} is not a name.")
            if symbol in seen:
                raise self.bad(f"the symbol {symbol[:80]!r} is there twice.")
            seen.add(symbol)
        self.spend(len(symbols))
        tree["symbols"] = symbols
        default = schema.get("default")
        if isinstance(default, str):
            if default not in seen:
                raise self.bad(f"the enum's default {default[:80]!r} is none of its symbols.")
            tree["default"] = default
        else:
            default = None
        return shared_enum(full, aliases, tuple(symbols), default)

    def spend(self, count: int) -> None:
        self.spent += count
        if self.spent > self.limits.nodes:
            raise self.bad(f"the schema has more than {self.limits.nodes} parts.")

    def fixed(
        self, schema: dict[str, object], full: str, aliases: tuple[str, ...], tree: dict[str, Tree]
    ) -> Node:
        size = schema.get("size")
        if not _integer(size, (0, INT[1])):
            raise self.bad("the fixed has no member 'size' that is a whole number from 0 up.")
        assert isinstance(size, int)  # noqa: S101 - for the type checker; tested just above
        tree["size"] = size
        return shared_fixed(full, aliases, size)

    def record(
        self,
        schema: dict[str, object],
        full: str,
        space: str,
        aliases: tuple[str, ...],
        tree: dict[str, Tree],
        depth: int,
    ) -> Node:
        listed = schema.get("fields")
        if not isinstance(listed, list):
            raise self.bad("the record has no list 'fields'.")
        place = len(self.open)
        self.open[full] = place
        outer, self.lowest = self.lowest, _CLOSED
        fields: list[Field] = []
        trees: list[Tree] = []
        seen: set[str] = set()
        defaults: dict[str, object] = {}
        for item in listed:
            field, field_tree = self.field(item, full, space, depth, defaults)
            if field.name in seen:
                raise self.bad(f"the field {field.name!r} is there twice.")
            seen.add(field.name)
            fields.append(field)
            trees.append(field_tree)
        tree["fields"] = trees
        del self.open[full]
        self.defaults[full] = defaults
        node = self.closed(full, aliases, tuple(fields), place)
        # What refers to a record further out keeps the ones between open too.
        self.lowest = min(outer, self.lowest if self.lowest < place else _CLOSED)
        return node

    def closed(
        self, full: str, aliases: tuple[str, ...], fields: tuple[Field, ...], place: int
    ) -> Node:
        node = self.pending.pop(full, None)
        if node is None and self.lowest == _CLOSED:
            return shared_record(full, aliases, fields)
        if node is None:
            node = Node("record", full)
        node.aliases = aliases
        fill_record(node, fields, sound=False)
        return node

    def field(
        self, item: object, record: str, space: str, depth: int, defaults: dict[str, object]
    ) -> tuple[Field, Tree]:
        if not isinstance(item, dict):
            raise self.bad(f"the field {_short(item)} is not an object.")
        name = item.get("name")
        if not _is_word(name):
            raise self.bad(
                f"the field name {_short(name)} is not allowed: a name begins with a letter or '_' "
                "and goes on with letters, digits and '_'."
            )
        self.path.append(("field", name, "of", record))
        if "type" not in item:
            raise self.bad("the field has no type.")
        node, type_tree = self.read(item["type"], space, depth + 1)
        tree: dict[str, Tree] = {"name": name, "type": type_tree}
        if isinstance(item.get("doc"), str):
            tree["doc"] = item["doc"]
        has_default = "default" in item
        if has_default:
            value = tree["default"] = defaults[name] = self.default(item["default"], node)
            if isinstance(value, float | list | dict):
                self.numbers = True
        order = item.get("order")
        if "order" in item:
            order = self.order(order)
            if order != "ascending":
                tree["order"] = order
        aliases: tuple[str, ...] = ()
        if "aliases" in item and (aliases := self.alias_texts(item)):
            tree["aliases"] = list(aliases)
        if not item.keys() <= FIELD_RESERVED:
            tree.update(self.props(item, FIELD_RESERVED))
        self.path.pop()
        return Field(name, aliases, has_default, node), tree

    def order(self, order: object) -> str:
        if not isinstance(order, str) or order.lower() not in ORDERS:
            raise self.bad(
                f"the order {_short(order)} is unknown: it is ascending, descending or ignore."
            )
        return order.lower()

    # -- defaults --------------------------------------------------------------------------

    def default(self, value: object, node: Node) -> object:
        if isinstance(value, str) and node.kind in ("float", "double"):
            number = _java_number(value)  # Java reads "1.5" and "NaN" there
            if number is None:
                raise self.bad(f"the default {_short(value)} is not a {node.kind}.")
            value = number if number == number and abs(number) != float("inf") else _odd(number)
        if not self.lenient and not self.fits(value, node, 0):
            raise self.bad(f"the default {_short(value)} is not a {node.describe()}.")
        return value

    def fits(self, value: object, node: Node, depth: int) -> bool:
        """Whether a default is of a type; any branch of a union will do (Avro 1.12)."""
        self.checked += 1
        if self.checked > self.limits.nodes * 4 or depth > self.limits.depth:
            raise self.bad("the defaults are too many, or nest too deep, to be checked.")
        match node.kind:
            case "null":
                return value is None
            case "boolean":
                return isinstance(value, bool)
            case "int":
                return _integer(value, INT)
            case "long":
                return _integer(value, LONG)
            case "float" | "double":
                return isinstance(value, int | float | _Odd) and not isinstance(value, bool)
            case "string" | "bytes" | "enum" | "fixed":
                return isinstance(value, str)
            case "union":
                return any(self.fits(value, branch, depth + 1) for branch in node.branches)
            case "record":
                return isinstance(value, dict) and self.record_fits(value, node, depth)
        if node.items is None:
            return False
        if node.kind == "array":
            return isinstance(value, list) and all(
                self.fits(item, node.items, depth + 1) for item in value
            )
        return isinstance(value, dict) and all(
            self.fits(item, node.items, depth + 1) for item in value.values()
        )

    def record_fits(self, value: Mapping[str, object], node: Node, depth: int) -> bool:
        if node.name in self.open:
            raise self.bad(f"the default needs {node.name}, which is not complete yet.")
        known = self.defaults.get(node.name, {})
        for field in node.fields:
            if field.name in value:
                given = value[field.name]
            elif field.name in known:
                given = known[field.name]
            else:
                return False
            if not self.fits(given, field.type, depth + 1):
                return False
        return True


class _Odd(str):
    """A number that JSON cannot write (NaN, the infinities), as Java's printer quotes it."""

    __slots__ = ()


def _odd(value: float) -> _Odd:
    if value != value:
        return _Odd("NaN")
    return _Odd("Infinity" if value > 0 else "-Infinity")


def _is_word(text: object) -> TypeGuard[str]:
    """Whether it can be the name of a field or of a symbol."""
    return (
        isinstance(text, str)
        and len(text) <= LIMITS.name
        and text.isascii()
        and text.isidentifier()
    )


def _is_namespace(space: str) -> bool:
    return space.isascii() and all(part.isidentifier() for part in space.split("."))


def _integer(value: object, bounds: tuple[int, int]) -> bool:
    return (
        isinstance(value, int) and not isinstance(value, bool) and bounds[0] <= value <= bounds[1]
    )


def _shown(full: str, space: str) -> str:
    """A full name as the printer writes it inside a namespace.

    Short within the same namespace, save that a type called like a kind of type (``record``,
    ``map``) keeps its namespace, or it would be read as that kind.
    """
    own, _, short = full.rpartition(".")
    if own and own == space and short not in PRIMITIVES and short not in _KINDS:
        return short
    return full


_KINDS: Final = frozenset({"record", "enum", "array", "map", "union", "fixed"})


def _short(value: object) -> str:
    try:
        text = orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return "a value nested very deep"
    return text if len(text) <= 120 else f"{text[:120]}…"
