"""JSON Schema in the table of formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import blake2b

from registry.errors import InvalidSchema
from registry.formats import base
from registry.formats.base import LIMITS, Change, Difference, Entity, Policy, Source
from registry.formats.json_schema import changes, dialects, diff, tags
from registry.formats.json_schema.nodes import Node, Object
from registry.formats.json_schema.text import Value, dumps, loads

NAME = "JSON"


class JsonSchema:
    """A JSON Schema that was read. Its text is compact, members in the order they were written."""

    format = NAME

    def __init__(self, value: Value, node: Node, text: str) -> None:
        self.value = value
        self.node = node
        self.text = text

    @cached_property
    def likeness(self) -> bytes:
        # To this format the order of members is part of what was written; `normalize` sorts them.
        return blake2b(self.text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    @property
    def whole(self) -> bytes | None:
        return None  # a schema with references is never taken for one without


class Json:
    """The JSON Schema format; stateless."""

    name = NAME
    title = "JSON Schema"

    def parse(
        self,
        text: str,
        references: Sequence[Source] = (),
        *,
        strict: bool,
        normalize: bool = False,
        fields: bool = False,
    ) -> JsonSchema:
        value = loads(text, LIMITS, "The schema")
        if not isinstance(value, dict | bool):
            raise InvalidSchema("A JSON Schema is an object or a boolean; this is neither.")
        if strict and isinstance(value, dict) and not isinstance(value.get("$schema", ""), str):
            raise InvalidSchema("$schema is an address, in quotes.")
        node = dialects.read(value, references)
        if fields and isinstance(node, Object):
            reserved = next((name for name in node.properties if name.startswith("$$")), None)
            if reserved is not None:
                raise InvalidSchema(
                    f"the property '{reserved[:100]}' begins with $$, which is reserved: give it "
                    "another name."
                )
        return JsonSchema(value, node, dumps(value, ordered=normalize))

    def differences(
        self, reader: base.Parsed, writer: base.Parsed, policy: Policy = Policy.STRICT
    ) -> list[Difference]:
        return diff.differences(_json(reader).node, _json(writer).node, policy)

    def changes(self, old: base.Parsed, new: base.Parsed) -> list[Change]:
        return changes.changes(_json(old).node, _json(new).node)

    def contents(self, parsed: base.Parsed) -> list[Change]:
        return changes.contents(_json(parsed).node)

    def render(self, parsed: base.Parsed, form: str) -> str:
        return parsed.text  # there is no other form

    def names(self, text: str) -> tuple[str, ...]:
        try:
            value = loads(text, LIMITS, "schema")
        except InvalidSchema:
            return ()
        title = value.get("title") if isinstance(value, dict) else None
        return (title,) if isinstance(title, str) and title else ()

    def top_level(self, parsed: base.Parsed) -> frozenset[str]:
        value = _json(parsed).value
        properties = value.get("properties") if isinstance(value, dict) else None
        return frozenset(properties) if isinstance(properties, dict) else frozenset()

    def tags(self, parsed: base.Parsed) -> dict[Entity, list[str]]:
        return tags.found(_json(parsed).value)

    def retagged(
        self,
        parsed: base.Parsed,
        added: Mapping[Entity, Sequence[str]],
        removed: Mapping[Entity, Sequence[str]],
    ) -> str:
        return tags.retagged(_json(parsed).value, added, removed)


def _json(parsed: base.Parsed) -> JsonSchema:
    if not isinstance(parsed, JsonSchema):
        raise TypeError(f"{parsed.format} is not {NAME}")
    return parsed


base.register(Json())
