"""Writes a file in its one layout: what the wire's reference server stores, byte for byte.

Normalized, what has no meaning is left out or put in order too: numbers decide the order of fields,
names that of options, and every name of a type is written in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, InvalidOperation
from typing import Final, TypeVar

from registry.errors import InvalidSchema, Unresolved
from registry.formats.protobuf import options as merged
from registry.formats.protobuf.nodes import (
    MAX_TAG,
    SCALARS,
    Enum,
    EnumValue,
    Extend,
    Extensions,
    Field,
    File,
    Group,
    Message,
    OneOf,
    Option,
    OptionKind,
    Primitive,
    Range,
    Reserved,
    Rpc,
    Service,
    Type,
    map_types,
    with_fields,
)
from registry.formats.protobuf.types import Scope, Types

Tagged = TypeVar("Tagged", Field, Group)
OWN: Final = "confluent."  # options that are kept when those of others are left out
MOST_WORK: Final = 30_000_000  # characters put in place; lines once for each level they lie in
ESCAPES: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
}


def text(file: File, types: Types | None = None, *, extensions: bool = True) -> str:
    """The file's text; with `types`, normalized. Raises Unresolved for a name that is then not
    to be found. Without `extensions`, those and what uses them are left out."""
    return _Printer(types, extensions=extensions).file(file)


def escaped(value: str) -> str:
    return "".join(ESCAPES.get(character, character) for character in value)


class _Printer:
    def __init__(self, types: Types | None, *, extensions: bool) -> None:
        self.types = types
        self.normal = types is not None
        self.extensions = extensions
        self.scope: Scope = ()
        self.left = MOST_WORK

    def spend(self, characters: int) -> None:
        self.left -= characters
        if self.left < 0:
            raise InvalidSchema(
                "Written out, the schema is too large: nest its messages less, or shorten names."
            )

    def indented(self, block: str) -> str:
        """Every line two spaces in."""
        self.spend(len(block))
        return "".join(f"  {line}\n" for line in block.rstrip("\n").split("\n"))

    def file(self, file: File) -> str:
        parts: list[str] = []
        if file.syntax and not (self.normal and file.syntax != "proto3"):
            parts.append(f'syntax = "{file.syntax}";\n')
        if file.package:
            parts.append(f"package {file.package};\n")
        imports = [f'import "{name}";\n' for name in self.listed(file.imports)]
        imports += [f'import public "{name}";\n' for name in self.listed(file.public_imports)]
        # Weak imports are left out, as there; what they bring is found all the same.
        if imports:
            parts += ["\n", *imports]
        options = [self.statement(option) for option in self.chosen(file.options)]
        if options:
            parts += ["\n", *options]
        types = self.shown(file.types)
        if types:
            parts += ["\n", *self.types_in(types)]
        if self.extensions and file.extends:
            parts += ["\n", *(self.extend(one) for one in self.grouped(file.extends))]
        if file.services:
            parts += ["\n", *(self.service(one) for one in file.services)]
        self.spend(sum(len(part) for part in parts))
        return "".join(parts)

    def listed(self, names: Sequence[str]) -> Sequence[str]:
        return sorted(set(names)) if self.normal else names

    # -- names of types ----------------------------------------------------------------------

    def full(self, name: str) -> str:
        """The name as it is written: in full, where all is normalized."""
        if self.types is None:
            return name
        found = self.types.resolve(name, self.scope)
        if found is None:
            raise Unresolved(f"Could not resolve type: {name[:200]}")
        self.spend(len(found))
        return f".{found}"

    def shown(self, types: Sequence[Type]) -> Sequence[Type]:
        """Types that are declared; the message behind a map is written as the map."""
        if self.types is None:
            return types
        return [one for one in types if not (isinstance(one, Message) and one.is_map_entry)]

    def types_in(self, types: Sequence[Type]) -> list[str]:
        # The order of messages is part of the wire format; enums come after them.
        messages = [self.message(one) for one in types if isinstance(one, Message)]
        return messages + [self.enum(one) for one in types if isinstance(one, Enum)]

    # -- messages ------------------------------------------------------------------------------

    def message(self, message: Message) -> str:
        outer, self.scope = self.scope, (*self.scope, message.name)
        blocks = [
            [self.reserved(one) for one in self.apart(message.reserved)],
            [self.statement(one) for one in self.chosen(message.options)],
            [self.field(one) for one in self.by_tag(message.fields)],
            [self.oneof(one) for one in self.oneofs(message.oneofs)],
            [self.group(one) for one in self.by_tag(message.groups)],
        ]
        if self.extensions:
            blocks.append([self.extension(one) for one in self.split(message.extensions)])
            blocks.append([self.extend(one) for one in self.grouped(message.extends)])
        blocks.append(self.types_in(self.shown(message.types)))
        self.scope = outer
        parts = [f"message {message.name} {{"]
        for block in blocks:
            if block:
                parts += ["\n", *(self.indented(one) for one in block)]
        return "".join((*parts, "}\n"))

    def by_tag(self, listed: Sequence[Tagged]) -> Sequence[Tagged]:
        return sorted(listed, key=lambda one: one.tag) if self.normal else listed

    def oneofs(self, oneofs: Sequence[OneOf]) -> Sequence[OneOf]:
        if not self.normal:
            return oneofs
        ordered = [with_fields(o, sorted(o.fields, key=lambda f: f.tag)) for o in oneofs]
        return sorted((o for o in ordered if o.fields), key=lambda o: o.fields[0].tag)

    def oneof(self, oneof: OneOf) -> str:
        blocks = [
            [self.statement(one) for one in self.chosen(oneof.options)],
            [self.field(one) for one in oneof.fields],
            [self.group(one) for one in self.by_tag(oneof.groups)],
        ]
        parts = [f"oneof {oneof.name} {{"]
        for block in blocks:
            if block:
                parts += ["\n", *(self.indented(one) for one in block)]
        return "".join((*parts, "}\n"))

    def group(self, group: Group) -> str:
        label = f"{group.label} " if group.label else ""
        fields = "".join(self.indented(self.field(one)) for one in self.by_tag(group.fields))
        inner = f"\n{fields}" if fields else ""
        return f"{label}group {group.name} = {group.tag} {{{inner}}}\n"

    def grouped(self, extends: Sequence[Extend]) -> Iterable[Extend]:
        if not self.normal:
            return extends
        by_name: dict[str, list[Field]] = {}
        for extend in extends:
            by_name.setdefault(self.full(extend.name), []).extend(extend.fields)
        return [Extend(name, fields) for name, fields in by_name.items()]

    def extend(self, extend: Extend) -> str:
        fields = "".join(self.indented(self.field(one)) for one in self.by_tag(extend.fields))
        inner = f"\n{fields}" if fields else ""
        return f"extend {extend.name} {{{inner}}}\n"

    def field(self, field: Field) -> str:
        type_, label = field.type, field.label
        if self.types is not None:
            type_, is_map = self.full_type(type_)
            label = "" if is_map else label
        options = list(field.options)
        if field.default is not None:
            options.append(Option("default", _kind_of(type_), field.default))
        if field.json_name is not None:
            options.append(Option("json_name", OptionKind.STRING, field.json_name))
        start = f"{label} " if label else ""
        return f"{start}{type_} {field.name} = {field.tag}{self.bracketed(options)};\n"

    def full_type(self, name: str) -> tuple[str, bool]:
        """A field's type in full, and whether it is a map."""
        if name not in SCALARS and not map_types(name) and self.types is not None:
            name = self.full(name)
            name = self.types.found[name[1:]].map_type or name
        inner = map_types(name)
        if inner is None:
            return name, False
        key, value = inner
        if value not in SCALARS and self.types is not None:
            found = self.types.resolve(value, self.scope)
            value = f".{found}" if found is not None else value
        return f"map<{key}, {value}>", True

    # -- numbers -----------------------------------------------------------------------------

    def apart(self, reserved: Sequence[Reserved]) -> Sequence[Reserved]:
        if not self.normal:
            return reserved
        return sorted(([value] for values in reserved for value in values), key=_by_start)

    def reserved(self, values: Reserved) -> str:
        shown = (f'"{value}"' if isinstance(value, str) else self.number(value) for value in values)
        return f"reserved {', '.join(shown)};\n"

    def split(self, extensions: Sequence[Extensions]) -> Sequence[Extensions]:
        if not self.normal:
            return extensions
        single = (Extensions([value], one.options) for one in extensions for value in one.values)
        return sorted(single, key=lambda one: _start(one.values[0]))

    def extension(self, one: Extensions) -> str:
        shown = ", ".join(self.number(value) for value in one.values)
        return f"extensions {shown}{self.bracketed(one.options)};\n"

    def number(self, value: int | Range) -> str:
        if isinstance(value, int):
            return str(value)
        start, end = value
        if self.normal and start == end:
            return str(start)
        return f"{start} to {'max' if end >= MAX_TAG else end}"

    # -- enums, services -----------------------------------------------------------------------

    def enum(self, enum: Enum) -> str:
        parts = [f"enum {enum.name} {{"]
        if enum.reserved:
            parts += [
                "\n",
                *(self.indented(self.reserved(one)) for one in self.apart(enum.reserved)),
            ]
        elif enum.options or enum.values:
            parts.append("\n")
        parts += (self.indented(self.statement(one)) for one in self.chosen(enum.options))
        values = enum.values
        if self.normal:
            values = sorted(values, key=lambda one: (one.tag, one.name))
        parts += (self.indented(self.value(one)) for one in values)
        return "".join((*parts, "}\n"))

    def value(self, value: EnumValue) -> str:
        return f"{value.name} = {value.tag}{self.bracketed(value.options)};\n"

    def service(self, service: Service) -> str:
        parts = [f"service {service.name} {{"]
        options = [self.statement(one) for one in self.chosen(service.options)]
        for block in (options, [self.rpc(one) for one in service.rpcs]):
            if block:
                parts += ["\n", *(self.indented(one) for one in block)]
        return "".join((*parts, "}\n"))

    def rpc(self, rpc: Rpc) -> str:
        asks, gives = ("stream " if stream else "" for stream in rpc.streams)
        request, response = self.full(rpc.request), self.full(rpc.response)
        start = f"rpc {rpc.name} ({asks}{request}) returns ({gives}{response})"
        options = "".join(self.indented(self.statement(one)) for one in self.chosen(rpc.options))
        return f"{start} {{\n{options}}};\n" if options else f"{start};\n"

    # -- options -------------------------------------------------------------------------------

    def chosen(self, options: Sequence[Option]) -> Sequence[Option]:
        """Options that are written, in the order that they are."""
        if not self.extensions:
            options = [o for o in options if not o.parenthesized or o.name.startswith(OWN)]
        if self.types is not None and options:
            return merged.normalized(options, self.types, self.scope)
        return options

    def statement(self, option: Option) -> str:
        return f"option {self.option(option)};\n"

    def bracketed(self, options: Sequence[Option]) -> str:
        chosen = self.chosen(options)
        return f" {self.several(chosen)}" if chosen else ""

    def several(self, values: Sequence[object]) -> str:
        if len(values) == 1:
            return f"[{self.inner(values[0])}]"
        return "[\n" + self.lines(values) + "]"

    def lines(self, values: Sequence[object]) -> str:
        last = len(values) - 1
        return "".join(
            self.indented(self.inner(value) + ("," if index < last else ""))
            for index, value in enumerate(values)
        )

    def option(self, option: Option) -> str:
        name = f"({option.name})" if option.parenthesized else option.name
        value = option.value
        match option.kind:
            case OptionKind.STRING:
                return f'{name} = "{escaped(str(value))}"'
            case OptionKind.NUMBER:
                return f"{name} = {self.amount(str(value))}"
            case OptionKind.OPTION if isinstance(value, Option):
                # What is within is never in parentheses.
                inner = Option(value.name, value.kind, value.value)
                return f"{name}.{self.option(inner)}"
            case OptionKind.MAP if isinstance(value, dict):
                return f"{name} = {{\n{self.map_(value)}}}"
            case OptionKind.LIST if isinstance(value, list):
                return f"{name} = {self.several(value)}" if value else f"{name} = [\n]"
        return f"{name} = {value}"

    def map_(self, value: dict[str, object]) -> str:
        if self.types is not None:
            value = merged.normalized_map(value, self.types, self.scope)
        last = len(value) - 1
        return "".join(
            self.indented(f"{key}: {self.inner(inner)}" + ("," if index < last else ""))
            for index, (key, inner) in enumerate(value.items())
        )

    def inner(self, value: object) -> str:
        """A value inside of brackets or braces."""
        if isinstance(value, str):
            return f'"{escaped(value)}"'
        if isinstance(value, dict):
            return f"{{\n{self.map_(value)}}}"
        if isinstance(value, list):
            if self.normal and len(value) == 1:
                return self.inner(value[0])
            return "[\n" + self.lines(value) + "]"
        if isinstance(value, Primitive):
            return self.amount(value.text) if value.kind is OptionKind.NUMBER else value.text
        return self.option(value) if isinstance(value, Option) else str(value)

    def amount(self, written: str) -> str:
        """A number; normalized, without what is not needed, and with three digits at most after
        the point, as there."""
        if not self.normal:
            return written
        try:
            exact = Decimal(int(written, 0)) if _is_whole(written) else Decimal(written)
        except (ValueError, InvalidOperation):
            return written
        if not exact.is_finite() or abs(exact.adjusted()) > 400:
            return written
        shown = f"{exact.quantize(Decimal('0.001'), context=_WIDE):f}"
        shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
        return "-0" if shown in ("-0", "") else shown


# Room for 400 digits before the point and three after it.
_WIDE: Final = Context(prec=500)


def _is_whole(written: str) -> bool:
    digits = written.lstrip("-+")
    return digits.isdigit() or digits.lower().startswith("0x")


def _kind_of(type_: str) -> OptionKind:
    if type_ == "bool":
        return OptionKind.BOOLEAN
    if type_ == "string":
        return OptionKind.STRING
    return OptionKind.NUMBER if type_ in SCALARS else OptionKind.ENUM


def _start(value: int | Range | str) -> int:
    if isinstance(value, str):
        return 2**31 - 1
    return value if isinstance(value, int) else value[0]


def _by_start(values: Reserved) -> tuple[int, str]:
    (value,) = values
    return (_start(value), str(value))
