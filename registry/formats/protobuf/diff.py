"""What keeps one .proto file from reading what another wrote.

The rules are those of the wire's reference server: messages and enums are paired by name, fields
and values by number. `original` is the writer, `update` the reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from registry.formats.base import LIMITS, Difference, Limits
from registry.formats.protobuf import kinds, nodes
from registry.formats.protobuf.nodes import SCALARS, Enum, Field, Message, Type, map_types
from registry.formats.protobuf.types import Place, Types

Path = tuple[str, ...]
Found = tuple[str, Path]

GROUPS: Final = {
    **dict.fromkeys(("int32", "int64", "uint32", "uint64", "bool"), "general number"),
    **dict.fromkeys(("sint32", "sint64"), "signed number"),
    **dict.fromkeys(("string", "bytes"), "string or bytes"),
    **dict.fromkeys(("fixed32", "sfixed32"), "fixed32"),
    **dict.fromkeys(("fixed64", "sfixed64"), "fixed64"),
    "float": "float",
    "double": "double",
}
# A field against another costs about as much as so many steps of the other formats.
STEP_COST: Final = 2
DEEPEST: Final = 50  # messages within messages, where no other is gone into; each takes eight
# frames of the interpreter's stack, and those declared within it, at most a hundred, two each
VALUES: Final = 10  # of an enumeration; so many are compared in the time of a field


@dataclass(frozen=True, slots=True)
class Side:
    """A file and what can be named in it."""

    file: nodes.File
    types: Types


def differences(reader: Side, writer: Side, limits: Limits = LIMITS) -> list[Difference]:
    """Everything that differs, in the order found, what is no obstacle included.

    A message that many fields are of is compared anew at each, as in the reference server. Where
    that takes too long it is compared once, and where that does too, one difference says so.
    """
    for once in (False, True):
        check = Check(writer, reader, limits.steps // STEP_COST, once=once)
        try:
            found = check.all()
        except TooLong:
            continue
        if sum(len(step) for _, path in found for step in path) > limits.told:
            break
        return [kinds.difference(kind, path) for kind, path in found]
    words = "the two are too complex to compare: declare fewer messages within each other"
    text = f"Unexpected exception during compatibility check: {words}"
    return [Difference("UNEXPECTED", "#/", text, words)]


class TooLong(Exception):
    """The comparison has cost all that it may."""


class TooDeep(Exception):
    """A message lies so deep that it must be compared before what it lies in, which is `open`."""

    def __init__(self, name: str, one: Place, other: Place, open_: set[int]) -> None:
        super().__init__()
        self.pair = name, one, other
        self.open = frozenset(open_)


class Check:
    """One comparison; `path` is where it stands, `scope` the messages around that place."""

    def __init__(self, original: Side, update: Side, steps: int, *, once: bool) -> None:
        self.original = original
        self.update = update
        self.steps = steps
        self.once = once
        self.list: list[Found] = []
        self.path: Path = ()
        self.scope: Path = ()
        self.packages = (original.file.package, update.file.package)
        self.open: set[int] = set()
        self.done: dict[tuple[int, int], list[Found]] = {}
        self.depth = 0  # of messages that are compared, within each other

    def all(self) -> list[Found]:
        """The differences of the two files, however deep messages lie within messages."""
        waiting: list[TooDeep] = []
        while True:
            try:
                if not waiting:
                    self.list, self.open = [], set()
                    self.files()
                    return self.list
                self.open = set(waiting[-1].open)
                self.compared(*waiting[-1].pair)
            except TooDeep as deep:
                waiting.append(deep)
                continue
            waiting.pop()

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise TooLong

    def add(self, kind: str, *steps: str) -> None:
        self.spend(1)
        self.list.append((kind, (*self.path, *steps)))

    @contextmanager
    def named(self, name: str) -> Iterator[None]:
        before = self.path, self.scope
        self.path, self.scope = (*self.path, name), (*self.scope, name)
        try:
            yield
        finally:
            self.path, self.scope = before

    @contextmanager
    def at(self, *steps: str) -> Iterator[None]:
        before, self.path = self.path, (*self.path, *steps)
        try:
            yield
        finally:
            self.path = before

    # -- files and types -----------------------------------------------------------------------

    def files(self) -> None:
        original, update = self.original.file, self.update.file
        if original.package != update.package:
            self.add("PACKAGE_CHANGED")
        self.type_lists(original.types, update.types)

    def type_lists(self, original: Sequence[Type], update: Sequence[Type]) -> None:
        self.spend(len(original) + len(update))
        before = {m.name: (i, m) for i, m in enumerate(_messages(original))}
        after = {m.name: (i, m) for i, m in enumerate(_messages(update))}
        for name in {**before, **after}:
            with self.named(name):
                if name not in after:
                    if not before[name][1].is_map_entry:
                        self.add("MESSAGE_REMOVED")
                elif name not in before:
                    if not after[name][1].is_map_entry:
                        self.add("MESSAGE_ADDED")
                else:
                    self.messages(before[name][1], after[name][1])
                    if before[name][0] != after[name][0]:
                        self.add("MESSAGE_MOVED")
        enums_before = {e.name: e for e in original if isinstance(e, Enum)}
        enums_after = {e.name: e for e in update if isinstance(e, Enum)}
        for name in {**enums_before, **enums_after}:
            with self.named(name):
                if name not in enums_after:
                    self.add("ENUM_REMOVED")
                elif name not in enums_before:
                    self.add("ENUM_ADDED")
                else:
                    self.enums(enums_before[name], enums_after[name])

    def enums(self, original: Enum, update: Enum) -> None:
        self.spend((len(original.values) + len(update.values)) // VALUES)
        before = {value.tag: value.name for value in original.values}
        after = {value.tag: value.name for value in update.values}
        for tag in {**before, **after}:
            if tag not in after:
                self.add("ENUM_CONST_REMOVED", str(tag))
            elif tag not in before:
                self.add("ENUM_CONST_ADDED", str(tag))
            elif before[tag] != after[tag]:
                self.add("ENUM_CONST_CHANGED", str(tag))

    # -- messages --------------------------------------------------------------------------------

    def messages(self, original: Message, update: Message) -> None:
        self.depth += 1
        try:
            if id(original) not in self.open:
                self.open.add(id(original))
                try:
                    self.members(original, update)
                finally:
                    self.open.remove(id(original))
            self.type_lists(original.types, update.types)
        finally:
            self.depth -= 1

    def members(self, original: Message, update: Message) -> None:
        before, was_in = _by_tag(original)
        after, is_in = _by_tag(update)
        self.spend(len(before) + len(after))
        names_before = {oneof.name for oneof in original.oneofs}
        names_after = {oneof.name for oneof in update.oneofs}
        lost_whole = {
            oneof.name
            for oneof in original.oneofs
            if oneof.name not in names_after
            and not any(field.tag in after for field in oneof.fields)
        }
        for oneof in update.oneofs:
            self.joined(oneof, before, was_in)
        for name in sorted(names_before | names_after):
            if name not in names_after:
                self.add("ONEOF_REMOVED", name)
            elif name not in names_before:
                self.add("ONEOF_ADDED", name)
        for tag in sorted({*before, *after}):
            step = str(tag)
            if tag not in after:
                if tag not in was_in:
                    required = before[tag].label == "required"
                    self.add("REQUIRED_FIELD_REMOVED" if required else "FIELD_REMOVED", step)
                elif was_in[tag] not in lost_whole:
                    self.add("ONEOF_FIELD_REMOVED", was_in[tag], step)
            elif tag not in before:
                if tag in is_in:
                    self.add("ONEOF_FIELD_ADDED", is_in[tag], step)
                else:
                    required = after[tag].label == "required"
                    self.add("REQUIRED_FIELD_ADDED" if required else "FIELD_ADDED", step)
            else:
                if tag in was_in and tag not in is_in:
                    self.add("ONEOF_FIELD_MOVED_TO_TOP_LEVEL", step)
                with self.at(*((is_in[tag], step) if tag in is_in else (step,))):
                    self.fields(before[tag], after[tag])

    def joined(self, oneof: nodes.OneOf, before: dict[int, Field], was_in: dict[int, str]) -> None:
        """Whether fields that could be set together may not any more."""
        came_from: set[str] = set()
        from_top = 0
        for field in oneof.fields:
            if field.tag in was_in:
                came_from.add(f"oneof {was_in[field.tag]}")
            elif field.tag in before:
                came_from.add(f"field {field.tag}")
                from_top += 1
        if len(came_from) > 1:
            several = from_top > 1
            kind = "MULTIPLE_FIELDS_MOVED_TO_ONEOF" if several else "FIELD_MOVED_TO_EXISTING_ONEOF"
            self.add(kind, oneof.name)

    # -- fields ----------------------------------------------------------------------------------

    def fields(self, original: Field, update: Field) -> None:
        if original.name != update.name:
            self.add("FIELD_NAME_CHANGED")
        self.typed(original.type, update.type, original.label, update.label)

    def typed(self, original: str, update: str, before: str, after: str) -> None:
        one, other = self.place(original, 0), self.place(update, 1)
        original = (one.map_type if one is not None else None) or original
        update = (other.map_type if other is not None else None) or update
        kind = _kind(original, one)
        if kind != _kind(update, other):
            self.add("FIELD_KIND_CHANGED")
        elif kind == "scalar":
            self.scalars(_group(original), _group(update), before, after)
        elif kind == "map":
            for mine, theirs in zip(_entries(original), _entries(update), strict=True):
                self.typed(mine, theirs, "", "")
        else:
            self.named_types(original, update, one, other)

    def scalars(self, original: str, update: str, before: str, after: str) -> None:
        if original != update:
            self.add("FIELD_SCALAR_KIND_CHANGED")
        elif before and after and before != after:
            text = original == "string or bytes"
            self.add(f"FIELD_{'STRING_OR_BYTES' if text else 'NUMERIC'}_LABEL_CHANGED")

    def place(self, name: str, side: int) -> Place | None:
        if name in SCALARS or map_types(name):
            return None
        types = (self.original, self.update)[side].types
        return types.get(name, self.scope, self.packages[side])

    def named_types(
        self, original: str, update: str, one: Place | None, other: Place | None
    ) -> None:
        if one is None or other is None:
            if original != update:
                self.add("FIELD_NAMED_TYPE_CHANGED")
            return
        before = self._local(original, 0, one)
        if before != self._local(update, 1, other):
            self.add("FIELD_NAMED_TYPE_CHANGED")
        elif one.reference != other.reference:
            found = self.apart(before, one, other)
            self.spend(len(found))
            self.list += found
            if any(kind not in kinds.ALLOWED for kind, _ in found):
                self.add("FIELD_NAMED_TYPE_CHANGED")

    def _local(self, name: str, side: int, place: Place) -> str:
        """The name without its package."""
        types = (self.original, self.update)[side].types
        full = types.resolve(name, self.scope, self.packages[side]) or name
        return full.removeprefix(f"{place.package}.") if place.package else full

    def apart(self, name: str, one: Place, other: Place) -> list[Found]:
        """The differences of two messages of one name, at their own place."""
        pair = _identity(one, other)
        if self.once and pair in self.done:
            return self.done[pair]
        if self.depth >= DEEPEST and id(one.type) not in self.open:
            raise TooDeep(name, one, other, self.open) if self.once else TooLong
        return self.compared(name, one, other)

    def compared(self, name: str, one: Place, other: Place) -> list[Found]:
        """As `apart`, of a pair that was not compared yet."""
        if not isinstance(one.type, Message) or not isinstance(other.type, Message):
            return []
        whole = id(one.type) not in self.open
        before = self.list, self.path, self.scope, self.packages
        names = tuple(name.split("."))
        self.list, self.path, self.scope = [], names, names
        self.packages = (one.package, other.package)
        try:
            self.messages(one.type, other.type)
            found = self.list
            if whole:
                self.done[_identity(one, other)] = found
        finally:
            self.list, self.path, self.scope, self.packages = before
        return found


def _identity(one: Place, other: Place) -> tuple[int, int]:
    return id(one.type), id(other.type)


def _messages(types: Sequence[Type]) -> list[Message]:
    return [one for one in types if isinstance(one, Message)]


def _by_tag(message: Message) -> tuple[dict[int, Field], dict[int, str]]:
    """Fields by number, and the oneof that each lies in."""
    fields = {field.tag: field for field in message.fields}
    oneofs: dict[int, str] = {}
    for oneof in message.oneofs:
        for field in oneof.fields:
            fields[field.tag] = field
            oneofs[field.tag] = oneof.name
    return fields, oneofs


def _kind(type_: str, place: Place | None) -> str:
    if map_types(type_):
        return "map"
    enum = place is not None and isinstance(place.type, Enum)
    return "scalar" if type_ in SCALARS or enum else "message"


def _group(type_: str) -> str:
    return GROUPS.get(type_, "general number")  # an enum


def _entries(type_: str) -> tuple[str, str]:
    return map_types(type_) or ("", "")
