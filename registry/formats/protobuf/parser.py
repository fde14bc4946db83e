"""Reads a .proto file (proto2, proto3) into nodes; what is wrong is told with its line."""

from __future__ import annotations

from typing import Final, NoReturn

from registry.errors import InvalidSchema
from registry.formats.base import LIMITS, Limits
from registry.formats.protobuf import nodes
from registry.formats.protobuf.lexer import Token, line, tokens
from registry.formats.protobuf.nodes import KEYS, MAX_TAG, Option, OptionKind, Primitive, Range

LABELS: Final = frozenset({"required", "optional", "repeated"})
SYNTAXES: Final = frozenset({"proto2", "proto3"})
TOKENS_A_NODE: Final = 8  # a field is about so many words


def parse(text: str, limits: Limits = LIMITS) -> nodes.File:
    """The file. Raises InvalidSchema, naming the line."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > limits.text_bytes:
        raise InvalidSchema(
            f"The schema has {size} bytes of text; at most {limits.text_bytes} fit."
        )
    if not text.strip():
        raise InvalidSchema("Empty schema")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidSchema("The schema holds half of a surrogate pair.")
    return _Parser(text, limits).file()


class _Parser:
    """Recursive descent; `depth` counts messages within messages and values within values."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.tokens = tokens(text, limits.nodes * TOKENS_A_NODE)
        self.position = 0
        self.depth = 0
        self.proto3 = False
        self.unlabelled = False  # whether a field may do without a label: in proto3, in a oneof

    # -- words ---------------------------------------------------------------------------------

    def peek(self) -> str:
        """The next mark or word; "" at the end, and a quote for a string."""
        if self.position >= len(self.tokens):
            return ""
        token = self.tokens[self.position]
        return '"' if token.kind == "string" else token.text

    def next(self) -> Token:
        if self.position >= len(self.tokens):
            self.fail("the text ends too early")
        self.position += 1
        return self.tokens[self.position - 1]

    def fail(self, why: str) -> NoReturn:
        index = min(max(self.position - 1, 0), len(self.tokens) - 1)
        at = self.tokens[index].at if self.tokens else 0
        raise InvalidSchema(f"line {line(self.text, at)}: {why}.")

    def expect(self, mark: str) -> None:
        token = self.next()
        if token.kind == "string" or token.text != mark:
            self.fail(f"expected '{mark}' and found '{token.text[:60]}'")

    def take(self, mark: str) -> bool:
        if self.peek() != mark:
            return False
        self.position += 1
        return True

    def word(self) -> str:
        token = self.next()
        if token.kind != "word":
            self.fail(f"expected a name and found '{token.text[:60]}'")
        return token.text

    def name(self) -> str:
        """A word, or one in parentheses or brackets."""
        for opening, closing in (("(", ")"), ("[", "]")):
            if self.take(opening):
                inner = self.word()
                if self.take("/"):
                    inner += f"/{self.word()}"
                self.expect(closing)
                return inner
        return self.word()

    def string(self) -> str:
        """One string; several that follow each other are one."""
        token = self.next()
        if token.kind != "string":
            self.fail(f"expected a string and found '{token.text[:60]}'")
        parts = [token.text]
        while self.peek() == '"':
            parts.append(self.next().text)
        return "".join(parts)

    def plain_string(self) -> str:
        """One that is written again as it is, without strokes."""
        text = self.string()
        if any(letter in '"\\' or letter < " " for letter in text):
            self.fail(f"no name has a quote, a backslash or a line end: '{text[:60]}'")
        return text

    def whole(self) -> int:
        given = self.word()
        if "_" in given:
            self.fail(f"expected a whole number and found '{given[:60]}'")
        try:
            number = int(given, 16) if given.lower().lstrip("-+").startswith("0x") else int(given)
        except ValueError:
            self.fail(f"expected a whole number and found '{given[:60]}'")
        if not -(2**31) <= number < 2**31:
            self.fail(f"the number {given[:60]} is out of range")
        return number

    def type_name(self) -> str:
        given = self.word()
        if given == "map":
            self.expect("<")
            key = self.word()
            self.expect(",")
            value = self.word()
            self.expect(">")
            if key not in KEYS:
                self.fail(f"the key of a map is a whole number, a bool or a string, not {key[:60]}")
            return f"map<{key}, {value}>"
        return given

    def nested(self, levels: int = 1) -> None:
        self.depth += levels
        if self.depth > self.limits.depth:
            self.fail(f"this nests deeper than {self.limits.depth} levels")

    # -- file ------------------------------------------------------------------------------

    def file(self) -> nodes.File:
        file = nodes.File()
        begun = False
        while self.peek():
            if self.take(";"):
                continue
            match self.word():
                case "syntax":
                    if begun:
                        self.fail("'syntax' must come first, and once")
                    self.expect("=")
                    file.syntax = self.string()
                    if file.syntax not in SYNTAXES:
                        self.fail(f"the syntax '{file.syntax[:60]}' is unknown: proto2 or proto3")
                    self.proto3 = self.unlabelled = file.proto3
                    self.expect(";")
                case "edition":
                    self.fail("editions are not supported: use proto2 or proto3")
                case "package":
                    if file.package:
                        self.fail("there is a second package")
                    file.package = self.word()
                    self.expect(";")
                case "import":
                    self.import_(file)
                case "option":
                    file.options.append(self.option())
                case "message":
                    file.types.append(self.message())
                case "enum":
                    file.types.append(self.enum())
                case "service":
                    file.services.append(self.service())
                case "extend":
                    file.extends.append(self.extend())
                case other:
                    self.fail(f"'{other[:60]}' does not belong here")
            begun = True
        self.ensure_distinct(file.types, "")
        return file

    def ensure_distinct(self, types: list[nodes.Type], scope: str) -> None:
        """A name is declared once at each place."""
        seen: set[str] = set()
        for one in types:
            if one.name in seen:
                self.fail(f"{scope}{one.name[:200]} is already defined")
            seen.add(one.name)

    def import_(self, file: nodes.File) -> None:
        target = file.imports
        if self.take("public"):
            target = file.public_imports
        elif self.take("weak"):
            target = file.weak_imports
        target.append(self.plain_string())
        self.expect(";")

    # -- types -----------------------------------------------------------------------------

    def message(self) -> nodes.Message:
        message = nodes.Message(self.word())
        self.body(message)
        return message

    def body(self, message: nodes.Message) -> None:
        self.expect("{")
        self.nested()
        while not self.take("}"):
            if self.take(";"):
                continue
            self.member(message)
        self.ensure_distinct(message.types, f"{message.name[:200]}.")
        self.depth -= 1

    def member(self, message: nodes.Message) -> None:
        start = self.position
        match self.word():
            case "option":
                message.options.append(self.option())
            case "message":
                message.types.append(self.message())
            case "enum":
                message.types.append(self.enum())
            case "oneof":
                message.oneofs.append(self.oneof())
            case "extend":
                message.extends.append(self.extend())
            case "reserved":
                message.reserved.append(self.reserved())
            case "extensions":
                message.extensions.append(self.extensions())
            case _:
                self.position = start
                self.field_or_group(message.fields, message.groups)

    def field_or_group(
        self, fields: list[nodes.Field], groups: list[nodes.Group], *, labels: bool = True
    ) -> None:
        word = self.word()
        label = ""
        if labels and word in LABELS:
            label = word
            word = self.word()
        if word == "group" and self.peek() != "=":
            groups.append(self.group(label))
            return
        if label == "required" and self.proto3:
            self.fail("'required' label forbidden in proto3 field declarations")
        if not (label or self.unlabelled) and word != "map":
            self.fail(f"unexpected label: {word[:60]}; proto2 wants optional, required or repeated")
        self.position -= 1
        fields.append(self.field(label))

    def field(self, label: str) -> nodes.Field:
        type_ = self.type_name()
        if label and type_.startswith("map<"):
            self.fail("a map has no label")
        field = nodes.Field(self.word(), type_, 0, label)
        self.expect("=")
        field.tag = self.whole()
        for option in self.bracketed():
            if option.name == "default" and not option.parenthesized:
                field.default = str(option.value)
            elif option.name == "json_name" and not option.parenthesized:
                field.json_name = str(option.value)
            else:
                field.options.append(option)
        self.expect(";")
        return field

    def group(self, label: str) -> nodes.Group:
        name = self.word()
        self.expect("=")
        tag = self.whole()
        self.bracketed()
        self.expect("{")
        self.nested()
        group = nodes.Group(name, tag, label, [])
        while not self.take("}"):
            if self.take(";"):
                continue
            self.field_or_group(group.fields, [])
        self.depth -= 1
        return group

    def oneof(self) -> nodes.OneOf:
        oneof = nodes.OneOf(self.word(), [], [], [])
        outside, self.unlabelled = self.unlabelled, True
        self.expect("{")
        while not self.take("}"):
            if self.take(";"):
                continue
            if self.peek() == "option":
                self.word()
                oneof.options.append(self.option())
            else:
                self.field_or_group(oneof.fields, oneof.groups, labels=False)
        self.unlabelled = outside
        return oneof

    def enum(self) -> nodes.Enum:
        enum = nodes.Enum(self.word(), [], [], [])
        self.expect("{")
        while not self.take("}"):
            if self.take(";"):
                continue
            word = self.word()
            if word == "option":
                enum.options.append(self.option())
            elif word == "reserved":
                enum.reserved.append(self.reserved())
            else:
                self.expect("=")
                tag = self.whole()
                enum.values.append(nodes.EnumValue(word, tag, self.bracketed()))
                self.expect(";")
        return enum

    def extend(self) -> nodes.Extend:
        extend = nodes.Extend(self.word(), [])
        self.expect("{")
        while not self.take("}"):
            if self.take(";"):
                continue
            self.field_or_group(extend.fields, [])
        return extend

    def service(self) -> nodes.Service:
        service = nodes.Service(self.word(), [], [])
        self.expect("{")
        while not self.take("}"):
            if self.take(";"):
                continue
            match self.word():
                case "option":
                    service.options.append(self.option())
                case "rpc":
                    service.rpcs.append(self.rpc())
                case other:
                    self.fail(f"'{other[:60]}' does not belong into a service")
        return service

    def rpc(self) -> nodes.Rpc:
        name = self.word()
        request, asks_stream = self.rpc_type()
        if self.word() != "returns":
            self.fail("expected 'returns'")
        response, gives_stream = self.rpc_type()
        rpc = nodes.Rpc(name, request, response, (asks_stream, gives_stream), [])
        if self.take("{"):
            while not self.take("}"):
                if self.take(";"):
                    continue
                if self.word() != "option":
                    self.fail("expected 'option'")
                rpc.options.append(self.option())
            self.take(";")
        else:
            self.expect(";")
        return rpc

    def rpc_type(self) -> tuple[str, bool]:
        self.expect("(")
        given = self.type_name()
        stream = given == "stream" and self.peek() != ")"
        if stream:
            given = self.type_name()
        self.expect(")")
        return given, stream

    # -- numbers -----------------------------------------------------------------------------

    def reserved(self) -> nodes.Reserved:
        values: nodes.Reserved = []
        while True:
            values.append(self.plain_string() if self.peek() == '"' else self.range())
            if self.take(";"):
                return values
            self.expect(",")

    def extensions(self) -> nodes.Extensions:
        values: list[int | Range] = []
        while True:
            values.append(self.range())
            if self.peek() in ("[", ";"):
                options = self.bracketed()
                self.expect(";")
                return nodes.Extensions(values, options)
            self.expect(",")

    def range(self) -> int | Range:
        start = self.whole()
        if not self.take("to"):
            return start
        return (start, MAX_TAG if self.take("max") else self.whole())

    # -- options -----------------------------------------------------------------------------

    def option(self) -> Option:
        option = self.assigned("=")
        self.expect(";")
        return option

    def bracketed(self) -> list[Option]:
        """`[a = 1, (b) = 2]`, or nothing."""
        found: list[Option] = []
        if not self.take("["):
            return found
        while True:
            found.append(self.assigned("="))
            if self.take("]"):
                return found
            self.expect(",")

    def assigned(self, separator: str) -> Option:
        """A name, perhaps of a field within, and its value."""
        extension, parenthesized = self.peek() == "[", self.peek() == "("
        name = self.name()
        if extension:
            name = f"[{name}]"
        inner: list[str] = []
        if self.peek().startswith(".") and parenthesized:
            inner = self.word()[1:].split(".")
        self.nested(len(inner))
        if not (separator == ":" and self.peek() in ("{", "[", "<")):
            self.expect(separator)
        elif self.peek() == "<":
            self.fail("values in < > are not supported: use { }")
        kind, value = self.value()
        self.depth -= len(inner)
        for part in reversed(inner):
            kind, value = OptionKind.OPTION, Option(part, kind, value)
        return Option(name, kind, value, parenthesized)

    def value(self) -> tuple[OptionKind, object]:
        match self.peek():
            case "{":
                return OptionKind.MAP, self.map_()
            case "[":
                return OptionKind.LIST, self.list_()
            case '"':
                return OptionKind.STRING, self.string()
        word = self.word()
        if word[0].isdigit() or word[0] in "-+":
            return OptionKind.NUMBER, word
        if word in ("true", "false"):
            return OptionKind.BOOLEAN, word
        return OptionKind.ENUM, word

    def map_(self) -> dict[str, object]:
        self.expect("{")
        self.nested()
        found: dict[str, object] = {}
        while not self.take("}"):
            option = self.assigned(":")
            value = _inside(option.kind, option.value)
            if option.name in found:
                before = found[option.name]
                if isinstance(before, list):
                    before.append(value)
                else:
                    found[option.name] = [before, value]
            else:
                found[option.name] = value
            if not self.take(","):
                self.take(";")
        self.depth -= 1
        return found

    def list_(self) -> list[object]:
        self.expect("[")
        self.nested()
        found: list[object] = []
        while not self.take("]"):
            found.append(_inside(*self.value()))
            if not self.take(",") and self.peek() != "]":
                self.fail("expected ',' or ']'")
        self.depth -= 1
        return found


def _inside(kind: OptionKind, value: object) -> object:
    if kind in (OptionKind.BOOLEAN, OptionKind.ENUM, OptionKind.NUMBER):
        return Primitive(kind, str(value))
    return value
