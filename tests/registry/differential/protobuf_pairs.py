"""Random .proto files and what may become of them."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator

from registry.formats.protobuf import printer
from registry.formats.protobuf.nodes import (
    Enum,
    EnumValue,
    Field,
    File,
    Message,
    OneOf,
    Option,
    OptionKind,
)
from tests.registry.differential.pairs import Pair

SCALARS = (
    *("int32", "int64", "uint32", "bool", "sint32", "string", "bytes", "fixed32", "sfixed64"),
    *("float", "double"),
)
NAMES = ("a", "b", "c", "d", "e", "f")
IMPORT = "other.proto"
OTHER = """syntax = "proto3";
package other;
message Shared { string id = 1; int32 n = 2; }
enum Colour { RED = 0; BLUE = 1; }
"""


def pairs(seed: int, count: int) -> Iterator[Pair]:
    for index in range(count):
        maker = _Maker(random.Random(f"{seed}-{index}"))
        yield maker.pair(f"{seed}-{index}")


class _Maker:
    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.proto3 = source.random() < 0.7
        self.imports = source.random() < 0.25
        self.names: list[str] = []

    def pair(self, name: str) -> Pair:
        syntax = "proto3" if self.proto3 else self.random.choice(("proto2", ""))
        old = File(syntax=syntax, package=self.random.choice(("", "p", "p.q")))
        if self.imports:
            old.imports.append(IMPORT)
        if self.random.random() < 0.15:
            old.imports.append("google/protobuf/timestamp.proto")
        messages = [f"M{index}" for index in range(self.random.randint(1, 3))]
        enums = [f"E{index}" for index in range(self.random.randint(0, 1))]
        self.names = [*messages, *enums]
        old.types += [self.message(one, 1) for one in messages]
        old.types += [self.enum(one) for one in enums]
        new = copy.deepcopy(old)
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 2, 3))):
            self.change(new)
        references = ((IMPORT, OTHER),) if self.imports else ()
        return Pair(name, printer.text(old), printer.text(new), references=references)

    def enum(self, name: str) -> Enum:
        values = [f"{name}_{letter}" for letter in self.random.sample("XYZW", 3)]
        return Enum(name, [EnumValue(v, i, []) for i, v in enumerate(values)], [], [])

    def message(self, name: str, depth: int) -> Message:
        message = Message(name)
        tags = self.random.sample(range(1, 12), 6)
        names = list(NAMES)
        if depth and self.random.random() < 0.4:
            message.types.append(self.message(f"{name}N", 0))
            self.names.append(f"{name}.{name}N")
        if depth and self.random.random() < 0.2:
            message.types.append(self.enum(f"{name}E"))
        for _ in range(self.random.randint(0, 4)):
            message.fields.append(self.field(names.pop(), tags.pop()))
        if self.random.random() < 0.35:
            fields = [self.oneof_field(names.pop(), tags.pop()) for _ in range(2)]
            message.oneofs.append(OneOf("k", fields, [], []))
        if self.random.random() < 0.1:
            message.reserved.append([20, (30, 40), "gone"])
        return message

    def type(self) -> str:
        chance = self.random.random()
        if chance < 0.6:
            return self.random.choice(SCALARS)
        if chance < 0.75 or not self.imports:
            return self.random.choice(self.names)
        return self.random.choice(("other.Shared", "other.Colour", ".other.Shared"))

    def field(self, name: str, tag: int) -> Field:
        if self.random.random() < 0.12:
            return Field(name, f"map<string, {self.type()}>", tag)
        labels = ["", "", "optional", "repeated"] if self.proto3 else ["optional", "repeated"]
        if not self.proto3 and self.random.random() < 0.15:
            labels = ["required"]
        field = Field(name, self.type(), tag, self.random.choice(labels))
        if self.random.random() < 0.1:
            field.options.append(Option("deprecated", OptionKind.BOOLEAN, "true"))
        if self.random.random() < 0.05:
            field.json_name = f"{name}X"
        return field

    def oneof_field(self, name: str, tag: int) -> Field:
        return Field(name, self.type(), tag)

    # -- changes ---------------------------------------------------------------------------

    def change(self, file: File) -> None:
        messages = [one for one in file.types if isinstance(one, Message)]
        chance = self.random.random()
        if chance < 0.05:
            file.package = self.random.choice(("", "p", "r"))
        elif chance < 0.1:
            file.types.append(self.message(f"X{self.random.randint(0, 9)}", 0))
        elif chance < 0.14 and len(messages) > 1:
            # Whatever was of that type is of none then, so it only changes places.
            self.random.shuffle(file.types)
        elif chance < 0.2:
            enums = [one for one in file.types if isinstance(one, Enum)]
            if enums:
                self.change_enum(self.random.choice(enums))
        elif messages:
            self.change_message(self.random.choice(messages))

    def change_enum(self, enum: Enum) -> None:
        if self.random.random() < 0.5:
            enum.values.append(EnumValue(f"{enum.name}_V{len(enum.values)}", 9, []))
        elif len(enum.values) > 1:
            enum.values.pop()

    def change_message(self, message: Message) -> None:
        nested = [one for one in message.types if isinstance(one, Message)]
        if nested and self.random.random() < 0.2:
            return self.change_message(self.random.choice(nested))
        used = {f.tag for f in message.fields} | {f.tag for o in message.oneofs for f in o.fields}
        free = [tag for tag in range(1, 20) if tag not in used]
        names = {f.name for f in message.fields}
        names |= {f.name for o in message.oneofs for f in o.fields}
        unused = [n for n in ("g", "h", "i", "j") if n not in names]
        ways = ["add", "add"]
        if message.fields:
            ways += ["lose", "rename", "retype", "retype", "relabel", "into", "into"]
        if message.oneofs:
            ways += ["oneof add", "oneof lose", "out", "drop", "oneof name"]
        self.random.shuffle(ways)
        way = ways[0]
        if way in ("add", "oneof add", "rename") and not unused:
            return None
        if way == "add":
            message.fields.append(self.field(unused[0], free[0]))
        elif way == "lose":
            message.fields.pop(self.random.randrange(len(message.fields)))
        elif way == "rename":
            self.random.choice(message.fields).name = unused[0]
        elif way == "retype":
            self.random.choice(message.fields).type = self.type()
        elif way == "relabel":
            field = self.random.choice(message.fields)
            if not field.type.startswith("map<"):
                field.label = self.random.choice(("optional", "repeated"))
        elif way == "into":
            self.into_oneof(message)
        elif way == "oneof add":
            message.oneofs[0].fields.append(self.oneof_field(unused[0], free[0]))
        elif way == "oneof lose" and len(message.oneofs[0].fields) > 1:
            message.oneofs[0].fields.pop()
        elif way == "out" and len(message.oneofs[0].fields) > 1:
            field = message.oneofs[0].fields.pop()
            field.label = "" if self.proto3 else "optional"
            message.fields.append(field)
        elif way == "drop":
            message.oneofs.pop()
        elif way == "oneof name":
            message.oneofs[0].name = "kk"
        return None

    def into_oneof(self, message: Message) -> None:
        plain = [f for f in message.fields if not f.type.startswith("map<")]
        moved = self.random.sample(plain, min(len(plain), self.random.choice((1, 1, 2))))
        if not moved:
            return
        message.fields = [f for f in message.fields if f not in moved]
        for field in moved:
            field.label = ""
        if message.oneofs and self.random.random() < 0.5:
            message.oneofs[0].fields += moved
        else:
            message.oneofs.append(OneOf("n", moved, [], []))
