"""The difference of two .proto files by meaning, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from registry.formats.base import Change, ChangeKind
from registry.formats.protobuf import kinds
from registry.formats.protobuf.diff import Side, differences
from registry.formats.protobuf.nodes import Enum, Field, Message, Type

MOST: Final = 10_000
BACKWARD: Final = "BACKWARD"
FORWARD: Final = "FORWARD"

Path = tuple[str, ...]


def changes(old: Side, new: Side) -> list[Change]:
    """What came, went and changed, in the order of the newer file, what went last."""
    walk = _Walk({BACKWARD: _obstacles(new, old), FORWARD: _obstacles(old, new)})
    if old.file.package != new.file.package:
        walk.add(ChangeKind.RENAMED, "package", (), old.file.package, new.file.package)
    walk.types(old.file.types, new.file.types, ())
    walk.untold()
    return walk.rows[:MOST]


def contents(side: Side) -> list[Change]:
    """All that a file brings, as additions."""
    walk = _Walk({})
    walk.types([], side.file.types, ())
    return walk.rows[:MOST]


def _obstacles(reader: Side, writer: Side) -> dict[Path, str]:
    """The kind of what stands in the way, by place."""
    found = (d for d in differences(reader, writer) if d.kind not in kinds.ALLOWED)
    return {
        tuple(d.path.removeprefix("#/").split("/")) if d.path != "#/" else (): d.kind for d in found
    }


class _Walk:
    def __init__(self, obstacles: dict[str, dict[Path, str]]) -> None:
        self.obstacles = obstacles
        self.told: set[Path] = set()
        self.rows: list[Change] = []

    def add(self, kind: ChangeKind, path: str, at: Path, before: str = "", after: str = "") -> None:
        breaks = frozenset(way for way, found in self.obstacles.items() if at in found)
        self.rows.append(Change(kind, path, before, after, breaks))
        self.told.add(at)

    def untold(self) -> None:
        """Obstacles that no row speaks of: within what the files import."""
        for found in self.obstacles.values():
            for at, kind in found.items():
                if at not in self.told:
                    what = kind.replace("_", " ").lower()
                    self.add(ChangeKind.OTHER, ".".join(at) or "(file)", at, after=what)

    def types(self, old: Sequence[Type], new: Sequence[Type], scope: Path) -> None:
        before = {one.name: one for one in old}
        after = {one.name: one for one in new}
        for name, one in after.items():
            here, other = (*scope, name), before.get(name)
            path = ".".join(here)
            if other is not None and type(other) is type(one):
                self.type(other, one, here)
                continue
            what = _what(one)
            if other is None:
                self.add(ChangeKind.ADDED, path, here, after=what)
            else:
                self.add(ChangeKind.RETYPED, path, here, _what(other), what)
            self.type(Message(name) if isinstance(one, Message) else _empty(one), one, here)
        for name, one in before.items():
            if name not in after:
                here = (*scope, name)
                self.add(ChangeKind.REMOVED, ".".join(here), here, before=_what(one))

    def type(self, old: Type, new: Type, here: Path) -> None:
        if isinstance(old, Message) and isinstance(new, Message):
            self.fields(old, new, here)
            self.types(old.types, new.types, here)
        elif isinstance(old, Enum) and isinstance(new, Enum):
            self.values(old, new, here)

    def values(self, old: Enum, new: Enum, here: Path) -> None:
        before = {value.tag: value.name for value in old.values}
        after = {value.tag: value.name for value in new.values}
        for tag, name in after.items():
            at = (*here, str(tag))
            if tag not in before:
                self.add(ChangeKind.ADDED, ".".join((*here, name)), at, after=f"value {tag}")
            elif before[tag] != name:
                self.add(ChangeKind.RENAMED, ".".join((*here, name)), at, before[tag], name)
        for tag, name in before.items():
            if tag not in after:
                at = (*here, str(tag))
                self.add(ChangeKind.REMOVED, ".".join((*here, name)), at, before=f"value {tag}")

    def fields(self, old: Message, new: Message, here: Path) -> None:
        before, after = _fields(old), _fields(new)
        for tag, (field, oneof) in after.items():
            at = (*here, *((oneof,) if oneof else ()), str(tag))
            path = ".".join((*here, field.name))
            if tag not in before:
                self.add(ChangeKind.ADDED, path, at, after=_asked(field, oneof))
                continue
            other, other_oneof = before[tag]
            if other.name != field.name:
                self.add(ChangeKind.RENAMED, path, at, other.name, field.name)
            if (other.type, other.label) != (field.type, field.label):
                self.add(ChangeKind.RETYPED, path, at, _asked(other, ""), _asked(field, ""))
            if other_oneof != oneof:
                words = (f"in the oneof {o}" if o else "on its own" for o in (other_oneof, oneof))
                self.add(ChangeKind.MOVED, path, (*here, oneof) if oneof else at, *words)
            self.defaults(path, at, other.default, field.default)
        for tag, (field, oneof) in before.items():
            if tag not in after:
                at = (*here, *((oneof,) if oneof else ()), str(tag))
                path = ".".join((*here, field.name))
                self.add(ChangeKind.REMOVED, path, at, before=_asked(field, oneof))

    def defaults(self, path: str, at: Path, before: str | None, after: str | None) -> None:
        if before == after:
            return
        kind = (
            ChangeKind.DEFAULT_ADDED
            if before is None
            else ChangeKind.DEFAULT_LOST
            if after is None
            else ChangeKind.DEFAULT_CHANGED
        )
        self.add(kind, path, at, before or "", after or "")


def _fields(message: Message) -> dict[int, tuple[Field, str]]:
    """Fields by number, each with its oneof or ""."""
    found = {field.tag: (field, "") for field in message.fields}
    for oneof in message.oneofs:
        found |= {field.tag: (field, oneof.name) for field in oneof.fields}
    return found


def _asked(field: Field, oneof: str) -> str:
    label = f"{field.label} " if field.label else ""
    within = f", in the oneof {oneof}" if oneof else ""
    return f"{label}{field.type} = {field.tag}{within}"


def _what(one: Type) -> str:
    return "message" if isinstance(one, Message) else "enum"


def _empty(enum: Enum) -> Enum:
    return Enum(enum.name, [], [], [])
