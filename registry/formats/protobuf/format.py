"""Protobuf in the table of formats."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b

from registry.errors import InvalidSchema
from registry.formats import base
from registry.formats.base import LIMITS, Change, Difference, Entity, Policy, Source
from registry.formats.protobuf import changes, diff, known, link, names, printer, tags
from registry.formats.protobuf.diff import Side
from registry.formats.protobuf.nodes import File
from registry.formats.protobuf.parser import parse
from registry.formats.protobuf.read_descriptor import decoded
from registry.formats.protobuf.types import Types

NAME = "PROTOBUF"


class ProtobufSchema:
    """A .proto file that was read. Its text is the one layout of the reference server, or what is
    `written` in its stead: normalized, options stand in another order than once it is read again.
    """

    format = NAME

    def __init__(self, file: File, types: Types, written: str | None = None) -> None:
        self.file = file
        self.types = types
        self.written = written

    @cached_property
    def text(self) -> str:
        return self._printed if self.written is None else self.written

    @cached_property
    def likeness(self) -> bytes:
        return blake2b(self._printed.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    @cached_property
    def _printed(self) -> str:
        return printer.text(self.file)

    @property
    def whole(self) -> bytes | None:
        return None  # a file with imports is never taken for one without

    @property
    def side(self) -> Side:
        return Side(self.file, self.types)


class Protobuf:
    """The Protobuf format; stateless."""

    name = NAME
    title = "Protobuf"

    def parse(
        self,
        text: str,
        references: Sequence[Source] = (),
        *,
        strict: bool,
        normalize: bool = False,
        fields: bool = False,
    ) -> ProtobufSchema:
        file = _read(text)
        files: dict[str, File] = {}  # by text, since several may bring the same one
        for source in references:
            if source.text not in files:
                files[source.text] = _read(source.text)
        given = {source.name: files[source.text] for source in references}
        known_types = known.types()
        types = Types(file.package, dict(known_types.found), dict(known_types.extensions))
        for source in references:
            place = (source.subject, source.version) if source.subject else None
            types.add(given[source.name], place)
        types.add(file)
        for one in (file, *files.values()):
            types.ensure_entries(one)
        # Every name must mean something, whether or not it is to be written in full.
        normal = printer.text(file, types)
        if fields:
            link.linked(file, types, given)
        if normalize:
            file = parse(normal)
            types.add(file)
        found = ProtobufSchema(file, types, normal if normalize else None)
        if strict:
            _ensure_readable(found.text, read={text, normal} if normalize else {text})
        return found

    def differences(
        self, reader: base.Parsed, writer: base.Parsed, policy: Policy = Policy.STRICT
    ) -> list[Difference]:
        return diff.differences(_protobuf(reader).side, _protobuf(writer).side)

    def changes(self, old: base.Parsed, new: base.Parsed) -> list[Change]:
        return changes.changes(_protobuf(old).side, _protobuf(new).side)

    def contents(self, parsed: base.Parsed) -> list[Change]:
        return changes.contents(_protobuf(parsed).side)

    def render(self, parsed: base.Parsed, form: str) -> str:
        schema = _protobuf(parsed)
        if form == "ignore_extensions":
            return printer.text(schema.file, extensions=False)
        if form == "serialized":
            proto = link.descriptor(schema.file, schema.types)
            return base64.b64encode(proto.SerializeToString(deterministic=True)).decode()
        return schema.text

    def names(self, text: str) -> tuple[str, ...]:
        return names.names(text)

    def top_level(self, parsed: base.Parsed) -> frozenset[str]:
        return tags.fields(_protobuf(parsed).file)

    def tags(self, parsed: base.Parsed) -> dict[Entity, list[str]]:
        return tags.found(_protobuf(parsed).file)

    def retagged(
        self,
        parsed: base.Parsed,
        added: Mapping[Entity, Sequence[str]],
        removed: Mapping[Entity, Sequence[str]],
    ) -> str:
        return printer.text(tags.retagged(_protobuf(parsed).file, added, removed))


def _read(text: str) -> File:
    """The file of a text, or of a base64 text of its descriptor."""
    try:
        return parse(text)
    except InvalidSchema:
        fits = 0 < len(text) <= LIMITS.text_bytes
        file = decoded(text) if fits else None
        if file is None:
            raise
    return file


def _ensure_readable(text: str, read: Collection[str]) -> None:
    """Raises InvalidSchema for what would be stored and could not be read again: a descriptor can
    say what no file can, and defaults of bytes are written without quotes, as there. What was
    `read` already is not read once more."""
    if "\0" in text:
        raise InvalidSchema("The schema holds a NUL character, which cannot be stored.")
    if text in read:
        return
    try:
        parse(text)
    except InvalidSchema as error:
        raise InvalidSchema(f"Written out, it cannot be read again: {error.reason}") from None


def _protobuf(parsed: base.Parsed) -> ProtobufSchema:
    if not isinstance(parsed, ProtobufSchema):
        raise TypeError(f"{parsed.format} is not {NAME}")
    return parsed


base.register(Protobuf())
