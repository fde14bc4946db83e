"""What keeps one JSON Schema from reading what another wrote: the comparison of two nodes.

The rules are those of the wire's reference server. `original` is the writer, `update` the reader. A
pair of nodes is compared once, its differences relative to the pair; where the pair comes up again
they are told again at that place. A pair that is still being compared counts as equal, and if that
was assumed anywhere, all is compared again with what was found to differ, until nothing new comes
up: only so is a difference within a circle found everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from registry.formats.base import LIMITS, Difference, Limits, Policy
from registry.formats.json_schema import kinds, nodes
from registry.formats.json_schema.combined import compare_combined
from registry.formats.json_schema.expressions import Expression
from registry.formats.json_schema.nodes import ABSENT, Combined, Node, Num, followed
from registry.formats.json_schema.text import Keys, Value


class Found(NamedTuple):
    """A kind of difference, and where, relative to the pair that was compared.

    Places are put together at the end: a chain of pairs would hold each of their beginnings.
    """

    kind: str
    steps: tuple[str, ...]
    below: Found | None = None  # what was found there, whose place goes on from here

    @property
    def path(self) -> tuple[str, ...]:
        """The whole place."""
        found: Found | None = self
        steps: list[str] = []
        while found is not None:
            steps += found.steps
            found = found.below
        return tuple(steps)


Pair = tuple[int, int]


def differences(
    reader: Node, writer: Node, policy: Policy = Policy.STRICT, limits: Limits = LIMITS
) -> list[Difference]:
    """Everything that differs, in the order found, what is no obstacle included.

    A comparison that would take more steps than the limits allow yields one difference, which says
    so.
    """
    try:
        found = Check(kinds.allowed(policy), limits.steps).settled(writer, reader)
        paths = _paths(found, limits)
    except TooLong:
        words = "the two are too complex to compare: simplify what is combined in them"
        text = f"Unexpected exception during compatibility check: {words}"
        return [Difference("UNEXPECTED", "#/", text, words)]
    return [kinds.difference(f.kind, path, policy) for f, path in zip(found, paths, strict=True)]


def _paths(found: Sequence[Found], limits: Limits) -> list[str]:
    paths: list[str] = []
    left = limits.told
    for one in found:
        paths.append("#/" + "/".join(one.path))
        left -= len(paths[-1])
        if left < 0:
            raise TooLong
    return paths


PAIR: Final = 8  # steps that a pair costs; to meet it again costs one
OBJECT: Final = 5  # what one of objects costs besides, and one for each property
DEEPEST: Final = 40  # pairs within pairs; each takes some ten frames of the interpreter's stack


class TooLong(Exception):
    """The comparison has cost all that it may."""


class TooDeep(Exception):
    """A pair lies so deep that it must be compared before what it lies in."""

    def __init__(self, original: Node, update: Node) -> None:
        super().__init__()
        self.pair = original, update


class Check:
    """The comparison of two schemas."""

    def __init__(self, allowed: frozenset[str], steps: int) -> None:
        self.allowed = allowed
        self.steps_left = steps
        self.known: dict[Pair, tuple[Found, ...]] = {}  # pairs that an earlier pass found to differ
        self.done: dict[Pair, tuple[Found, ...]] = {}
        self.open: set[Pair] = set()
        self.above: set[Pair] = set()  # open too, and waiting for one that lies deep within them
        self.assumed = False
        self.kept: list[Node] = []  # so that no identity is given out twice
        self.list: list[Found] = []
        self.path: tuple[str, ...] = ()
        self.keys = Keys()
        self.expressions: dict[str, Expression] = {}
        self.distinct: dict[int, list[Node]] = {}  # branches, by the identity of their combination

    def settled(self, original: Node, update: Node) -> tuple[Found, ...]:
        """The differences, when no pair is assumed to be equal any more that is not."""
        while True:
            self.done, self.assumed = {}, False
            found = self.deepest_first(original, update)
            differing = {pair: told for pair, told in self.done.items() if not self.fine(told)}
            if not self.assumed or differing.keys() == self.known.keys():
                return found
            self.known = differing

    def deepest_first(self, original: Node, update: Node) -> tuple[Found, ...]:
        """As `pair`, however long the chain of pairs within pairs is."""
        waiting = [(original, update)]
        while True:
            try:
                found = self.pair(*waiting[-1])
            except TooDeep as deep:
                self.above.add(identity(*waiting[-1]))
                waiting.append(deep.pair)
                continue
            waiting.pop()
            if not waiting:
                return found
            self.above.remove(identity(*waiting[-1]))

    # -- what the rules of each kind of node are written with --------------------------------

    def add(self, kind: str, *steps: str) -> None:
        self.list.append(Found(kind, (*self.path, *steps)))

    @contextmanager
    def at(self, *steps: str) -> Iterator[None]:
        before, self.path = self.path, (*self.path, *steps)
        try:
            yield
        finally:
            self.path = before

    def compare(self, original: Node | None, update: Node | None) -> None:
        """Adds the differences of two schemas, either of which may be missing, at this place."""
        if original is None and update is None:
            return
        if original is None:
            self.add("SCHEMA_ADDED")
        elif update is None:
            self.add("SCHEMA_REMOVED")
        else:
            found = self.pair(original, update)
            # What is told again and again grows with each level that names the one below twice.
            self.spend(len(found))
            self.list += (Found(f.kind, self.path, f) for f in found)

    def tried(self, original: Node | None, update: Node | None) -> list[Found]:
        """The differences as `compare` would add them."""
        before, self.list = self.list, []
        try:
            self.compare(original, update)
            return self.list
        finally:
            self.list = before

    def fine(self, found: Sequence[Found]) -> bool:
        return all(f.kind in self.allowed for f in found)

    def spend(self, steps: int) -> None:
        self.steps_left -= steps
        if self.steps_left < 0:
            raise TooLong

    # -- pairs ---------------------------------------------------------------------------------

    def pair(self, original: Node, update: Node) -> tuple[Found, ...]:
        """The differences of a pair, relative to it."""
        original, update = followed(original), followed(update)
        this = identity(original, update)
        self.spend(1)
        if this in self.done:
            return self.done[this]
        if this in self.open or this in self.above:
            if this in self.known:
                return self.known[this]
            self.assumed = True
            return ()
        if len(self.open) >= DEEPEST:
            raise TooDeep(original, update)
        self.spend(PAIR)
        self.open.add(this)
        self.kept += (original, update)
        before = self.list, self.path
        self.list, self.path = [], ()
        try:
            self.nodes(original, update)
            found = self.done[this] = tuple(self.list)
        finally:
            self.list, self.path = before
            self.open.remove(this)
        return found

    def nodes(self, original: Node, update: Node) -> None:
        mixed = isinstance(update, Combined) != isinstance(original, Combined)
        if mixed and self.one_of_several(original, update):
            return
        if type(original) is not type(update):
            nothing_to_read = isinstance(original, nodes.Nothing)
            same_bytes = original.bytes_of_connect and update.bytes_of_connect
            if not (nothing_to_read or isinstance(update, nodes.Anything) or same_bytes):
                self.add("TYPE_CHANGED")
            return
        for name, kind in (("id", "ID"), ("title", "TITLE"), ("description", "DESCRIPTION")):
            if getattr(original, name) != getattr(update, name):
                self.add(f"{kind}_CHANGED")
        if self.digest(original.default) != self.digest(update.default):
            self.add("DEFAULT_CHANGED")
        rule = RULES.get(type(original))
        if rule is not None:
            rule(self, original, update)

    def one_of_several(self, original: Node, update: Node) -> bool:
        """A schema against several: whether one of those alone settles it."""
        several = update if isinstance(update, Combined) else original
        if not isinstance(several, Combined):
            return False
        added = isinstance(update, Combined)
        single = len(several.branches) == 1
        settles = several.criterion != nodes.ALL if added else several.criterion == nodes.ALL
        if not (single or settles):
            return False
        for branch in several.branches:
            found = self.tried(original, branch) if added else self.tried(branch, update)
            if self.fine(found):
                self.list += found
                if not single:
                    self.add("SUM_TYPE_EXTENDED" if added else "PRODUCT_TYPE_NARROWED")
                return True
        return False

    # -- what is asked often ---------------------------------------------------------------------

    def digest(self, value: Value) -> bytes | None:
        return None if value is ABSENT else self.keys.of(value)

    def matches(self, expression: str, name: str) -> bool:
        """Whether the expression is found in the name."""
        if expression not in self.expressions:
            self.expressions[expression] = Expression(expression, self.spend)
        return self.expressions[expression].matches(name)


def identity(original: Node, update: Node) -> Pair:
    return id(followed(original)), id(followed(update))


# --- The rules of each kind of node --------------------------------------------------------------


def _limit(check: Check, word: str, kind: str, before: Num | None, after: Num | None) -> None:
    if before is None and after is not None:
        check.add(f"{kind}_ADDED", word)
    elif before is not None and after is None:
        check.add(f"{kind}_REMOVED", word)
    elif before is not None and after is not None and before != after:
        check.add(f"{kind}_{'INCREASED' if before < after else 'DECREASED'}", word)


def _text(check: Check, original: nodes.Text, update: nodes.Text) -> None:
    _limit(check, "maxLength", "MAX_LENGTH", original.max_length, update.max_length)
    _limit(check, "minLength", "MIN_LENGTH", original.min_length, update.min_length)
    if original.pattern is None and update.pattern is not None:
        check.add("PATTERN_ADDED", "pattern")
    elif original.pattern is not None and update.pattern is None:
        check.add("PATTERN_REMOVED", "pattern")
    elif original.pattern != update.pattern:
        check.add("PATTERN_CHANGED", "pattern")


def _number(check: Check, one: nodes.Number, two: nodes.Number) -> None:
    _limit(check, "maximum", "MAXIMUM", one.maximum, two.maximum)
    _limit(check, "minimum", "MINIMUM", one.minimum, two.minimum)
    for word, kind, before, after in (
        ("exclusiveMaximum", "EXCLUSIVE_MAXIMUM", one.exclusive_maximum, two.exclusive_maximum),
        ("exclusiveMinimum", "EXCLUSIVE_MINIMUM", one.exclusive_minimum, two.exclusive_minimum),
    ):
        _limit(check, word, kind, before, after)
    _multiple(check, one.multiple_of, two.multiple_of)
    if one.integer != two.integer:
        check.add("TYPE_EXTENDED" if one.integer else "TYPE_NARROWED")


def _multiple(check: Check, before: Num | None, after: Num | None) -> None:
    if before == after:
        return
    if before is None or after is None:
        check.add("MULTIPLE_OF_ADDED" if before is None else "MULTIPLE_OF_REMOVED", "multipleOf")
    elif before and nodes.remainder(after, before) == 0:
        check.add("MULTIPLE_OF_EXPANDED", "multipleOf")
    elif after and nodes.remainder(before, after) == 0:
        check.add("MULTIPLE_OF_REDUCED", "multipleOf")
    else:
        check.add("MULTIPLE_OF_CHANGED", "multipleOf")


def _enum(check: Check, original: nodes.Enum, update: nodes.Enum) -> None:
    before, after = original.values.keys(), update.values.keys()
    if before != after:
        extended, narrowed = before <= after, after <= before
        change = "EXTENDED" if extended else "NARROWED" if narrowed else "CHANGED"
        check.add(f"ENUM_ARRAY_{change}", "enum")


def _const(check: Check, original: nodes.Const, update: nodes.Const) -> None:
    if check.digest(original.value) != check.digest(update.value):
        check.add("ENUM_ARRAY_CHANGED", "const")


def _not(check: Check, original: nodes.Not, update: nodes.Not) -> None:
    with check.at("not"):
        fine = check.fine(check.tried(update.inner, original.inner))
        check.add("NOT_TYPE_NARROWED" if fine else "NOT_TYPE_EXTENDED")


def _object(check: Check, original: nodes.Object, update: nodes.Object) -> None:
    check.spend(OBJECT + len(original.properties) + len(update.properties))
    for name in original.properties:
        if name in update.properties:
            _required(check, name, original, update)
    for name in {**original.properties, **update.properties}:
        with check.at("properties", name):
            _property(check, name, original, update)
    for name in {**original.required_with, **update.required_with}:
        with check.at("dependencies", name):
            _dependency(check, original.required_with.get(name), update.required_with.get(name))
    for name in {**original.schema_with, **update.schema_with}:
        with check.at("dependencies", name):
            one, two = original.schema_with.get(name), update.schema_with.get(name)
            if one is None or two is None:
                check.add(f"DEPENDENCY_SCHEMA_{'REMOVED' if two is None else 'ADDED'}")
            else:
                check.compare(one, two)
    with check.at("additionalProperties"):
        _additional(check, "ADDITIONAL_PROPERTIES", original, update)
    with check.at("unevaluatedProperties"):
        _unevaluated(check, "UNEVALUATED_PROPERTIES", original.unevaluated, update.unevaluated)
    for word, kind, before, after in (
        ("maxProperties", "MAX_PROPERTIES", original.max_properties, update.max_properties),
        ("minProperties", "MIN_PROPERTIES", original.min_properties, update.min_properties),
    ):
        _limit(check, word, kind, before, after)


def _required(check: Check, name: str, original: nodes.Object, update: nodes.Object) -> None:
    before, after = name in original.required, name in update.required
    if before and not after:
        check.add("REQUIRED_ATTRIBUTE_REMOVED", "required", name)
    elif after and not before:
        kind = "WITH_DEFAULT_ADDED" if _has_default(update.properties[name]) else "ADDED"
        check.add(f"REQUIRED_ATTRIBUTE_{kind}", "required", name)


def _has_default(node: Node) -> bool:
    return node.default is not ABSENT


def _property(check: Check, name: str, original: nodes.Object, update: nodes.Object) -> None:
    before, after = original.properties.get(name), update.properties.get(name)
    if before is not None and after is not None:
        check.compare(before, after)
    elif before is not None:
        if _is_open(update):
            check.add("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL")
            return
        cover = _cover(check, update, name)
        if cover is not None:
            _covered(check, "PROPERTY_REMOVED", before, cover)
        elif isinstance(before, nodes.Nothing):
            check.add("PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL")
        else:
            check.add("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL")
    elif after is not None:
        open_ = _is_open(original)
        if open_ and isinstance(after, nodes.Anything):
            check.add("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL")
            return
        cover = None if open_ else _cover(check, original, name)
        if cover is not None:
            _covered(check, "PROPERTY_ADDED", cover, after)
        optional = name not in update.required
        default = not optional and _has_default(after)
        what = "OPTIONAL" if optional else "REQUIRED"
        how = "PROPERTY_WITH_DEFAULT_ADDED" if default else "PROPERTY_ADDED"
        check.add(f"{what}_{how}_TO_{'OPEN' if open_ else 'UNOPEN'}_CONTENT_MODEL")


def _covered(check: Check, kind: str, original: Node, update: Node) -> None:
    found = check.tried(original, update)
    check.list += found
    how = "IS_COVERED" if check.fine(found) else "NOT_COVERED"
    check.add(f"{kind}_{how}_BY_PARTIALLY_OPEN_CONTENT_MODEL")


def _is_open(node: nodes.Object | nodes.Array) -> bool:
    """Whether whatever it does not name may stand in it."""
    if not node.permits_additional or node.additional is not None:
        return False
    if isinstance(node, nodes.Object) and node.patterns:
        return False
    return node.unevaluated is None or isinstance(node.unevaluated, nodes.Anything)


def _cover(check: Check, node: nodes.Object | nodes.Array, name: str) -> Node | None:
    """The schema of what it does not name, for that name; None where there is none."""
    if isinstance(node, nodes.Object):
        for expression, inner in node.patterns.items():
            if check.matches(expression, name):
                return inner
    if node.additional is not None:
        return node.additional
    uneval = node.unevaluated
    if node.permits_additional and not isinstance(uneval, nodes.Nothing | nodes.Anything):
        return uneval
    return None


def _dependency(check: Check, before: set[str] | None, after: set[str] | None) -> None:
    if before == after:
        return
    if after is None:
        check.add("DEPENDENCY_ARRAY_REMOVED")
    elif before is None:
        check.add("DEPENDENCY_ARRAY_ADDED")
    else:
        extended, narrowed = before <= after, after <= before
        change = "EXTENDED" if extended else "NARROWED" if narrowed else "CHANGED"
        check.add(f"DEPENDENCY_ARRAY_{change}")


def _additional(
    check: Check, kind: str, one: nodes.Object | nodes.Array, two: nodes.Object | nodes.Array
) -> None:
    if one.permits_additional != two.permits_additional:
        check.add(f"{kind}_{'ADDED' if two.permits_additional else 'REMOVED'}")
    elif one.additional is None and two.additional is not None:
        check.add(f"{kind}_NARROWED")
    elif one.additional is not None and two.additional is None:
        check.add(f"{kind}_EXTENDED")
    else:
        check.compare(one.additional, two.additional)


def _unevaluated(check: Check, kind: str, before: Node | None, after: Node | None) -> None:
    if before is None and after is None:
        return
    if before is None:
        check.add(f"{kind}_{'REMOVED' if isinstance(after, nodes.Nothing) else 'NARROWED'}")
        return
    if after is None:
        check.add(f"{kind}_{'ADDED' if isinstance(before, nodes.Nothing) else 'EXTENDED'}")
        return
    closed = isinstance(before, nodes.Nothing), isinstance(after, nodes.Nothing)
    open_ = isinstance(before, nodes.Anything), isinstance(after, nodes.Anything)
    if closed[0] != closed[1]:
        check.add(f"{kind}_{'ADDED' if closed[0] else 'REMOVED'}")
    elif open_[0] != open_[1]:
        check.add(f"{kind}_{'NARROWED' if open_[0] else 'EXTENDED'}")
    else:
        check.compare(before, after)


def _array(check: Check, original: nodes.Array, update: nodes.Array) -> None:
    with check.at("items"):
        check.compare(original.items, update.items)
    _tuple(check, original, update)
    with check.at("additionalItems"):
        _additional(check, "ADDITIONAL_ITEMS", original, update)
    with check.at("unevaluatedItems"):
        _unevaluated(check, "UNEVALUATED_ITEMS", original.unevaluated, update.unevaluated)
    _limit(check, "maxItems", "MAX_ITEMS", original.max_items, update.max_items)
    _limit(check, "minItems", "MIN_ITEMS", original.min_items, update.min_items)
    if original.unique != update.unique:
        check.add(f"UNIQUE_ITEMS_{'REMOVED' if original.unique else 'ADDED'}", "uniqueItems")
    _limit(check, "maxContains", "MAX_CONTAINS", original.max_contains, update.max_contains)
    _limit(check, "minContains", "MIN_CONTAINS", original.min_contains, update.min_contains)


def _tuple(check: Check, original: nodes.Array, update: nodes.Array) -> None:
    both = min(len(original.tuple_), len(update.tuple_))
    for index, (before, after) in enumerate(zip(original.tuple_, update.tuple_, strict=False)):
        with check.at("items", str(index)):
            check.compare(before, after)
    for index, item in enumerate(original.tuple_[both:], both):
        with check.at("items", str(index)):
            _lost_item(check, item, update)
    for index, item in enumerate(update.tuple_[both:], both):
        with check.at("items", str(index)):
            _new_item(check, original, item)


def _lost_item(check: Check, item: Node, update: nodes.Array) -> None:
    cover = _cover(check, update, "")
    if _is_open(update):
        check.add("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL")
    elif cover is not None:
        _covered(check, "ITEM_REMOVED", item, cover)
    elif isinstance(item, nodes.Nothing):
        check.add("ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL")
    else:
        check.add("ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL")


def _new_item(check: Check, original: nodes.Array, item: Node) -> None:
    cover = _cover(check, original, "")
    if _is_open(original):
        empty = "ITEM_WITH_EMPTY_SCHEMA" if isinstance(item, nodes.Anything) else "ITEM"
        check.add(f"{empty}_ADDED_TO_OPEN_CONTENT_MODEL")
    elif cover is not None:
        _covered(check, "ITEM_ADDED", cover, item)
    else:
        check.add("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL")


# Each rule is called with nodes of the type that it is listed for.
RULES: dict[type[Node], Callable[..., None]] = {
    nodes.Text: _text,
    nodes.Number: _number,
    nodes.Enum: _enum,
    nodes.Const: _const,
    nodes.Not: _not,
    nodes.Object: _object,
    nodes.Array: _array,
    Combined: compare_combined,
}
