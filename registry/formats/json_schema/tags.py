"""Inline tags: `confluent:tags` of objects and properties, found by the paths that the wire names.

A path is made of what one passes on the way down: `object.customer.object.email`, `array` for the
items of a list, `oneof.0` for a branch (branches are counted in the order of what they are, not as
they are written), `object.definitions.Address.object.street`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from registry.errors import InvalidSchema
from registry.formats.base import Entity
from registry.formats.json_schema.text import Value, dumps

TAGS: Final = "confluent:tags"
RECORD: Final = "sr_record"
FIELD: Final = "sr_field"
# What a path leads to as well, though no tags are told of it there.
INNER: Final = "object of a field"
DEFINITION: Final = "definition"
_SHELVES: Final = (("properties", FIELD), ("definitions", DEFINITION), ("$defs", DEFINITION))
_COMBINED: Final = ("allOf", "anyOf", "oneOf")
_OBJECT: Final = frozenset(
    {
        *("properties", "required", "minProperties", "maxProperties", "dependencies"),
        *("patternProperties", "additionalProperties", "propertyNames"),
        *("dependentRequired", "dependentSchemas", "unevaluatedProperties"),
    }
)
_ARRAY: Final = frozenset({"items", "additionalItems", "prefixItems", "contains"})

Members = dict[str, Value]


def found(value: Value) -> dict[Entity, list[str]]:
    """The tags of each part that has some, from the outermost in."""
    told = ((entity, part) for entity, part in _entities(value) if entity.kind in (RECORD, FIELD))
    return {entity: _tags(part) for entity, part in told if _tags(part)}


def retagged(
    value: Value,
    added: Mapping[Entity, Sequence[str]],
    removed: Mapping[Entity, Sequence[str]],
) -> str:
    """The text with tags added, then others removed. Raises InvalidSchema for a part that is not
    there."""
    parts = dict(_entities(value))
    tags: dict[int, list[str]] = {}
    for entity in (*added, *(e for e in removed if e not in added)):
        part = parts.get(entity, _loosely(parts, entity))
        if part is None:
            raise InvalidSchema(f"No matching path '{entity.path[:300]}' found in the schema")
        gone = set(removed.get(entity, ()))
        # Two paths may lead to one part.
        there = dict.fromkeys((*tags.get(id(part), _tags(part)), *added.get(entity, ())))
        tags[id(part)] = [tag for tag in there if tag not in gone]
    return dumps(_rebuilt(value, tags))


def _loosely(parts: Mapping[Entity, Members], asked: Entity) -> Members | None:
    """What a path leads to, whatever it was said to be; only an object is no field."""
    kinds = (FIELD, INNER, DEFINITION) if asked.kind == RECORD else (DEFINITION,)
    found = (parts.get(Entity(kind, asked.path)) for kind in kinds)
    return next((part for part in found if part is not None), None)


def _tags(part: Members) -> list[str]:
    given = part.get(TAGS)
    return [str(tag) for tag in given] if isinstance(given, list) else []


def _rebuilt(value: Value, tags: Mapping[int, list[str]]) -> Value:
    if isinstance(value, list):
        return [_rebuilt(item, tags) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {name: _rebuilt(inner, tags) for name, inner in value.items()}
    if id(value) in tags:
        copy.pop(TAGS, None) if not tags[id(value)] else copy.update({TAGS: tags[id(value)]})
    return copy


def _entities(value: Value) -> Iterator[tuple[Entity, Members]]:
    yield from _below(value, "", in_field=False)


def _below(value: Value, scope: str, *, in_field: bool) -> Iterator[tuple[Entity, Members]]:
    """Every object and property under a schema; references are not followed."""
    if not isinstance(value, dict) or "$ref" in value:
        return
    for criterion in _COMBINED:
        branches = value.get(criterion)
        if isinstance(branches, list):
            for index, branch in enumerate(sorted(branches, key=_rank)):
                inner = f"{scope}{criterion.lower()}.{index}."
                yield from _below(branch, inner, in_field=False)
    if "not" in value:
        yield from _below(value["not"], f"{scope}not.", in_field=False)
    for word in ("if", "then", "else"):
        if word in value:
            yield from _below(value[word], f"{scope}conditional.{word}.", in_field=False)
    types = value.get("type")
    if isinstance(types, list):
        scope += _place_among(types)
    if _is(value, "object", _OBJECT):
        yield from _object(value, f"{scope}object", in_field=in_field)
    if _is(value, "array", _ARRAY):
        yield from _below(value.get("items"), f"{scope}array.", in_field=False)


def _object(value: Members, name: str, *, in_field: bool) -> Iterator[tuple[Entity, Members]]:
    yield Entity(INNER if in_field else RECORD, name), value
    for shelf, kind in _SHELVES:
        inner = value.get(shelf)
        for key, part in inner.items() if isinstance(inner, dict) else ():
            path = f"{name}.{key}" if kind == FIELD else f"{name}.{shelf}.{key}"
            if isinstance(part, dict):
                yield Entity(kind, path), part
            yield from _below(part, f"{path}.", in_field=kind == FIELD)


def _is(value: Members, name: str, keywords: frozenset[str]) -> bool:
    types = value.get("type")
    if types is None:
        return not keywords.isdisjoint(value)
    return types == name or (isinstance(types, list) and name in types)


def _place_among(types: list[Value]) -> str:
    """Several types are as many branches, of which one is an object or a list."""
    ranked = sorted(map(str, types))
    for name in ("object", "array"):
        if name in ranked:
            return f"anyof.{ranked.index(name)}."
    return ""


def _rank(branch: Value) -> tuple[str, str, str]:
    """The order in which the reference server counts branches: by kind, title, description."""
    if not isinstance(branch, dict):
        return ("true" if branch else "false", "", "")
    kind = next((k for k, words in _KINDS if not words.isdisjoint(branch)), "")
    given = branch.get("type")
    if not kind:
        kind = given if isinstance(given, str) else "combined" if given else "empty"
    kind = "number" if kind == "integer" else kind
    return (kind, str(branch.get("title") or ""), str(branch.get("description") or ""))


_KINDS: Final = (
    ("reference", frozenset({"$ref"})),
    ("combined", frozenset(_COMBINED)),
    ("const", frozenset({"const"})),
    ("enum", frozenset({"enum"})),
    ("not", frozenset({"not"})),
    ("conditional", frozenset({"if"})),
    ("object", _OBJECT),
    ("array", _ARRAY),
)
