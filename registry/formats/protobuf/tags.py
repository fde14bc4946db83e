"""Inline tags: `(confluent.message_meta).tags` of messages, `(confluent.field_meta).tags` of
fields.

A path is the message's name within its file, a dot, and the field's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Final

from registry.errors import InvalidSchema
from registry.formats.base import Entity
from registry.formats.protobuf.meta import members
from registry.formats.protobuf.nodes import Field, File, Message, Option, OptionKind, Primitive
from registry.formats.protobuf.types import walk

RECORD: Final = "sr_record"
FIELD: Final = "sr_field"
META: Final = {RECORD: "confluent.message_meta", FIELD: "confluent.field_meta"}
TAGS: Final = "tags"

Part = Message | Field


def found(file: File) -> dict[Entity, list[str]]:
    """The tags of each message and field that has some, in the order written."""
    tagged = ((entity, _tags(entity.kind, part.options)) for entity, part in _entities(file))
    return {entity: tags for entity, tags in tagged if tags}


def retagged(
    file: File,
    added: Mapping[Entity, Sequence[str]],
    removed: Mapping[Entity, Sequence[str]],
) -> File:
    """A copy with tags added, then others removed. Raises InvalidSchema for a part that is not
    there."""
    copy = deepcopy(file)
    parts = dict(_entities(copy))
    through = dict(_through_oneofs(copy))
    for given in (*added, *(e for e in removed if e not in added)):
        entity = Entity(given.kind, given.path.removeprefix("."))
        part = parts.get(entity) or through.get(entity)
        if part is None:
            raise InvalidSchema(f"No matching path '{given.path[:300]}' found in the schema")
        gone = set(removed.get(given, ()))
        tags = dict.fromkeys((*_tags(entity.kind, part.options), *added.get(given, ())))
        _set(entity.kind, part, [tag for tag in tags if tag not in gone])
    return copy


def fields(file: File) -> frozenset[str]:
    """The names of the fields of the outermost messages."""
    messages = [one for one in file.types if isinstance(one, Message)]
    return frozenset(
        field.name
        for message in messages
        for field in (*message.fields, *(f for oneof in message.oneofs for f in oneof.fields))
    )


def _entities(file: File) -> Iterator[tuple[Entity, Part]]:
    for scope, message in walk(file.types):
        if not isinstance(message, Message):
            continue
        name = ".".join((*scope, message.name))
        yield Entity(RECORD, name), message
        for field in (*(f for o in message.oneofs for f in o.fields), *message.fields):
            yield Entity(FIELD, f"{name}.{field.name}"), field


def _through_oneofs(file: File) -> Iterator[tuple[Entity, Part]]:
    """Fields of oneofs, by paths that name the oneof."""
    for scope, message in walk(file.types):
        for oneof in message.oneofs if isinstance(message, Message) else ():
            for field in oneof.fields:
                path = ".".join((*scope, message.name, oneof.name, field.name))
                yield Entity(FIELD, path), field


def _is_meta(kind: str, option: Option) -> bool:
    return option.parenthesized and option.name.lstrip(".") == META[kind]


def _tags(kind: str, options: Sequence[Option]) -> list[str]:
    tags: list[str] = []
    for option in options:
        if _is_meta(kind, option):
            value = members(option).get(TAGS)
            tags += map(_text, value if isinstance(value, list) else [value] if value else [])
    return tags


def _text(value: object) -> str:
    return value.text if isinstance(value, Primitive) else str(value)


def _set(kind: str, part: Part, tags: list[str]) -> None:
    """One option with everything that several may have said, and these tags."""
    said: dict[str, object] = {}
    rest: list[Option] = []
    for option in part.options:
        if _is_meta(kind, option):
            said |= members(option)
        else:
            rest.append(option)
    said.pop(TAGS, None)
    if tags:
        said[TAGS] = list(tags)
    if said:
        rest.append(Option(META[kind], OptionKind.MAP, said, parenthesized=True))
    part.options[:] = rest
