"""The difference of two JSON Schemas by meaning, for people: properties and what they ask."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Final, ParamSpec

from registry.formats.base import LONGEST, Change, ChangeKind
from registry.formats.json_schema import diff, nodes
from registry.formats.json_schema.kinds import ALLOWED
from registry.formats.json_schema.nodes import ABSENT, Combined, Node, followed
from registry.formats.json_schema.text import Keys, Value, dumps

ROOT: Final = "(root)"
MOST: Final = 10_000  # rows; what is larger is read by nobody
SHOWN: Final = 200  # characters of a value
FAR: Final = 50_000  # characters of a pointer; what lies deeper is looked for there
BACKWARD: Final = "BACKWARD"
FORWARD: Final = "FORWARD"

Pointer = str  # as the comparison writes them: "properties/name", "" for the root
Rows = list["Change | Rows"]
P = ParamSpec("P")


def changes(old: Node, new: Node) -> list[Change]:
    """Added, removed and changed properties, in the order of the newer schema, removed last."""
    walk = _Walk(_Breaks(old, new))
    walk.later(walk.pair, old, new, "", "")
    return [*walk.told(), *walk.untold()][:MOST]


def contents(node: Node) -> list[Change]:
    """All that a schema brings, as additions."""
    walk = _Walk(None)
    walk.rows.append(Change(ChangeKind.ADDED, ROOT, after=walk.words(followed(node))))
    walk.later(walk.below_new, node, "")
    return walk.told()


class _Breaks:
    """Which directions each place breaks, by the rules of the comparison."""

    def __init__(self, old: Node, new: Node) -> None:
        self.obstacles = {BACKWARD: _obstacles(new, old), FORWARD: _obstacles(old, new)}
        self.paths = {way: sorted(found) for way, found in self.obstacles.items()}

    def at(self, pointer: Pointer, *, whole: bool) -> frozenset[str]:
        """Directions with an obstacle at that place; `whole`, or anywhere below it."""
        return frozenset(
            direction
            for direction, paths in self.paths.items()
            if _begins(paths, pointer, exactly=True)
            or (whole and _begins(paths, f"{pointer}/" if pointer else "", exactly=False))
        )


def _begins(paths: list[Pointer], start: str, *, exactly: bool) -> bool:
    """Whether one of sorted paths begins so, or is exactly that."""
    index = bisect_left(paths, start)
    if index == len(paths):
        return False
    return paths[index] == start if exactly else paths[index].startswith(start)


def _obstacles(reader: Node, writer: Node) -> dict[Pointer, str]:
    """The kind of what stands in the way, by place."""
    found = diff.differences(reader, writer)
    return {d.path.removeprefix("#/"): d.kind for d in found if d.kind not in ALLOWED}


def _below(pointer: Pointer, *steps: str) -> Pointer:
    if len(pointer) > FAR:
        return pointer
    return "/".join((pointer, *steps) if pointer else steps)


def _named(path: str, name: str) -> str:
    return f"{path[-LONGEST:]}.{name}" if path else name


class _Walk:
    """Level by level, so that what can be reached in several ways is told at the shortest; what was
    found below a place stands there in the order of the text."""

    def __init__(self, breaks: _Breaks | None) -> None:
        self.breaks = breaks
        self.all: Rows = []
        self.rows = self.all  # where what is found at present belongs
        self.left: deque[Callable[[], None]] = deque()
        self.count = 0
        self.seen: set[tuple[int, int]] = set()
        self.keys = Keys()
        self.told_at: set[Pointer] = set()
        self.told_whole: set[Pointer] = set()  # with all that lies below
        self.said: dict[int, str] = {}  # by identity of what belongs to the two schemas

    def told(self) -> list[Change]:
        """All rows, after whatever is left to be looked at."""
        while self.left and self.count <= MOST:
            self.left.popleft()()
        found: list[Change] = []
        stack: Rows = [self.all]
        while stack:
            one = stack.pop()
            if isinstance(one, Change):
                found.append(one)
            else:
                stack += reversed(one)
        return found[:MOST]

    def untold(self) -> Iterator[Change]:
        """Obstacles at places that no row speaks of: within alternatives, conditions and the like,
        which only the comparison goes into."""
        if self.breaks is None:
            return
        ways: dict[Pointer, set[str]] = {}
        for way, found in self.breaks.obstacles.items():
            for pointer in found:
                if not self.is_told(pointer):
                    ways.setdefault(pointer, set()).add(way)
        for pointer, broken in ways.items():
            kind = next(
                found[pointer] for found in self.breaks.obstacles.values() if pointer in found
            )
            what = kind.replace("_", " ").lower()
            yield Change(ChangeKind.OTHER, pointer or ROOT, after=what, breaks=frozenset(broken))

    def is_told(self, pointer: Pointer) -> bool:
        if pointer in self.told_at or "" in self.told_whole:
            return True
        ends = (index for index, letter in enumerate(f"{pointer}/") if letter == "/")
        return any(pointer[:end] in self.told_whole for end in ends)

    def later(self, look: Callable[P, None], *given: P.args, **named: P.kwargs) -> None:
        """Looks at something when all that lies less deep has been looked at."""
        rows: Rows = []
        self.rows.append(rows)

        def do() -> None:
            self.rows = rows
            look(*given, **named)

        self.left.append(do)

    def add(
        self,
        kind: ChangeKind,
        path: str,
        pointer: Pointer,
        before: str = "",
        after: str = "",
        *,
        whole: bool = False,
    ) -> None:
        breaks = self.breaks.at(pointer, whole=whole) if self.breaks else frozenset()
        (self.told_whole if whole else self.told_at).add(pointer)
        self.rows.append(Change(kind, path or ROOT, before, after, breaks))
        self.count += 1

    # -- two schemas of one place ----------------------------------------------------------------

    def pair(self, old: Node, new: Node, path: str, pointer: Pointer) -> None:
        old, new = followed(old), followed(new)
        if old is new or (id(old), id(new)) in self.seen:
            return
        self.seen.add((id(old), id(new)))
        words = self.words(old), self.words(new)
        if type(old) is not type(new) or words[0] != words[1] or _other_values(old, new):
            self.add(ChangeKind.RETYPED, path, pointer, *words, whole=True)
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
                self.later(self.pair, old.items, new.items, f"{path}[]", _below(pointer, "items"))
        elif isinstance(old, Combined) and isinstance(new, Combined):
            self.branches(old, new, path, pointer)

    def branches(self, old: Combined, new: Combined, path: str, pointer: Pointer) -> None:
        before, after = self.by_text(old), self.by_text(new)
        for text, branch in after.items():
            if text not in before:
                what = self.words(followed(branch))
                self.add(ChangeKind.ADDED, f"{path}|{what}", pointer, after=what, whole=True)
        for text, branch in before.items():
            if text not in after:
                what = self.words(followed(branch))
                self.add(ChangeKind.REMOVED, f"{path}|{what}", pointer, before=what, whole=True)

    def by_text(self, several: Combined) -> dict[bytes, Node]:
        return {self.keys.of(b.source): b for b in several.branches if b.source is not None}

    def defaults(self, old: Node, new: Node, path: str, pointer: Pointer) -> None:
        if old.default is ABSENT and new.default is ABSENT:
            return
        if old.default is ABSENT:
            self.add(ChangeKind.DEFAULT_ADDED, path, pointer, after=self.value(new.default))
        elif new.default is ABSENT:
            self.add(ChangeKind.DEFAULT_LOST, path, pointer, before=self.value(old.default))
        elif self.keys.of(old.default) != self.keys.of(new.default):
            both = self.value(old.default), self.value(new.default)
            self.add(ChangeKind.DEFAULT_CHANGED, path, pointer, *both)

    def constraints(self, old: Node, new: Node, path: str, pointer: Pointer) -> None:
        before, after = dict(_constraints(old)), dict(_constraints(new))
        for word in {**before, **after}:
            if before.get(word) != after.get(word):
                self.add(
                    ChangeKind.OTHER,
                    path,
                    _below(pointer, word),
                    f"{word} {_cut(before[word])}" if word in before else "",
                    f"{word} {_cut(after[word])}" if word in after else "",
                    whole=True,
                )

    def properties(self, old: nodes.Object, new: nodes.Object, path: str, pointer: Pointer) -> None:
        for name, node in new.properties.items():
            if name not in old.properties:
                asked = self.asked(node, required=name in new.required)
                there = _below(pointer, "properties", name)
                self.add(ChangeKind.ADDED, _named(path, name), there, after=asked, whole=True)
                self.later(self.below_new, node, _named(path, name))
                continue
            required = name in old.required, name in new.required
            if required[0] != required[1]:
                self.add(
                    ChangeKind.OTHER,
                    _named(path, name),
                    _below(pointer, "required", name),
                    "required" if required[0] else "optional",
                    "required" if required[1] else "optional",
                )
            self.later(self.member, old.properties[name], node, path, pointer, name)
        for name, node in old.properties.items():
            if name not in new.properties:
                asked = self.asked(node, required=name in old.required)
                there = _below(pointer, "properties", name)
                self.add(ChangeKind.REMOVED, _named(path, name), there, before=asked, whole=True)

    def member(self, old: Node, new: Node, path: str, pointer: Pointer, name: str) -> None:
        # Paths are put together late: of those that wait, many may be long.
        self.pair(old, new, _named(path, name), _below(pointer, "properties", name))

    # -- a schema that was not there before ------------------------------------------------------

    def below_new(self, node: Node, path: str) -> None:
        node = followed(node)
        if (id(node), 0) in self.seen:
            return
        self.seen.add((id(node), 0))
        if isinstance(node, nodes.Array) and node.items is not None:
            self.later(self.below_new, node.items, f"{path}[]")
        if not isinstance(node, nodes.Object):
            return
        for name, inner in node.properties.items():
            here = _named(path, name)
            after = self.asked(inner, required=name in node.required)
            self.rows.append(Change(ChangeKind.ADDED, here, after=after))
            self.count += 1
            self.later(self.below_new, inner, here)

    # -- in words, each thing once ---------------------------------------------------------------

    def asked(self, node: Node, *, required: bool) -> str:
        what = self.words(followed(node))
        default = "" if node.default is ABSENT else f", default {self.value(node.default)}"
        return f"{what}{', required' if required else ''}{default}"

    def words(self, node: Node) -> str:
        """What a schema takes, in a few words."""
        return self.once(node, lambda: _words(node))

    def value(self, value: Value) -> str:
        return self.once(value, lambda: _cut(dumps(value)))

    def once(self, of: object, say: Callable[[], str]) -> str:
        if id(of) not in self.said:
            self.said[id(of)] = say()
        return self.said[id(of)]


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _other_values(old: Node, new: Node) -> bool:
    """Whether two enumerations differ, be it beyond what is shown of them."""
    if not (isinstance(old, nodes.Enum) and isinstance(new, nodes.Enum)):
        return False
    return old.values.keys() != new.values.keys()


def _words(node: Node) -> str:
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
        shown = [_cut(dumps(value)) for value in list(node.values.values())[:6]]
        return f"one of {', '.join(shown)}{', …' if len(node.values) > 6 else ''}"
    if isinstance(node, nodes.Const):
        return f"the value {_cut(dumps(node.value))}"
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
