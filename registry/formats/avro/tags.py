"""Inline tags of Avro schemas: `confluent:tags` of records and of their fields, by full names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from registry.errors import InvalidSchema
from registry.formats.base import Entity

TAGS: Final = "confluent:tags"
RECORD: Final = "sr_record"
FIELD: Final = "sr_field"

Tree = object
Members = dict[str, Tree]


def found(tree: Tree) -> dict[Entity, list[str]]:
    """The tags of each record and field that has some, in the order written."""
    return {entity: _tags(part) for entity, part in _entities(tree) if _tags(part)}


def fields(tree: Tree) -> frozenset[str]:
    """The names of the outermost record's fields."""
    return frozenset(str(field["name"]) for field in _fields(tree))


def retagged(
    tree: Tree,
    added: Mapping[Entity, Sequence[str]],
    removed: Mapping[Entity, Sequence[str]],
) -> Tree:
    """The tree with tags added, then others removed; it is changed in place. Raises InvalidSchema
    for a part that is not there."""
    parts = dict(_entities(tree))
    short = {_without_namespace(entity): part for entity, part in reversed(parts.items())}
    for entity in (*added, *(e for e in removed if e not in added)):
        part = parts.get(entity) or short.get(Entity(entity.kind, entity.path.lstrip(".")))
        if part is None:
            raise InvalidSchema(f"No matching path '{entity.path[:300]}' found in the schema")
        gone = set(removed.get(entity, ()))
        there = dict.fromkeys((*_tags(part), *added.get(entity, ())))
        part.pop(TAGS, None)
        left = [tag for tag in there if tag not in gone]
        if left:
            part[TAGS] = left
    return tree


def _without_namespace(entity: Entity) -> Entity:
    """As paths may name it, too: the first record of that name is meant."""
    names = entity.path.split(".")[-1 if entity.kind == RECORD else -2 :]
    return Entity(entity.kind, ".".join(names))


def _tags(part: Members) -> list[str]:
    given = part.get(TAGS)
    return [str(tag) for tag in given] if isinstance(given, list) else []


def _fields(tree: Tree) -> list[Members]:
    given = tree.get("fields") if isinstance(tree, dict) else None
    return [field for field in given if isinstance(field, dict)] if isinstance(given, list) else []


def _entities(tree: Tree) -> Iterator[tuple[Entity, Members]]:
    """Records and fields from the outermost in, without recursion."""
    stack: list[tuple[Tree, str]] = [(tree, "")]
    while stack:
        one, namespace = stack.pop()
        if isinstance(one, list):
            stack += ((branch, namespace) for branch in reversed(one))
        if not isinstance(one, dict):
            continue
        if one.get("type") in ("record", "error"):
            name, namespace = _full_name(one, namespace)
            yield Entity(RECORD, name), one
            for field in _fields(one):
                yield Entity(FIELD, f"{name}.{field['name']}"), field
            stack += ((field.get("type"), namespace) for field in reversed(_fields(one)))
        else:
            stack += ((one.get(word), namespace) for word in ("items", "values", "type"))


def _full_name(record: Members, outer: str) -> tuple[str, str]:
    name = str(record.get("name", ""))
    if "." in name:
        return name, name.rpartition(".")[0]
    namespace = str(record.get("namespace", outer))
    return (f"{namespace}.{name}" if namespace else name), namespace
