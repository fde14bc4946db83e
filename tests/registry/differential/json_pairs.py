"""Random JSON Schemas and what may become of them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.registry.differential.pairs import Pair

NAMES = ("a", "b", "c", "d", "x_e", "x_f")
DRAFTS = (
    *("", "", "", "", "http://json-schema.org/draft-07/schema#"),
    *("http://json-schema.org/draft-06/schema#", "http://json-schema.org/draft-04/schema#"),
    *("https://json-schema.org/draft/2020-12/schema",) * 3,
    *("https://json-schema.org/draft/2019-09/schema",),
)
Schema = Any


def pairs(seed: int, count: int) -> Iterator[Pair]:
    for index in range(count):
        maker = _Maker(random.Random(f"{seed}-{index}"))
        yield maker.pair(f"{seed}-{index}")


class _Maker:
    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.draft = source.choice(DRAFTS)
        self.modern = "draft/20" in self.draft
        self.four = "draft-04" in self.draft

    def pair(self, name: str) -> Pair:
        old = self.schema(3)
        if not isinstance(old, dict):
            old = {"not": old} if not self.four else {"type": "object"}
        if self.random.random() < 0.3:
            shelf = "$defs" if self.modern or self.random.random() < 0.3 else "definitions"
            old.setdefault(shelf, {})["D"] = self.schema(2)
            old.setdefault("properties", {})["ref"] = {"$ref": f"#/{shelf}/D"}
            if self.random.random() < 0.3:
                old["properties"]["self"] = {"$ref": "#"}
        if self.draft:
            old["$schema"] = self.draft
        references: tuple[tuple[str, str], ...] = ()
        if self.random.random() < 0.1:
            other = self.schema(1)
            if isinstance(other, dict):
                references = (("other.json", json.dumps(other)),)
                old.setdefault("properties", {})["other"] = {"$ref": "other.json"}
        new = copy.deepcopy(old)
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 2, 3))):
            new = self.changed(new)
        policy = self.random.choice(("STRICT", "STRICT", "STRICT", "LENIENT"))
        return Pair(name, json.dumps(old), json.dumps(new), policy, references)

    # -- schemas ---------------------------------------------------------------------------

    def schema(self, depth: int) -> Schema:
        makers: list[Callable[[int], Schema]] = [self.string, self.number, self.plain]
        makers += [self.enum, self.untyped, self.types]
        if depth:
            makers += [self.object] * 5 + [self.array] * 2 + [self.combined] * 2 + [self.not_]
        made = self.random.choice(makers)(depth)
        if isinstance(made, dict):
            self.described(made)
        return made

    def described(self, made: dict[str, Schema]) -> None:
        if self.random.random() < 0.1:
            made["title"] = self.random.choice("TU")
        if self.random.random() < 0.1:
            made["description"] = self.random.choice("DE")
        if self.random.random() < 0.12:
            made["default"] = self.random.choice((1, "x", None, False))

    def some(self, made: dict[str, Schema], **values: Callable[[], Schema]) -> dict[str, Schema]:
        for word, value in values.items():
            if self.random.random() < 0.35:
                made[word] = value()
        return made

    def few(self) -> int:
        return self.random.randint(0, 5)

    def string(self, depth: int) -> Schema:
        made: dict[str, Schema] = {"type": "string"}
        return self.some(
            made,
            minLength=self.few,
            maxLength=lambda: 5 + self.few(),
            pattern=lambda: self.random.choice(("^a", "b$", "[0-9]+")),
        )

    def number(self, depth: int) -> Schema:
        made: dict[str, Schema] = {"type": self.random.choice(("number", "integer"))}
        self.some(
            made,
            minimum=self.few,
            maximum=lambda: 5 + self.few(),
            multipleOf=lambda: self.random.choice((1, 2, 4, 0.5, 3)),
        )
        if self.four:
            return self.some(made, exclusiveMaximum=lambda: self.random.random() < 0.5)
        return self.some(made, exclusiveMinimum=self.few, exclusiveMaximum=lambda: 9 + self.few())

    def plain(self, depth: int) -> Schema:
        choices: list[Schema] = [{"type": "boolean"}, {"type": "null"}, {}]
        return self.random.choice(choices if self.four else [*choices, True, False])

    def enum(self, depth: int) -> Schema:
        if not self.four and self.random.random() < 0.3:
            return {"const": self.random.choice((1, "a", True))}
        made: dict[str, Schema] = {"enum": self.random.sample(["a", "b", "c", 1, 2, True], 3)}
        if self.random.random() < 0.4:
            made["type"] = "string"
        return made

    def untyped(self, depth: int) -> Schema:
        return self.some(
            {},
            minLength=self.few,
            minimum=self.few,
            required=lambda: self.random.sample(NAMES, 2),
            minItems=self.few,
        )

    def types(self, depth: int) -> Schema:
        names = ["string", "integer", "null", "number", "boolean", "object"]
        made: dict[str, Schema] = {
            "type": self.random.sample(names, self.random.choice((1, 2, 2, 3)))
        }
        return self.some(made, minLength=self.few, maximum=self.few)

    def object(self, depth: int) -> Schema:
        names = self.random.sample(NAMES, self.random.randint(0, 4))
        made: dict[str, Schema] = {"type": "object"}
        made["properties"] = {name: self.schema(depth - 1) for name in names}
        if self.random.random() < 0.5:
            made["additionalProperties"] = self.additional(depth)
        if names and self.random.random() < 0.4:
            made["required"] = self.random.sample(NAMES, 2)
        if self.random.random() < 0.15:
            made["patternProperties"] = {"^x_": self.schema(depth - 1)}
        if self.modern:
            self.some(
                made,
                unevaluatedProperties=lambda: self.random.choice((True, False, {"type": "string"})),
                dependentRequired=lambda: {"a": self.random.sample(NAMES, 2)},
            )
            if self.random.random() < 0.1:
                made["dependentSchemas"] = {"a": self.schema(depth - 1)}
        elif self.random.random() < 0.2:
            made["dependencies"] = {
                "a": self.random.sample(NAMES, 2)
                if self.random.random() < 0.6
                else self.schema(depth - 1)
            }
            if self.four and isinstance(made["dependencies"]["a"], bool):
                del made["dependencies"]
        if self.random.random() < 0.2:
            self.some(made, minProperties=self.few, maxProperties=lambda: 4 + self.few())
        return made

    def additional(self, depth: int) -> Schema:
        return self.random.choice((True, False, False, {"type": "string"}, self.schema(depth - 1)))

    def array(self, depth: int) -> Schema:
        made: dict[str, Schema] = {"type": "array"}
        if self.random.random() < 0.5:
            made["items"] = self.schema(depth - 1)
            if self.four and isinstance(made["items"], bool):
                del made["items"]
        else:
            items = [self.schema(depth - 1) for _ in range(self.random.randint(1, 3))]
            made["prefixItems" if self.modern else "items"] = items
            word = "items" if self.modern else "additionalItems"
            if self.random.random() < 0.5:
                made[word] = self.random.choice((True, False, {"type": "string"}))
        self.some(made, minItems=self.few, uniqueItems=lambda: self.random.random() < 0.5)
        if self.modern and self.random.random() < 0.2:
            made["contains"] = {"type": "string"}
            self.some(made, minContains=self.few, maxContains=self.few)
        if self.modern and self.random.random() < 0.2:
            made["unevaluatedItems"] = self.random.choice((True, False, {"type": "string"}))
        return made

    def combined(self, depth: int) -> Schema:
        count = self.random.choice((1, 2, 2, 3))
        branches = [self.schema(depth - 1) for _ in range(count)]
        made: dict[str, Schema] = {self.random.choice(("oneOf", "anyOf", "allOf")): branches}
        if self.random.random() < 0.15:
            made["type"] = "object"
        return made

    def not_(self, depth: int) -> Schema:
        return {"not": self.schema(depth - 1)}

    # -- changes ---------------------------------------------------------------------------

    def changed(self, schema: Schema) -> Schema:
        """The schema with one of its parts made anew, added, lost or moved."""
        places = [place for place in _places(schema) if place[0] is not None]
        if not places or not isinstance(schema, dict):
            return self.schema(2)
        holder, name = self.random.choice(places)
        inner = holder[name]
        if isinstance(inner, dict) and "$ref" not in inner and self.random.random() < 0.8:
            self.edit(inner)
        elif not isinstance(inner, dict) or "$ref" not in inner:
            holder[name] = self.schema(1)
        return schema

    def edit(self, schema: dict[str, Schema]) -> None:
        ways: list[Callable[[], None]] = [lambda: self.described(schema)]
        if "properties" in schema:
            ways += [lambda: self.property(schema)] * 4
            ways.append(lambda: schema.update(additionalProperties=self.additional(1)))
            ways.append(lambda: schema.update(required=self.random.sample(NAMES, 2)))
        ways.append(lambda: self.lose(schema))
        ways.append(lambda: self.renew(schema))
        for word in ("oneOf", "anyOf", "allOf"):
            if word in schema:
                ways += [lambda word=word: self.branch(schema[word])] * 3  # type: ignore[misc]
        self.random.choice(ways)()

    def property(self, schema: dict[str, Schema]) -> None:
        name = self.random.choice(NAMES)
        if name in schema["properties"]:
            del schema["properties"][name]
        else:
            schema["properties"][name] = self.schema(1)

    def branch(self, branches: list[Schema]) -> None:
        what = self.random.random()
        if what < 0.4 or not branches:
            branches.append(self.schema(1))
        elif what < 0.7 and len(branches) > 1:
            branches.pop(self.random.randrange(len(branches)))
        else:
            self.random.shuffle(branches)

    def lose(self, schema: dict[str, Schema]) -> None:
        words = [w for w in schema if w not in ("$schema", "definitions", "$defs")]
        if words:
            del schema[self.random.choice(words)]

    def renew(self, schema: dict[str, Schema]) -> None:
        other = self.schema(1)
        if isinstance(other, dict):
            words = [w for w in other if w in schema or self.random.random() < 0.3]
            schema.update({word: other[word] for word in words})


def _places(schema: Schema) -> Iterator[tuple[Any, Any]]:
    """(holder, key) of every schema in it."""
    if not isinstance(schema, dict):
        return
    holder = {"": schema}
    yield holder, ""
    for word in ("properties", "definitions", "$defs", "patternProperties", "dependentSchemas"):
        for name, inner in (schema.get(word) or {}).items():
            yield schema[word], name
            yield from _places(inner)
    for word in ("items", "not", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield schema, word
            yield from _places(schema[word])
    for word in ("oneOf", "anyOf", "allOf", "prefixItems", "items"):
        if isinstance(schema.get(word), list):
            for index, inner in enumerate(schema[word]):
                yield schema[word], index
                yield from _places(inner)
