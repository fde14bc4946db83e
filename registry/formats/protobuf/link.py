"""A file made into a FileDescriptorProto, and linked: does all of it hold together?

Names are resolved here; that numbers and names are not given twice, that imports lead somewhere,
and whatever else a compiler minds, is the library's to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from google.protobuf import descriptor_pb2 as pb
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message as ProtoMessage

from registry.errors import InvalidSchema, Unresolved
from registry.formats.protobuf import known, meta, nodes
from registry.formats.protobuf.nodes import SCALARS, Option, OptionKind, map_types
from registry.formats.protobuf.types import Scope, Types

NAME = "default"  # how a file that has no name is called


_LAST: Final = 2**31 - 2  # so that the end, which a descriptor does not count in, still fits


def linked(file: nodes.File, types: Types, given: Mapping[str, nodes.File]) -> None:
    """Raises InvalidSchema, with the compiler's words, where the file does not hold."""
    pool = DescriptorPool()
    done: set[str] = set()
    stack: list[tuple[str, bool]] = [(name, False) for name in reversed(file.all_imports)]
    while stack:
        name, ready = stack.pop()
        if name in done:
            continue
        other = given.get(name) or known.files().get(name)
        if other is None:
            raise InvalidSchema(
                f"the import '{name[:200]}' is not given: register it and name it as a reference."
            )
        if ready:
            done.add(name)
            _add(pool, name, other, types)
        else:
            stack.append((name, True))
            stack += ((n, False) for n in reversed(other.all_imports) if n not in done)
            if len(stack) > 10_000:
                raise InvalidSchema(f"the imports of '{name[:200]}' go round in a circle.")
    _add(pool, NAME, file, types)


def _add(pool: DescriptorPool, name: str, file: nodes.File, types: Types) -> None:
    try:
        ready = known.library().get(name)
        pool.AddSerializedFile(
            (ready if ready is not None else descriptor(file, types, name)).SerializeToString()
        )
        pool.FindFileByName(name)
    except (TypeError, KeyError, ValueError) as error:
        said = str(error).strip("'\"\n")
        raise InvalidSchema(f"it does not hold together: {said[:500]}") from None


def descriptor(file: nodes.File, types: Types, name: str = NAME) -> pb.FileDescriptorProto:
    """The file as protoc hands it on; options of others' making are left out."""
    return _Maker(types, file).file(name)


class _Maker:
    def __init__(self, types: Types, file: nodes.File) -> None:
        self.types = types
        self.declared = file
        self.scope: Scope = ()

    def file(self, name: str) -> pb.FileDescriptorProto:
        file = self.declared
        made = pb.FileDescriptorProto(name=name)
        if file.package:
            made.package = file.package
        if file.syntax:
            made.syntax = file.syntax
        made.dependency.extend(dict.fromkeys(file.all_imports))
        places = {name: index for index, name in enumerate(made.dependency)}
        made.public_dependency.extend(places[n] for n in file.public_imports)
        made.weak_dependency.extend(places[n] for n in file.weak_imports)
        for one in file.types:
            if isinstance(one, nodes.Message):
                self.message(made.message_type.add(), one)
            else:
                self.enum(made.enum_type.add(), one)
        for extend in file.extends:
            for field in extend.fields:
                self.extension(made.extension.add(), field, extend.name)
        for service in file.services:
            self.service(made.service.add(), service)
        _set(made.options, file.options)
        return made

    def message(self, made: pb.DescriptorProto, message: nodes.Message) -> None:
        outer, self.scope = self.scope, (*self.scope, message.name)
        made.name = message.name
        for one in message.types:
            if isinstance(one, nodes.Message):
                self.message(made.nested_type.add(), one)
            else:
                self.enum(made.enum_type.add(), one)
        for oneof in message.oneofs:
            made.oneof_decl.add().name = oneof.name
            for field in oneof.fields:
                self.field(made.field.add(), field).oneof_index = len(made.oneof_decl) - 1
        for group in message.groups:
            self.group(made, group)
        for field in message.fields:
            self.plain_field(made, field)
        for values in message.reserved:
            for value in values:
                if isinstance(value, str):
                    made.reserved_name.append(value)
                else:
                    start, end = (value, value) if isinstance(value, int) else value
                    made.reserved_range.add(start=start, end=min(end, _LAST) + 1)
        for extensions in message.extensions:
            for number in extensions.values:
                start, end = (number, number) if isinstance(number, int) else number
                made.extension_range.add(start=start, end=min(end, _LAST) + 1)
        for extend in message.extends:
            for field in extend.fields:
                self.extension(made.extension.add(), field, extend.name)
        _set(made.options, message.options)
        self.scope = outer

    def plain_field(self, made: pb.DescriptorProto, field: nodes.Field) -> None:
        inner = map_types(field.type)
        if inner is None:
            proto = self.field(made.field.add(), field)
            if self.declared.proto3 and field.label == "optional":
                # Presence is told by a choice of one, which comes after those that are declared.
                made.oneof_decl.add().name = f"_{field.name}"
                proto.oneof_index = len(made.oneof_decl) - 1
                proto.proto3_optional = True
            return
        name = entry_name(field.name)
        entry = made.nested_type.add(name=name)
        entry.options.map_entry = True
        for number, (word, type_) in enumerate(zip(("key", "value"), inner, strict=True), 1):
            self.field(entry.field.add(), nodes.Field(word, type_, number, "optional"))
        full = ".".join((*self.declared.package.split("."), *self.scope, name)).lstrip(".")
        proto = made.field.add(name=field.name, number=field.tag)
        proto.label = pb.FieldDescriptorProto.LABEL_REPEATED
        proto.type = pb.FieldDescriptorProto.TYPE_MESSAGE
        proto.type_name = f".{full}"
        _set(proto.options, field.options)

    def group(self, made: pb.DescriptorProto, group: nodes.Group) -> None:
        self.message(made.nested_type.add(), nodes.Message(group.name, fields=group.fields))
        field = made.field.add(name=group.name.lower(), number=group.tag)
        field.label = _label(group.label)
        field.type = pb.FieldDescriptorProto.TYPE_GROUP
        scope = (*self.declared.package.split("."), *self.scope, group.name)
        field.type_name = "." + ".".join(scope).lstrip(".")

    def field(self, made: pb.FieldDescriptorProto, field: nodes.Field) -> pb.FieldDescriptorProto:
        made.name, made.number, made.label = field.name, field.tag, _label(field.label)
        if field.type in SCALARS:
            made.type = pb.FieldDescriptorProto.Type.Value(f"TYPE_{field.type.upper()}")
        else:
            full = self.types.resolve(field.type, self.scope, self.declared.package)
            if full is None:
                raise Unresolved(f"Could not resolve type: {field.type[:200]}")
            is_enum = isinstance(self.types.found[full].type, nodes.Enum)
            kind = pb.FieldDescriptorProto
            made.type = kind.TYPE_ENUM if is_enum else kind.TYPE_MESSAGE
            made.type_name = f".{full}"
        if field.default is not None:
            made.default_value = field.default
        if field.json_name is not None:
            made.json_name = field.json_name
        _set(made.options, field.options)
        return made

    def extension(self, made: pb.FieldDescriptorProto, field: nodes.Field, extended: str) -> None:
        self.field(made, field)
        full = self.types.resolve(extended, self.scope, self.declared.package)
        made.extendee = f".{full}" if full is not None else extended

    def enum(self, made: pb.EnumDescriptorProto, enum: nodes.Enum) -> None:
        made.name = enum.name
        for value in enum.values:
            proto = made.value.add(name=value.name, number=value.tag)
            _set(proto.options, value.options)
        for values in enum.reserved:
            for one in values:
                if isinstance(one, str):
                    made.reserved_name.append(one)
                else:
                    start, end = (one, one) if isinstance(one, int) else one
                    made.reserved_range.add(start=start, end=end)
        _set(made.options, enum.options)

    def service(self, made: pb.ServiceDescriptorProto, service: nodes.Service) -> None:
        made.name = service.name
        for rpc in service.rpcs:
            method = made.method.add(name=rpc.name)
            package = self.declared.package
            request = self.types.resolve(rpc.request, (), package)
            response = self.types.resolve(rpc.response, (), package)
            method.input_type = f".{request or rpc.request}"
            method.output_type = f".{response or rpc.response}"
            if rpc.streams[0]:
                method.client_streaming = True
            if rpc.streams[1]:
                method.server_streaming = True
            _set(method.options, rpc.options)
        _set(made.options, service.options)


def entry_name(field: str) -> str:
    """The name of the message that stands for the entries of a map field."""
    return "".join(part[:1].upper() + part[1:] for part in field.split("_")) + "Entry"


def _label(label: str) -> pb.FieldDescriptorProto.Label.ValueType:
    return pb.FieldDescriptorProto.Label.Value(f"LABEL_{(label or 'optional').upper()}")


def _set(proto: ProtoMessage, options: Sequence[Option]) -> None:
    """The options that every compiler knows, and what clients look for in a schema: Confluent's."""
    added = meta.encoded(options)
    if added:
        proto.MergeFromString(added)
    for option in options:
        field: FieldDescriptor | None = proto.DESCRIPTOR.fields_by_name.get(option.name)  # type: ignore[assignment]  # the same by two names
        if option.parenthesized or field is None or field.is_repeated:
            continue
        value = _value(field, option)
        if value is not None:
            setattr(proto, field.name, value)


def _value(field: FieldDescriptor, option: Option) -> object:
    written = str(option.value)
    if field.type == FieldDescriptor.TYPE_BOOL and option.kind is OptionKind.BOOLEAN:
        return written == "true"
    if field.type == FieldDescriptor.TYPE_STRING and option.kind is OptionKind.STRING:
        return written
    if field.enum_type is not None and option.kind is OptionKind.ENUM:
        found = field.enum_type.values_by_name.get(written)
        return found.number if found is not None else None
    return None
