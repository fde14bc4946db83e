"""The difference of two JSON Schemas by meaning, for people: properties and what they ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from registry.formats.base import Change, ChangeKind
from registry.formats.json_schema import diff, nodes
from registry.formats.json_schema.kinds import ALLOWED
from registry.formats.json_schema.nodes import ABSENT, Combined, Node, followed
from registry.formats.json_schema.text import dumps, key

ROOT: Final = "(root)"
MOST: Final = 10_000  # rows; what is larger is read by nobody
DEEPEST: Final = 200  # steps of a pointer; two for each level
BACKWARD: Final = "BACKWARD"
FORWARD: Final = "FORWARD"

Pointer = tuple[str, ...]


def changes(old: Node, new: Node) -> list[Change]:
    """Added, removed and changed properties, in the order of the newer schema, removed last."""
    breaks = _Breaks(old, new)
    walk = _Walk(breaks)
    walk.pair(old, new, "", ())
    return walk.rows[:MOST]


def contents(node: Node) -> list[Change]:
    """All that a schema brings, as additions."""
    walk = _Walk(None)
    node = followed(node)
    walk.rows.append(Change(ChangeKind.ADDED, ROOT, after=words(node)))
    walk.below_new(node, "", 0)
    return walk.rows[:MOST]


class _Breaks:
    """Which directions each place breaks, by the rules of the comparison."""

    def __init__(self, old: Node, new: Node) -> None:
        self.paths = {
            BACKWARD: _obstacles(new, old),
            FORWARD: _obstacles(old, new),
        }

    def at(self, pointer: Pointer, *others: Pointer, whole: bool = False) -> frozenset[str]:
        """Directions with an obstacle at one of the places; `whole`, or anywhere below them."""
        places = (pointer, *others)
        return frozenset(
            direction
            for direction, found in self.paths.items()
            if any(
                path == place or (whole and path[: len(place)] == place)
                for path in found
                for place in places
            )
        )


def _obstacles(reader: Node, writer: Node) -> list[Pointer]:
    found = diff.differences(reader, writer)
    paths = (d.path.removeprefix("#/") for d in found if d.kind not in ALLOWED)
    return [tuple(path.split("/")) if path else () for path in paths]


class _Walk:
    def __init__(self, breaks: _Breaks | None) -> None:
        self.breaks = breaks
        self.rows: list[Change] = []
        self.seen: set[tuple[int, int]] = set()

    def add(
        self,
        kind: ChangeKind,
        path: str,
        pointer: Pointer,
        before: str = "",
        after: str = "",
        *others: Pointer,
        whole: bool = False,
    ) -> None:
        breaks = self.breaks.at(pointer, *others, whole=whole) if self.breaks else frozenset()
        self.rows.append(Change(kind, path or ROOT, before, after, breaks))

    def pair(self, old: Node, new: Node, path: str, pointer: Pointer) -> None:
        old, new = followed(old), followed(new)
        if old is new or (id(old), id(new)) in self.seen or len(self.rows) > MOST:
            return
        self.seen.add((id(old), id(new)))
        if len(pointer) > DEEPEST or _written_alike(old, new):
            return
        if type(old) is not type(new) or words(old) != words(new) or _other_values(old, new):
            self.add(ChangeKind.RETYPED, path, pointer, words(old), words(new), whole=True)
            if type(old) is not type(new):
                return
        self.defaults(old, new, path, pointer)
        if old.description != new.description or old.title != new.title:
            self.add(ChangeKind.DOCUMENTED, path, pointer)
        self.constraints(old, new, path, pointer)
        if isinstance(old, nodes.Object) and isinstance(new, nodes.Object):
            self.properties(old, new, path, pointer)
        elif isinstance(old, nodes.Array) and isinstance(new, nodes.Array):
            if old.items is not None and new.items is not None:
                self.pair(old.items, new.items, f"{path}[]", (*pointer, "items"))
        elif isinstance(old, Combined) and isinstance(new, Combined):
            self.branches(old, new, path, pointer)

    def branches(self, old: Combined, new: Combined, path: str, pointer: Pointer) -> None:
        before = {key(b.source): b for b in old.branches if b.source is not None}
        after = {key(b.source): b for b in new.branches if b.source is not None}
        for digest, branch in after.items():
            if digest not in before:
                what = words(followed(branch))
                self.add(ChangeKind.ADDED, f"{path}|{what}", pointer, after=what, whole=True)
        for digest, branch in before.items():
            if digest not in after:
                what = words(followed(branch))
                self.add(ChangeKind.REMOVED, f"{path}|{what}", pointer, before=what, whole=True)

    def defaults(self, old: Node, new: Node, path: str, pointer: Pointer) -> None:
        if old.default is ABSENT and new.default is ABSENT:
            return
        if old.default is ABSENT:
            self.add(ChangeKind.DEFAULT_ADDED, path, pointer, after=dumps(new.default))
        elif new.default is ABSENT:
            self.add(ChangeKind.DEFAULT_LOST, path, pointer, before=dumps(old.default))
        elif key(old.default) != key(new.default):
            both = dumps(old.default), dumps(new.default)
            self.add(ChangeKind.DEFAULT_CHANGED, path, pointer, *both)

    def constraints(self, old: Node, new: Node, path: str, pointer: Pointer) -> None:
        before, after = dict(_constraints(old)), dict(_constraints(new))
        for word in {**before, **after}:
            if before.get(word) != after.get(word):
                self.add(
                    ChangeKind.OTHER,
                    path,
                    (*pointer, word),
                    f"{word} {before[word]}" if word in before else "",
                    f"{word} {after[word]}" if word in after else "",
                    whole=True,
                )

    def properties(self, old: nodes.Object, new: nodes.Object, path: str, pointer: Pointer) -> None:
        for name, node in new.properties.items():
            here = f"{path}.{name}" if path else name
            there = (*pointer, "properties", name)
            if name not in old.properties:
                self.add(
                    ChangeKind.ADDED,
                    here,
                    there,
                    after=_asked(node, name in new.required),
                    whole=True,
                )
                self.below_new(node, here, len(pointer))
                continue
            required = name in old.required, name in new.required
            if required[0] != required[1]:
                self.add(
                    ChangeKind.OTHER,
                    here,
                    (*pointer, "required", name),
                    "required" if required[0] else "optional",
                    "required" if required[1] else "optional",
                )
            self.pair(old.properties[name], node, here, there)
        for name, node in old.properties.items():
            if name not in new.properties:
                here = f"{path}.{name}" if path else name
                there = (*pointer, "properties", name)
                self.add(
                    ChangeKind.REMOVED,
                    here,
                    there,
                    before=_asked(node, name in old.required),
                    whole=True,
                )

    def below_new(self, node: Node, path: str, depth: int) -> None:
        node = followed(node)
        if depth > DEEPEST or (id(node), 0) in self.seen or len(self.rows) > MOST:
            return
        self.seen.add((id(node), 0))
        if isinstance(node, nodes.Array) and node.items is not None:
            self.below_new(node.items, f"{path}[]", depth + 1)
        if not isinstance(node, nodes.Object):
            return
        for name, inner in node.properties.items():
            here = f"{path}.{name}" if path else name
            after = _asked(inner, name in node.required)
            self.rows.append(Change(ChangeKind.ADDED, here, after=after))
            self.below_new(inner, here, depth + 1)


def _written_alike(old: Node, new: Node) -> bool:
    """Whether equal text says that nothing differs; what it refers to might."""
    if old.source is None or key(old.source) != key(new.source):
        return False
    text = dumps(old.source)
    return "$ref" not in text and "$dynamicRef" not in text


def _asked(node: Node, required: bool) -> str:
    what = words(followed(node))
    default = "" if node.default is ABSENT else f", default {dumps(node.default)}"
    return f"{what}{', required' if required else ''}{default}"


def _other_values(old: Node, new: Node) -> bool:
    """Whether two enumerations differ, be it beyond what is shown of them."""
    if not (isinstance(old, nodes.Enum) and isinstance(new, nodes.Enum)):
        return False
    return old.values.keys() != new.values.keys()


def words(node: Node) -> str:
    """What a schema takes, in a few words."""
    if isinstance(node, Combined):
        join = {nodes.ALL: " and ", nodes.ANY: " or ", nodes.ONE: " or else "}[node.criterion]
        shown = [_short(branch) for branch in node.branches[:6]]
        more = ["…"] if len(node.branches) > 6 else []
        return join.join([*shown, *more]) or "nothing to choose from"
    return _short(node)


def _short(node: Node, deepest: int = 5) -> str:
    node = followed(node)
    if not deepest:
        return "…"
    if isinstance(node, Combined):
        return f"({len(node.branches)} alternatives)"
    if isinstance(node, nodes.Number):
        return "integer" if node.integer else "number"
    if isinstance(node, nodes.Array):
        return f"list of {_short(node.items, deepest - 1)}" if node.items is not None else "list"
    if isinstance(node, nodes.Enum):
        shown = [dumps(value)[:200] for value in list(node.values.values())[:6]]
        return f"one of {', '.join(shown)}{', …' if len(node.values) > 6 else ''}"
    if isinstance(node, nodes.Const):
        return f"the value {dumps(node.value)[:200]}"
    if isinstance(node, nodes.Not):
        return f"anything but {_short(node.inner, deepest - 1)}"
    return _NAMES[type(node)]


_NAMES: Final[dict[type[Node], str]] = {
    nodes.Anything: "anything",
    nodes.Nothing: "nothing",
    nodes.Boolean: "boolean",
    nodes.Null: "null",
    nodes.Text: "string",
    nodes.Object: "object",
    nodes.Conditional: "by condition",
}
_WORDS: Final = {
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusive_minimum": "exclusiveMinimum",
    "exclusive_maximum": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "min_items": "minItems",
    "max_items": "maxItems",
    "unique": "uniqueItems",
    "min_contains": "minContains",
    "max_contains": "maxContains",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
    "permits_additional": "additionalProperties",
}


def _constraints(node: Node) -> Iterator[tuple[str, str]]:
    """(keyword, value) of what a schema asks besides its type."""
    for one in fields(node):
        value = getattr(node, one.name)
        word = _WORDS.get(one.name)
        if word is None or value is None or (value is False and one.name != "permits_additional"):
            continue
        if one.name == "permits_additional":
            if value:
                continue
            word = "additionalItems" if isinstance(node, nodes.Array) else word
        yield word, "false" if value is False else "true" if value is True else str(value)
