"""What changed from one Avro schema to another, by meaning: for people, not for a verdict.

Named types are paired by full name, then by last part; fields by name, then by alias. Whether a
change stands in the way of reading is asked of `diff`, for the part that changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from registry.formats.avro import diff
from registry.formats.avro.nodes import PRIMITIVES, Node
from registry.formats.avro.parse import FIELD_RESERVED
from registry.formats.base import Change, ChangeKind

Tree = object
_Breaks = Callable[[Node, Node], frozenset[str]]
BACKWARD: Final = frozenset({"BACKWARD"})
FORWARD: Final = frozenset({"FORWARD"})
NEITHER: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Named:
    """A named type of one schema: its tree, its node, and where it came in the text."""

    full: str
    kind: str
    tree: Mapping[str, Tree]
    node: Node


@dataclass(slots=True)
class _Schema:
    """One schema taken apart: named types by full name, in the order of the text."""

    root: Node
    root_tree: Tree
    types: dict[str, _Named] = field(default_factory=dict)
    by_short: dict[tuple[str, str], _Named] | None = None

    def like(self, other: _Named) -> _Named | None:
        """The type here that stands for that one of another version."""
        found = self.types.get(other.full)
        if found is not None:
            return found
        if self.by_short is None:
            self.by_short = {}
            for one in self.types.values():
                self.by_short.setdefault((one.full.rpartition(".")[2], one.kind), one)
        return self.by_short.get((other.full.rpartition(".")[2], other.kind))


def changes(old: tuple[Node, Tree], new: tuple[Node, Tree]) -> list[Change]:
    """The differences from `old` to `new`; each is a node and its tree, references written out."""
    before, after = _apart(*old), _apart(*new)
    breaks = _breaks(diff.Reading())
    found = list(_root(before, after, breaks))
    paired: set[str] = set()
    for named in after.types.values():
        earlier = before.like(named)
        if earlier is None or earlier.full in paired:
            found += _new_type(named)
            continue
        paired.add(earlier.full)
        found += _type(earlier, named, breaks)
    for named in before.types.values():
        if named.full not in paired:
            found.append(Change(ChangeKind.REMOVED, named.full, before=f"{named.kind}"))
    return found


def contents(node: Node, tree: Tree) -> list[Change]:
    """All that a schema brings: its fields, symbols and types, or the bare type it is."""
    found: list[Change] = []
    schema = _apart(node, tree)
    for named in schema.types.values():
        if named.kind == "record":
            for name, part in _fields(named).items():
                shown = _shown(part["type"])
                if "default" in part:
                    shown += f" = {_json(part['default'])}"
                found.append(Change(ChangeKind.ADDED, f"{named.full}.{name}", after=shown))
        elif named.kind == "enum":
            symbols = ", ".join(named.node.symbols[:30])
            found.append(Change(ChangeKind.ADDED, named.full, after=f"enum {symbols}"))
        else:
            found.append(Change(ChangeKind.ADDED, named.full, after=f"fixed {named.node.size}"))
    return found or [Change(ChangeKind.ADDED, node.name, after=_shown(tree))]


def _root(before: _Schema, after: _Schema, breaks: _Breaks) -> Iterator[Change]:
    if before.root.name and after.root.name and before.root.kind == after.root.kind:
        if before.root.short != after.root.short:
            yield Change(
                ChangeKind.RENAMED,
                after.root.name,
                before.root.name,
                after.root.name,
                breaks(before.root, after.root),
            )
        return
    old, new = _types(before.root_tree, after.root_tree, before.root, after.root)
    if old != new:
        yield Change(ChangeKind.RETYPED, "", old, new, breaks(before.root, after.root))


def _new_type(named: _Named) -> Iterator[Change]:
    # A new type shows as the type of the field that brings it; saying it twice helps nobody.
    yield Change(ChangeKind.ADDED, named.full, after=named.kind)


def _type(old: _Named, new: _Named, breaks: _Breaks) -> Iterator[Change]:
    if old.full != new.full:
        yield Change(ChangeKind.RENAMED, new.full, old.full, new.full, NEITHER)
    if old.kind != new.kind:
        yield Change(ChangeKind.RETYPED, new.full, old.kind, new.kind, breaks(old.node, new.node))
        return
    if old.tree.get("doc") != new.tree.get("doc"):
        yield Change(
            ChangeKind.DOCUMENTED, new.full, _text(old.tree, "doc"), _text(new.tree, "doc")
        )
    if new.kind == "enum":
        yield from _enum(old, new)
    elif new.kind == "fixed":
        if old.node.size != new.node.size:
            sizes = f"{old.node.size} bytes", f"{new.node.size} bytes"
            yield Change(ChangeKind.RETYPED, new.full, *sizes, BACKWARD | FORWARD)
    else:
        yield from _record(old, new, breaks)


def _enum(old: _Named, new: _Named) -> Iterator[Change]:
    before, after = set(old.node.symbols), set(new.node.symbols)
    for symbol in new.node.symbols:
        if symbol not in before:
            lost = NEITHER if old.node.default is not None else FORWARD
            yield Change(ChangeKind.ADDED, f"{new.full}.{symbol}", after="symbol", breaks=lost)
    for symbol in old.node.symbols:
        if symbol not in after:
            lost = NEITHER if new.node.default is not None else BACKWARD
            yield Change(ChangeKind.REMOVED, f"{new.full}.{symbol}", before="symbol", breaks=lost)
    if old.node.default != new.node.default:
        yield _default(new.full, old.node.default, new.node.default)


def _default(path: str, old: str | None, new: str | None) -> Change:
    kind = ChangeKind.DEFAULT_CHANGED
    if old is None:
        kind = ChangeKind.DEFAULT_ADDED
    elif new is None:
        kind = ChangeKind.DEFAULT_LOST
    return Change(kind, path, old or "", new or "")


def _record(old: _Named, new: _Named, breaks: _Breaks) -> Iterator[Change]:
    earlier, later = _fields(old), _fields(new)
    nodes_before = {f.name: f.type for f in old.node.fields}
    nodes_after = {f.name: f.type for f in new.node.fields}
    taken: set[str] = set()
    for name, tree in later.items():
        was = _earlier_name(name, tree, earlier, later)
        if was is None:
            lost = NEITHER if "default" in tree else BACKWARD
            shown = _shown(tree["type"])
            if "default" in tree:
                shown += f" = {_json(tree['default'])}"
            yield Change(ChangeKind.ADDED, f"{new.full}.{name}", after=shown, breaks=lost)
            continue
        taken.add(was)
        path = f"{new.full}.{name}"
        if was != name:
            yield Change(ChangeKind.RENAMED, path, was, name, FORWARD)
        yield from _field(path, earlier[was], tree, nodes_before[was], nodes_after[name], breaks)
    for name, tree in earlier.items():
        if name not in taken:
            lost = NEITHER if "default" in tree else FORWARD
            yield Change(
                ChangeKind.REMOVED, f"{new.full}.{name}", before=_shown(tree["type"]), breaks=lost
            )
    common = [name for name in earlier if name in later]
    if common != [name for name in later if name in earlier]:
        yield Change(ChangeKind.MOVED, new.full, "order of fields", "another order of fields")


def _earlier_name(
    name: str,
    tree: Mapping[str, Tree],
    earlier: Mapping[str, Tree],
    later: Mapping[str, Tree],
) -> str | None:
    if name in earlier:
        return name
    aliases = tree.get("aliases")
    for alias in aliases if isinstance(aliases, list) else ():
        if isinstance(alias, str) and alias in earlier and alias not in later:
            return alias
    return None


def _field(
    path: str,
    old: Mapping[str, Tree],
    new: Mapping[str, Tree],
    before: Node,
    after: Node,
    breaks: _Breaks,
) -> Iterator[Change]:
    types = _types(old["type"], new["type"], before, after)
    if types[0] != types[1]:
        yield Change(ChangeKind.RETYPED, path, *types, breaks(before, after))
    if "default" in old or "default" in new:
        was = _json(old["default"]) if "default" in old else None
        now = _json(new["default"]) if "default" in new else None
        if was != now:
            yield _default(path, was, now)
    if old.get("doc") != new.get("doc"):
        yield Change(ChangeKind.DOCUMENTED, path, _text(old, "doc"), _text(new, "doc"))
    for key in sorted({*old, *new} - FIELD_RESERVED | {"order"}):
        if old.get(key) != new.get(key):
            yield Change(
                ChangeKind.OTHER,
                path,
                f"{key} {_json(old[key])}" if key in old else "",
                f"{key} {_json(new[key])}" if key in new else "",
            )


def _breaks(reading: diff.Reading) -> _Breaks:
    """What a change from one type to another breaks; all that is asked shares one budget."""

    def breaks(old: Node, new: Node) -> frozenset[str]:
        back = BACKWARD if reading.differences(new, old) else NEITHER
        return back | (FORWARD if reading.differences(old, new) else NEITHER)

    return breaks


def _fields(named: _Named) -> dict[str, Mapping[str, Tree]]:
    listed = named.tree.get("fields")
    return {
        str(item["name"]): item
        for item in (listed if isinstance(listed, list) else ())
        if isinstance(item, dict)
    }


def _apart(root: Node, tree: Tree) -> _Schema:
    """Named types of a schema, found in the tree and joined with their nodes by name."""
    nodes: dict[str, Node] = {}
    left = [root]
    seen: set[int] = set()
    while left:
        node = left.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.name:
            nodes.setdefault(node.name, node)
        left.extend(f.type for f in node.fields)
        left.extend(node.branches)
        if node.items is not None:
            left.append(node.items)
    result = _Schema(root, tree)
    _collect(tree, "", nodes, result.types)
    return result


def _collect(tree: Tree, space: str, nodes: Mapping[str, Node], into: dict[str, _Named]) -> None:
    if isinstance(tree, list):
        for branch in tree:
            _collect(branch, space, nodes, into)
    if not isinstance(tree, dict):
        return
    kind = tree.get("type")
    if kind in ("array", "map"):
        _collect(tree["items" if kind == "array" else "values"], space, nodes, into)
        return
    if kind not in ("record", "error", "enum", "fixed"):
        return
    inner = str(tree.get("namespace", space))
    short = str(tree["name"])
    full = f"{inner}.{short}" if inner else short
    node = nodes.get(full)
    if node is not None:
        into[full] = _Named(full, node.kind, tree, node)
    fields = tree.get("fields")
    for item in fields if isinstance(fields, list) else ():
        if isinstance(item, dict):
            _collect(item["type"], inner, nodes, into)


def _types(old: Tree, new: Tree, before: Node, after: Node) -> tuple[str, str]:
    """Both types in few words where those differ, else in all words: then alike where nothing but
    what named types hold has changed."""
    short = _shown(old), _shown(new)
    return short if short[0] != short[1] else (before.signature(), after.signature())


def _shown(tree: Tree) -> str:
    """A type in a few words; a named type by its last part, since packages are shown elsewhere."""
    if isinstance(tree, str):
        return tree if tree in PRIMITIVES else tree.rpartition(".")[2]
    if isinstance(tree, list):
        return " | ".join(_shown(branch) for branch in tree[:20]) + (" | …" * (len(tree) > 20))
    if not isinstance(tree, dict):
        return _json(tree)
    kind = tree.get("type")
    if kind == "array":
        return f"array<{_shown(tree['items'])}>"
    if kind == "map":
        return f"map<{_shown(tree['values'])}>"
    shown = str(tree["name"]) if "name" in tree else str(kind)
    if "logicalType" in tree:
        extra = [str(tree[key]) for key in ("precision", "scale") if key in tree]
        shown += f" ({tree['logicalType']}{' ' if extra else ''}{', '.join(extra)})"
    return shown


def _json(value: Tree) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 200 else f"{text[:200]}…"


def _text(tree: Mapping[str, Tree], key: str) -> str:
    value = tree.get(key)
    return value if isinstance(value, str) else ""
