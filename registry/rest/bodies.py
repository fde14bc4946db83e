"""Request bodies: JSON of clients of every age, read into plain values."""

from __future__ import annotations

from typing import Final

import orjson

from registry import contracts
from registry.candidates import Asked, TagChange, TagPairs
from registry.errors import InvalidSchema, Malformed, SchemaTooLarge
from registry.formats.base import LIMITS, Entity, Reference
from registry.naming import MAX_VERSION
from registry.rest.http import Json
from registry.tagging import Tagging

FIELD: Final = "sr_field"
ENTITY_TYPES: Final = ("sr_record", FIELD)
MOST_ENTRIES: Final = 10_000


def asked(body: Json) -> Asked:
    """A register request: the same body serves look-up and compatibility.

    Unknown members are ignored. Raises Malformed for members of another structure, InvalidSchema
    for references that lack a part.
    """
    metadata = contracts.metadata(body.get("metadata"))
    rules = contracts.rule_set(body.get("ruleSet"))
    if len(orjson.dumps([metadata, rules])) > LIMITS.text_bytes:
        raise SchemaTooLarge(LIMITS.text_bytes)
    type_ = text(body.get("schemaType"), "schemaType")
    identifier = _number(body.get("id"), "id")
    version = _number(body.get("version"), "version")
    return Asked(
        text=text(body.get("schema"), "schema") or "",
        type="AVRO" if type_ is None else type_,
        references=_references(body.get("references")),
        metadata=metadata,
        rule_set=rules,
        version=version if version is not None else 0,
        id=identifier if identifier is not None and identifier >= 0 else None,
        tags=tag_change(body, "schemaTagsToAdd", "schemaTagsToRemove"),
        propagate_tags=bool(contracts.flag("propagateSchemaTags", body.get("propagateSchemaTags"))),
    )


def tagging(body: Json) -> Tagging:
    """A request to change the tags of a version. Raises as `asked` does."""
    removed = body.get("rulesToRemove")
    return Tagging(
        tags=tag_change(body, "tagsToAdd", "tagsToRemove"),
        version=_number(body.get("newVersion"), "newVersion"),
        metadata=contracts.metadata(body.get("metadata")),
        rule_set=contracts.rule_set(body.get("ruleSet")),
        rules_to_merge=contracts.rule_set(body.get("rulesToMerge")),
        rules_to_remove=None if removed is None else texts(removed, "rulesToRemove"),
    )


def tag_change(body: Json, added: str, removed: str) -> TagChange:
    """Tags under two members, each a list of ``{"schemaEntity": {…}, "tags": [...]}``."""
    return TagChange(_tags(body.get(added), added), _tags(body.get(removed), removed))


def _tags(value: object, what: str) -> TagPairs:
    found: dict[Entity, tuple[str, ...]] = {}
    for item in items(value, what):
        given = item if isinstance(item, dict) else None
        entity = given.get("schemaEntity") if given is not None else None
        if given is None or not isinstance(entity, dict):
            raise Malformed(f"An entry of '{what}' needs schemaEntity and tags.")
        named = entity.get("entityType")
        kind = FIELD if named is None else named
        if kind not in ENTITY_TYPES:
            raise Malformed(f"'entityType' in '{what}' is none of {', '.join(ENTITY_TYPES)}.")
        part = Entity(kind, text(entity.get("entityPath"), "entityPath") or "")
        found[part] = (*found.get(part, ()), *texts(given.get("tags") or [], "tags"))
    return tuple(found.items())


def items(value: object, what: str) -> list[object]:
    """A list, of a length that anybody could mean; empty where there is none."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"'{what}' is not a list.")
    if len(value) > MOST_ENTRIES:
        raise Malformed(f"'{what}' has more than {MOST_ENTRIES:,} entries.")
    return value


def texts(value: object, what: str) -> tuple[str, ...]:
    """A list of strings; none where there is no list."""
    return tuple(text(item, what) or "" for item in items(value, what))


def _references(value: object) -> tuple[Reference, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Malformed("'references' is not a list.")
    return tuple(_reference(item) for item in value)


def _reference(value: object) -> Reference:
    if not isinstance(value, dict):
        raise Malformed("A reference is not an object.")
    name = text(value.get("name"), "name of a reference")
    subject = text(value.get("subject"), "subject of a reference")
    version = _number(value.get("version"), "version of a reference")
    if not name or subject is None or version is None:
        raise InvalidSchema("a reference needs a name, a subject and a version.")
    if version != -1 and not 1 <= version <= MAX_VERSION:
        raise InvalidSchema(f"version {version} of a reference is no version.")
    return Reference(name, subject, version)


def text(value: object, what: str) -> str | None:
    """A string; numbers and flags count as their text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise Malformed(f"'{what}' is not a string.")


def _number(value: object, what: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        sign = value.removeprefix("-")
        if sign.isascii() and sign.isdigit() and len(sign) < 12:
            value = int(value)
    if isinstance(value, float) and abs(value) <= MAX_VERSION:
        value = int(value)  # clients in languages without whole numbers
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(f"'{what}' is not a whole number.")
    if abs(value) > MAX_VERSION:
        raise Malformed(f"'{what}' is out of range.")
    return value
