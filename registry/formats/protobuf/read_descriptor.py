"""A file as protoc hands it on, a FileDescriptorProto, read into the nodes of a .proto file."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from google.protobuf import descriptor_pb2 as pb
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from registry.errors import InvalidSchema
from registry.formats.base import LIMITS
from registry.formats.protobuf import nodes
from registry.formats.protobuf.nodes import MAX_TAG, Option, OptionKind

NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_TYPES: Final = {
    number: name.removeprefix("TYPE_").lower()
    for name, number in pb.FieldDescriptorProto.Type.items()
}
_LABELS: Final = {
    pb.FieldDescriptorProto.LABEL_OPTIONAL: "optional",
    pb.FieldDescriptorProto.LABEL_REQUIRED: "required",
    pb.FieldDescriptorProto.LABEL_REPEATED: "repeated",
}


def decoded(text: str) -> nodes.File | None:
    """The file of a base64 text; None where it is none."""
    try:
        raw = base64.b64decode(text, validate=True)
        proto = pb.FileDescriptorProto.FromString(raw)
    except (binascii.Error, ValueError, DecodeError):
        return None
    _ensure_sound(proto)
    return file_of(proto)


def _ensure_sound(proto: pb.FileDescriptorProto) -> None:
    """Refuses what no .proto file says: names that are none, and more than a text may hold."""
    stack: list[Message] = [proto]
    count = 0
    while stack:
        part = stack.pop()
        if isinstance(part, pb.FileDescriptorProto):
            _ensure_distinct([*part.message_type, *part.enum_type])
        elif isinstance(part, pb.DescriptorProto):
            _ensure_distinct([*part.nested_type, *part.enum_type])
        count += 1
        if count > LIMITS.nodes:
            raise InvalidSchema(f"The descriptor has more than {LIMITS.nodes:,} parts.")
        for field, value in part.ListFields():
            if field.name == "name" and part is not proto and not _is_name(value):
                raise InvalidSchema("The descriptor names something by what is no name.")
            if field.name == "package" and len(value) > LIMITS.name:
                raise InvalidSchema("The name of the descriptor's package is too long.")
            if field.message_type is not None and field.name != "options":
                stack += value if field.is_repeated else [value]


def _ensure_distinct(types: list[pb.DescriptorProto | pb.EnumDescriptorProto]) -> None:
    seen: set[str] = set()
    for one in types:
        if one.name in seen:
            raise InvalidSchema(f"{one.name[:200]} is already defined in the descriptor.")
        seen.add(one.name)


def _is_name(value: object) -> bool:
    return (
        isinstance(value, str) and len(value) <= LIMITS.name and NAME.fullmatch(value) is not None
    )


def file_of(proto: pb.FileDescriptorProto) -> nodes.File:
    """The file that a descriptor describes."""
    public = set(proto.public_dependency)
    weak = set(proto.weak_dependency)
    syntax = proto.syntax or "proto2"
    named = list(enumerate(proto.dependency))
    return nodes.File(
        syntax=syntax,
        package=proto.package,
        imports=[name for index, name in named if index not in public | weak],
        public_imports=[name for index, name in named if index in public],
        weak_imports=[name for index, name in named if index in weak],
        options=_options(proto.options),
        types=[
            *(_message(one, syntax) for one in proto.message_type),
            *(_enum(one) for one in proto.enum_type),
        ],
        extends=_extends(list(proto.extension), syntax),
        services=[_service(one) for one in proto.service],
    )


def _message(proto: pb.DescriptorProto, syntax: str) -> nodes.Message:
    synthetic = {f.oneof_index for f in proto.field if f.proto3_optional}
    plain = [f for f in proto.field if not f.HasField("oneof_index") or f.proto3_optional]
    chosen: dict[int, list[nodes.Field]] = {}
    for f in proto.field:
        if f.HasField("oneof_index") and not f.proto3_optional:
            chosen.setdefault(f.oneof_index, []).append(_field(f, syntax, in_oneof=True))
    oneofs = [
        nodes.OneOf(
            oneof.name,
            chosen.get(index, []),
            [],
            _options(oneof.options),
        )
        for index, oneof in enumerate(proto.oneof_decl)
        if index not in synthetic
    ]
    reserved: list[nodes.Reserved] = [[_range(r.start, r.end - 1)] for r in proto.reserved_range]
    return nodes.Message(
        name=proto.name,
        fields=[_field(f, syntax) for f in plain],
        oneofs=oneofs,
        types=[
            *(_message(one, syntax) for one in proto.nested_type),
            *(_enum(one) for one in proto.enum_type),
        ],
        options=_options(proto.options),
        reserved=reserved + [[name] for name in proto.reserved_name],
        extensions=[
            nodes.Extensions([_range(r.start, r.end - 1)], _options(r.options))
            for r in proto.extension_range
        ],
        extends=_extends(list(proto.extension), syntax),
    )


def _range(start: int, end: int) -> int | nodes.Range:
    return start if start == end else (start, min(end, MAX_TAG))


def _field(proto: pb.FieldDescriptorProto, syntax: str, *, in_oneof: bool = False) -> nodes.Field:
    label = _LABELS.get(proto.label, "")
    implicit = syntax == "proto3" and label == "optional" and not proto.proto3_optional
    type_ = proto.type_name if proto.type_name else _TYPES[proto.type]
    return nodes.Field(
        name=proto.name,
        type=type_,
        tag=proto.number,
        label="" if in_oneof or implicit else label,
        options=_options(proto.options),
        default=proto.default_value if proto.HasField("default_value") else None,
        json_name=proto.json_name if proto.HasField("json_name") else None,
    )


def _extends(fields: list[pb.FieldDescriptorProto], syntax: str) -> list[nodes.Extend]:
    by_name: dict[str, list[nodes.Field]] = {}
    for one in fields:
        by_name.setdefault(one.extendee, []).append(_field(one, syntax))
    return [nodes.Extend(name, found) for name, found in by_name.items()]


def _enum(proto: pb.EnumDescriptorProto) -> nodes.Enum:
    reserved: list[nodes.Reserved] = [[_range(r.start, r.end)] for r in proto.reserved_range]
    return nodes.Enum(
        proto.name,
        [nodes.EnumValue(v.name, v.number, _options(v.options)) for v in proto.value],
        _options(proto.options),
        reserved + [[name] for name in proto.reserved_name],
    )


def _service(proto: pb.ServiceDescriptorProto) -> nodes.Service:
    rpcs = [
        nodes.Rpc(
            m.name,
            m.input_type,
            m.output_type,
            (m.client_streaming, m.server_streaming),
            _options(m.options),
        )
        for m in proto.method
    ]
    return nodes.Service(proto.name, rpcs, _options(proto.options))


def _options(proto: Message) -> list[Option]:
    """The options that are set and are no messages; what others have added is not known here."""
    found: list[Option] = []
    for one, value in proto.ListFields():
        if one.type == FieldDescriptor.TYPE_MESSAGE or one.is_extension:
            continue
        for single in value if one.is_repeated else [value]:
            found.append(_option(one, single))
    return found


def _option(one: FieldDescriptor, value: object) -> Option:
    if one.type == FieldDescriptor.TYPE_BOOL:
        return Option(one.name, OptionKind.BOOLEAN, "true" if value else "false")
    if one.enum_type is not None:
        name = one.enum_type.values_by_number[int(str(value))].name
        return Option(one.name, OptionKind.ENUM, name)
    if one.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        return Option(one.name, OptionKind.STRING, text)
    return Option(one.name, OptionKind.NUMBER, str(value))
