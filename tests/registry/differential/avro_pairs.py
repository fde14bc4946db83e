"""Random Avro schemas and what may become of them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from tests.registry.differential.pairs import Pair

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
FIELDS = ("a", "b", "c", "d", "e")
DEFAULTS = {
    "null": None,
    "boolean": True,
    "int": 1,
    "long": 2,
    "float": 1.5,
    "double": 2.5,
    "bytes": "x",
    "string": "y",
}
Schema = Any


def pairs(seed: int, count: int) -> Iterator[Pair]:
    for index in range(count):
        maker = _Maker(random.Random(f"{seed}-{index}"))
        yield maker.pair(f"{seed}-{index}")


class _Maker:
    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.names = 0

    def pair(self, name: str) -> Pair:
        old = self.schema(3)
        new = copy.deepcopy(old)
        for _ in range(self.random.choice((0, 1, 1, 2, 2, 3))):
            new = self.changed(new)
        return Pair(name, json.dumps(old), json.dumps(new))

    def name(self, kind: str) -> str:
        self.names += 1
        return f"{kind}{self.names}"

    def schema(self, depth: int) -> Schema:
        chance = self.random.random()
        if depth and chance < 0.45:
            return self.record(depth)
        if depth and chance < 0.6:
            return self.union(depth)
        if depth and chance < 0.7:
            word, inner = self.random.choice((("array", "items"), ("map", "values")))
            return {"type": word, inner: self.schema(depth - 1)}
        if chance < 0.8:
            return self.enum()
        if chance < 0.85:
            return {"type": "fixed", "name": self.name("F"), "size": self.random.choice((4, 8))}
        if chance < 0.9:
            return {"type": "int", "logicalType": "date"}
        return self.random.choice(PRIMITIVES)

    def enum(self) -> Schema:
        made = {"type": "enum", "name": self.name("E"), "symbols": self.symbols()}
        if self.random.random() < 0.3:
            made["default"] = made["symbols"][0]
        return made

    def symbols(self) -> list[str]:
        return self.random.sample(["A", "B", "C", "D"], self.random.randint(1, 3))

    def union(self, depth: int) -> Schema:
        branches: list[Schema] = self.random.sample(PRIMITIVES, self.random.randint(1, 3))
        if self.random.random() < 0.4:
            branches.append(self.record(depth - 1))
        return branches

    def record(self, depth: int) -> Schema:
        made: dict[str, Schema] = {"type": "record", "name": self.name("R")}
        if self.random.random() < 0.3:
            made["namespace"] = self.random.choice(("n", "m.o"))
        names = self.random.sample(FIELDS, self.random.randint(0, 4))
        made["fields"] = [self.field(name, depth) for name in names]
        if self.random.random() < 0.1:
            made["doc"] = "words"
        return made

    def field(self, name: str, depth: int) -> dict[str, Schema]:
        made: dict[str, Schema] = {"name": name, "type": self.schema(max(depth - 1, 0))}
        kind = made["type"][0] if isinstance(made["type"], list) else made["type"]
        if isinstance(kind, str) and kind in DEFAULTS and self.random.random() < 0.5:
            made["default"] = DEFAULTS[kind]
        return made

    # -- changes ---------------------------------------------------------------------------

    def changed(self, schema: Schema) -> Schema:
        holder = {"": schema}
        places = [(holder, ""), *_places(schema)]
        at, key = self.random.choice(places)
        inner = at[key]
        if isinstance(inner, dict) and self.random.random() < 0.85:
            self.edit(inner)
        elif isinstance(inner, list) and self.random.random() < 0.7:
            self.branch(inner)
        else:
            at[key] = self.schema(1)
            # Another type makes a default that was right for the first one wrong.
            if isinstance(at, dict):
                at.pop("default", None)
        return holder[""]

    def edit(self, inner: dict[str, Schema]) -> None:
        kind = inner["type"]
        if kind == "record":
            self.fields(inner)
        elif kind == "enum":
            inner["symbols"] = self.symbols()
            inner.pop("default", None)
            if self.random.random() < 0.4:
                inner["default"] = inner["symbols"][0]
        elif kind == "fixed":
            inner["size"] = self.random.choice((4, 8))
        elif kind == "array":
            inner["items"] = self.schema(1)
        elif kind == "map":
            inner["values"] = self.schema(1)

    def fields(self, inner: dict[str, Schema]) -> None:
        fields = inner["fields"]
        chance = self.random.random()
        missing = [name for name in FIELDS if name not in {f["name"] for f in fields}]
        if chance < 0.4 and missing:
            fields.append(self.field(self.random.choice(missing), 1))
        elif chance < 0.6 and fields:
            fields.pop(self.random.randrange(len(fields)))
        elif chance < 0.75 and fields and missing:
            field = self.random.choice(fields)
            if self.random.random() < 0.5:
                field["aliases"] = [field["name"]]
            field["name"] = self.random.choice(missing)
        elif chance < 0.9:
            if self.random.random() < 0.5:
                inner["aliases"] = [inner["name"]]
            inner["name"] = self.name("R")
        else:
            inner["namespace"] = self.random.choice(("n", "p"))

    def branch(self, branches: list[Schema]) -> None:
        chance = self.random.random()
        others = [name for name in PRIMITIVES if name not in branches]
        if chance < 0.5:
            branches.append(self.random.choice(others))
        elif chance < 0.8 and len(branches) > 1:
            branches.pop(self.random.randrange(len(branches)))
        else:
            self.random.shuffle(branches)


def _places(schema: Schema) -> Iterator[tuple[Any, Any]]:
    """(holder, key) of every type in it."""
    if isinstance(schema, list):
        for index, inner in enumerate(schema):
            yield schema, index
            yield from _places(inner)
    elif isinstance(schema, dict):
        for field in schema.get("fields", ()):
            yield field, "type"
            yield from _places(field["type"])
        for word in ("items", "values"):
            if word in schema:
                yield schema, word
                yield from _places(schema[word])
