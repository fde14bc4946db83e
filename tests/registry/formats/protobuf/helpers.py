"""Short ways to a parsed schema."""

from __future__ import annotations

from registry.formats.base import Source
from registry.formats.protobuf.format import Protobuf, ProtobufSchema

PROTOBUF = Protobuf()
PROTO3 = 'syntax = "proto3";\n'


def parsed(
    text: str, *sources: Source, normalize: bool = False, fields: bool = False
) -> ProtobufSchema:
    return PROTOBUF.parse(text, sources, strict=True, normalize=normalize, fields=fields)


def found(reader: str, writer: str) -> list[tuple[str, str]]:
    """(kind, path) of all that differs."""
    return [(d.kind, d.path) for d in PROTOBUF.differences(parsed(reader), parsed(writer))]


def obstacles(reader: str, writer: str) -> list[tuple[str, str]]:
    differences = PROTOBUF.differences(parsed(reader), parsed(writer))
    return [(d.kind, d.path) for d in differences if not d.allowed]


def message(*members: str, name: str = "M") -> str:
    """A proto3 file with one message."""
    return f"{PROTO3}message {name} {{ {' '.join(members)} }}"
