"""Avro in the table of formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import orjson

from registry.formats import base
from registry.formats.avro import canonical, changes, diff, tags
from registry.formats.avro.nodes import Node
from registry.formats.avro.parse import parse
from registry.formats.base import Change, Difference, Entity, Policy, Source

NAME = "AVRO"


class AvroSchema:
    """An Avro schema that was read. Digests are made when first asked for."""

    format = NAME

    def __init__(self, node: Node, text: str, whole: str | None) -> None:
        self.node = node
        self.text = text
        self.whole_text = whole  # with references written out; None where there are none

    @cached_property
    def likeness(self) -> bytes:
        return canonical.digest(orjson.loads(self.text))

    @cached_property
    def whole(self) -> bytes | None:
        if self.whole_text is None:
            return None
        return canonical.digest(orjson.loads(self.whole_text))

    @property
    def tree(self) -> object:
        return orjson.loads(self.text if self.whole_text is None else self.whole_text)


class Avro:
    """The Avro format; stateless."""

    name = NAME
    title = "Avro"

    def parse(
        self,
        text: str,
        references: Sequence[Source] = (),
        *,
        strict: bool,
        normalize: bool = False,
        fields: bool = False,
    ) -> AvroSchema:
        result = parse(text, references, strict=strict)
        tree = canonical.normalized(result.tree) if normalize else result.tree
        numbers = normalize or result.numbers  # defaults may have become some
        whole = None
        if references:
            whole = canonical.text(canonical.resolved(tree, result.definitions), numbers=numbers)
        return AvroSchema(result.node, canonical.text(tree, numbers=numbers), whole)

    def differences(
        self, reader: base.Parsed, writer: base.Parsed, policy: Policy = Policy.STRICT
    ) -> list[Difference]:
        return diff.differences(_avro(reader).node, _avro(writer).node)

    def changes(self, old: base.Parsed, new: base.Parsed) -> list[Change]:
        before, after = _avro(old), _avro(new)
        return changes.changes((before.node, before.tree), (after.node, after.tree))

    def contents(self, parsed: base.Parsed) -> list[Change]:
        schema = _avro(parsed)
        return changes.contents(schema.node, schema.tree)

    def render(self, parsed: base.Parsed, form: str) -> str:
        if form == "resolved":
            return _avro(parsed).whole_text or parsed.text
        return parsed.text

    def names(self, text: str) -> tuple[str, ...]:
        try:
            tree = orjson.loads(text)
        except orjson.JSONDecodeError:
            return ()
        name, space = (
            tree.get(w) if isinstance(tree, dict) else None for w in ("name", "namespace")
        )
        if not isinstance(name, str) or not name:
            return ()
        inside = f"{space}." if isinstance(space, str) and space and "." not in name else ""
        return (inside + name,)

    def top_level(self, parsed: base.Parsed) -> frozenset[str]:
        return tags.fields(orjson.loads(parsed.text))

    def tags(self, parsed: base.Parsed) -> dict[Entity, list[str]]:
        return tags.found(orjson.loads(parsed.text))

    def retagged(
        self,
        parsed: base.Parsed,
        added: Mapping[Entity, Sequence[str]],
        removed: Mapping[Entity, Sequence[str]],
    ) -> str:
        tree = tags.retagged(orjson.loads(parsed.text), added, removed)
        return orjson.dumps(tree).decode()


def _avro(parsed: base.Parsed) -> AvroSchema:
    if not isinstance(parsed, AvroSchema):
        raise TypeError(f"{parsed.format} is not {NAME}")
    return parsed


base.register(Avro())
