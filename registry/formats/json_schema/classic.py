"""Drafts 4, 6 and 7, read into nodes as the reference server's library for them does.

A keyword counts for the type that it belongs to: with `type` for that one, without for each type
that has keywords here. Whatever speaks of several things at once is all of them together.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import IntEnum
from typing import Final

from registry.formats.json_schema import nodes
from registry.formats.json_schema.documents import Place
from registry.formats.json_schema.nodes import Combined, Node
from registry.formats.json_schema.reader import (
    Members,
    Reader,
    boolean,
    describe,
    items,
    members,
    number,
    pattern,
    text,
    texts,
    whole,
    wrong,
)
from registry.formats.json_schema.text import Value, key


class Draft(IntEnum):
    """A classic dialect, by its number."""

    FOUR = 4
    SIX = 6
    SEVEN = 7


NUMBER: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
STRING: Final = ("minLength", "maxLength", "pattern", "format")
ARRAY: Final = ("items", "additionalItems", "minItems", "maxItems", "uniqueItems")
OBJECT: Final = (
    *("properties", "required", "minProperties", "maxProperties", "dependencies"),
    *("patternProperties", "additionalProperties"),
)
CONDITION: Final = ("if", "then", "else")


class Classic:
    """Reads objects of one draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.id_keyword = "id" if draft is Draft.FOUR else "$id"
        later = draft is not Draft.FOUR
        self.array = (*ARRAY, "contains") if later else ARRAY
        self.object = (*OBJECT, "propertyNames") if later else OBJECT
        self.condition = CONDITION if draft is Draft.SEVEN else ()

    def __call__(self, reader: Reader, given: Members, place: Place, at: str, depth: int) -> Node:
        if "$ref" in given:
            # What stands beside a reference counts for nothing.
            ref = text(given["$ref"], f"{at}/$ref")
            return describe(reader.refer(ref, place, at), given, self.id_keyword, at)
        parts = _Parts(self, reader, given, place, at, depth).all()
        if not parts:
            node: Node = nodes.Anything()
        elif len(parts) == 1:
            node = parts[0]
        else:
            node = Combined(criterion=nodes.ALL, branches=combined_first(parts), generated=True)
        if isinstance(node, nodes.Array):
            node.min_contains = _a_number(given.get("minContains"))
            node.max_contains = _a_number(given.get("maxContains"))
        return describe(node, given, self.id_keyword, at)


def combined_first(branches: list[Node]) -> list[Node]:
    """Branches in the order that the places of differences count in."""
    return sorted(branches, key=lambda node: not isinstance(node, Combined))


class _Parts:
    """The nodes that one object stands for, keyword by keyword."""

    def __init__(
        self,
        dialect: Classic,
        reader: Reader,
        given: Members,
        place: Place,
        at: str,
        depth: int,
    ) -> None:
        self.dialect = dialect
        self.reader = reader
        self.given = given
        self.place = place
        self.at = at
        self.depth = depth
        self.left = set(given)  # keywords that nothing has been made of yet

    def all(self) -> list[Node]:
        found: list[Node] = []
        if "enum" in self.given:
            values = items(self.given["enum"], self.where("enum"))
            found.append(nodes.Enum(values={key(value): value for value in values}))
        for criterion in (nodes.ALL, nodes.ANY, nodes.ONE):
            if criterion in self.given:
                branches = items(self.given[criterion], self.where(criterion))
                found.append(self.combined(criterion, branches))
        if "not" in self.given:
            found.append(nodes.Not(inner=self.child("not")))
        if "const" in self.given and self.dialect.draft is not Draft.FOUR:
            found.append(nodes.Const(value=self.given["const"]))
        if "type" in self.given:
            found.append(self.typed(self.given["type"]))
        found += self.untyped()
        return found

    def combined(self, criterion: str, branches: list[Value]) -> Combined:
        read = [
            self.reader.read(branch, self.place, f"{self.where(criterion)}/{index}", self.depth + 1)
            for index, branch in enumerate(branches)
        ]
        return Combined(criterion=criterion, branches=combined_first(read))

    def typed(self, given: Value) -> Node:
        if isinstance(given, list):
            branches = [self.of_type(name) for name in texts(given, self.where("type"))]
            return Combined(criterion=nodes.ANY, branches=combined_first(branches))
        return self.of_type(text(given, self.where("type")))

    def of_type(self, name: str) -> Node:
        makers: dict[str, Callable[[], Node]] = {
            "string": self.string,
            "integer": lambda: self.number(integer=True),
            "number": self.number,
            "array": self.array,
            "object": self.object,
            "boolean": nodes.Boolean,
            "null": nodes.Null,
        }
        if name not in makers:
            wrong(self.where("type"), "the name of a type", name)
        node = makers[name]()
        node.typed = True
        return node

    def untyped(self) -> list[Node]:
        """Nodes of the keywords that no type has taken."""
        found: list[Node] = []
        if self.any_left(self.dialect.array):
            found.append(self.array())
        if self.any_left(self.dialect.object):
            found.append(self.object())
        if self.any_left(NUMBER):
            found.append(self.number())
        if self.any_left(STRING):
            found.append(self.string())
        if self.any_left(self.dialect.condition):
            parts = {name: self.child(name) for name in CONDITION if name in self.given}
            found.append(nodes.Conditional(parts=parts))
        return found

    def any_left(self, keywords: tuple[str, ...]) -> bool:
        return any(keyword in self.left for keyword in keywords)

    def take(self, keywords: tuple[str, ...]) -> Members:
        self.left.difference_update(keywords)
        return {name: self.given[name] for name in keywords if name in self.given}

    def where(self, keyword: str) -> str:
        return f"{self.at}/{keyword}"

    def child(self, keyword: str, name: str | None = None) -> Node:
        """The schema under a keyword, or under a name in the object under it."""
        value = self.given[keyword]
        where = self.where(keyword)
        if name is not None:
            value, where = members(value, where)[name], f"{where}/{name}"
        return self.reader.read(value, self.place, where, self.depth + 1)

    # -- one type each ---------------------------------------------------------------------

    def string(self) -> Node:
        given = self.take(STRING)
        if "format" in given:
            text(given["format"], self.where("format"))
        return nodes.Text(
            min_length=self.whole(given, "minLength"),
            max_length=self.whole(given, "maxLength"),
            pattern=pattern(given["pattern"], self.where("pattern"))
            if "pattern" in given
            else None,
        )

    def number(self, *, integer: bool = False) -> Node:
        given = self.take(NUMBER)
        node = nodes.Number(integer=integer)
        node.minimum = self.limit(given, "minimum")
        node.maximum = self.limit(given, "maximum")
        node.multiple_of = self.limit(given, "multipleOf")
        if node.multiple_of == 0:
            wrong(self.where("multipleOf"), "another number than 0", 0)
        if self.dialect.draft is Draft.FOUR:
            for name in ("exclusiveMinimum", "exclusiveMaximum"):
                if name in given:
                    boolean(given[name], self.where(name))
        else:
            node.exclusive_minimum = self.limit(given, "exclusiveMinimum")
            node.exclusive_maximum = self.limit(given, "exclusiveMaximum")
        return node

    def array(self) -> Node:
        given = self.take(self.dialect.array)
        node = nodes.Array()
        node.min_items = self.whole(given, "minItems")
        node.max_items = self.whole(given, "maxItems")
        if "uniqueItems" in given:
            node.unique = boolean(given["uniqueItems"], self.where("uniqueItems"))
        if "additionalItems" in given:
            if isinstance(given["additionalItems"], bool):
                node.permits_additional = given["additionalItems"]
            else:
                node.additional = self.object_child("additionalItems")
        if "items" in given:
            self.items(node, given["items"])
        if "contains" in given:
            self.child("contains")
        return node

    def items(self, node: nodes.Array, given: Value) -> None:
        where = self.where("items")
        if isinstance(given, list):
            node.tuple_ = [
                self.reader.read(item, self.place, f"{where}/{index}", self.depth + 1)
                for index, item in enumerate(given)
            ]
        elif isinstance(given, bool) and self.dialect.draft is Draft.FOUR:
            wrong(where, "an object or a list", given)
        else:
            node.items = self.child("items")
            node.permits_additional = True

    def object(self) -> Node:
        given = self.take(self.dialect.object)
        node = nodes.Object()
        node.min_properties = self.whole(given, "minProperties")
        node.max_properties = self.whole(given, "maxProperties")
        for name in members(given.get("properties", {}), self.where("properties")):
            node.properties[name] = self.child("properties", name)
        if "additionalProperties" in given:
            if isinstance(given["additionalProperties"], bool):
                node.permits_additional = given["additionalProperties"]
            else:
                node.additional = self.object_child("additionalProperties")
        node.required = set(texts(given.get("required", []), self.where("required")))
        for name in members(given.get("patternProperties", {}), self.where("patternProperties")):
            node.patterns[pattern(name, self.where("patternProperties"))] = self.child(
                "patternProperties", name
            )
        self.dependencies(node, members(given.get("dependencies", {}), self.where("dependencies")))
        if "propertyNames" in given:
            self.child("propertyNames")
        return node

    def dependencies(self, node: nodes.Object, given: Members) -> None:
        for name, wanted in given.items():
            where = f"{self.where('dependencies')}/{name}"
            if isinstance(wanted, list):
                if wanted:
                    node.required_with[name] = set(texts(wanted, where))
            elif isinstance(wanted, bool) and self.dialect.draft is Draft.FOUR:
                wrong(where, "an object or a list", wanted)
            else:
                node.schema_with[name] = self.child("dependencies", name)

    def object_child(self, keyword: str) -> Node:
        members(self.given[keyword], self.where(keyword))
        return self.child(keyword)

    def whole(self, given: Members, name: str) -> int | None:
        return whole(given[name], self.where(name)) if name in given else None

    def limit(self, given: Members, name: str) -> nodes.Num | None:
        return number(given[name], self.where(name)) if name in given else None


def _a_number(value: Value) -> nodes.Num | None:
    """Words of later drafts that the reference server looks at here too, where they are numbers."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return value
