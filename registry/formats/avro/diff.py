"""What keeps one Avro schema from reading what another wrote.

The rules, and the order and places in which differences are reported, are those of the reader and
writer check of Avro 1.12's Java library (`SchemaCompatibility`); `Schema Resolution` in the
specification says why. A pair of named types is judged once and its differences are repeated at
every place where the pair is met again, as there.
"""

from __future__ import annotations

from typing import Final

from registry.formats.avro.nodes import Field, Node
from registry.formats.base import LIMITS, Difference, Limits

# What each type reads besides itself.
PROMOTIONS: Final[dict[str, frozenset[str]]] = {
    "long": frozenset({"int"}),
    "float": frozenset({"int", "long"}),
    "double": frozenset({"int", "long", "float"}),
    "bytes": frozenset({"string"}),
    "string": frozenset({"bytes"}),
}
MOST_REPEATED: Final = 20_000  # differences told again, at places where their pair is met again
MOST_TOLD: Final = 5  # times the characters of places that fit; here whole sentences are counted
TOLD: Final = 3  # steps that telling a difference costs; a pair that is fine costs one
SYMBOLS: Final = 30  # so many of them are compared in the time of one step
_TOO_MUCH: Final = "the two schemas are too large, or nest too deep, to be compared"
_NAMED: Final = frozenset({"record", "enum", "fixed"})
_FINE: Final[tuple[Difference, ...]] = ()


def differences(reader: Node, writer: Node, limits: Limits = LIMITS) -> list[Difference]:
    """Everything in the way of `reader` reading data of `writer`, in the order found.

    A comparison that would take more than `limits` allow, or that the library would end with an
    exception, yields one difference that says so.
    """
    return Reading(limits).differences(reader, writer)


class Reading:
    """Several comparisons that share what they find out, and what they may cost."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.check = _Check(limits)

    def differences(self, reader: Node, writer: Node) -> list[Difference]:
        """As the function of that name; paths are right in the first comparison only."""
        try:
            return list(self.check.pair("", reader, writer))
        except _Gives as up:
            self.check.rest()
            text = f"Unexpected exception during compatibility check: {up}"
            return [Difference("UNEXPECTED", "/", text, str(up))]


class _Gives(Exception):
    """The check cannot be finished."""


class _Check:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.steps = 0
        self.told = 0
        self.repeated = 0
        self.depth = 0
        self.place: list[str] = []
        self.words: list[str] = []
        self.judged: dict[tuple[Node, Node], tuple[Difference, ...]] = {}
        self.by_name: dict[Node, dict[str, list[Node]]] = {}
        self.by_field: dict[Node, dict[str, Field]] = {}

    def rest(self) -> None:
        """Ready for another pair, after one that could not be finished."""
        self.depth = 0
        self.place, self.words = [], []
        self.judged.clear()  # what was being judged counts as fine there

    # -- the walk --------------------------------------------------------------------------

    def pair(self, token: str, reader: Node, writer: Node) -> tuple[Difference, ...]:
        if reader is writer and reader.sound:
            return _FINE
        self.depth += 1
        # Two recursive types may meet in as many pairs as their sizes multiplied, one inside the
        # other, so depth is bounded here as well as in the parser.
        if self.depth > self.limits.depth + 20:
            raise _Gives(_TOO_MUCH)
        self.spend(1)
        self.place.append(token)
        if reader.kind in _NAMED:
            found = self.remembered(reader, writer)
        else:
            found = self.judge(reader, writer)
        self.place.pop()
        self.depth -= 1
        return found

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > self.limits.steps:
            raise _Gives(_TOO_MUCH)

    def remembered(self, reader: Node, writer: Node) -> tuple[Difference, ...]:
        key = (reader, writer)
        known = self.judged.get(key)
        if known is None:
            # Compatible until proven otherwise: this ends the walk of recursive types.
            self.judged[key] = _FINE
            known = self.judged[key] = self.judge(reader, writer)
        else:
            # A type met twice in one that is met twice, and so on, says the same without end.
            self.repeated += len(known)
            if self.repeated > MOST_REPEATED:
                raise _Gives("the same differences are met in too many places to be told")
        return known

    def judge(self, reader: Node, writer: Node) -> tuple[Difference, ...]:
        kind = reader.kind
        if kind == writer.kind:
            return self.same(kind, reader, writer)
        if writer.kind == "union":
            found: list[Difference] = []
            for index, branch in enumerate(writer.branches):
                found += self.pair(str(index), reader, branch)
            return tuple(found)
        if kind == "union":
            return self.union_reads(reader, writer)
        if writer.kind in PROMOTIONS.get(kind, ()):
            return _FINE
        return (self.mismatch(reader, writer),)

    def same(self, kind: str, reader: Node, writer: Node) -> tuple[Difference, ...]:
        match kind:
            case "array" | "map":
                if reader.items is None or writer.items is None:
                    return _FINE
                token = "items" if kind == "array" else "values"
                return self.pair(token, reader.items, writer.items)
            case "fixed":
                return self.names(reader, writer) + self.sizes(reader, writer)
            case "enum":
                return self.names(reader, writer) + self.symbols(reader, writer)
            case "record":
                return self.names(reader, writer) + self.fields(reader, writer)
            case "union":
                found: list[Difference] = []
                for index, branch in enumerate(writer.branches):
                    self.place.append(str(index))
                    found += self.union_reads(reader, branch)
                    self.place.pop()
                return tuple(found)
        return _FINE

    def union_reads(self, reader: Node, writer: Node) -> tuple[Difference, ...]:
        """Any branch that reads the writer will do; what is wrong inside them is not reported."""
        place, self.place = self.place, []
        words, self.words = self.words, []
        reads = any(not self.pair("", branch, writer) for branch in self.candidates(reader, writer))
        self.place, self.words = place, words
        return _FINE if reads else (self.missing_branch(reader, writer),)

    def candidates(self, union: Node, writer: Node) -> tuple[Node, ...] | list[Node]:
        """The branches that may read the writer; of named ones only those whose names match.

        Unions of thousands of records would otherwise cost the product of their sizes.
        """
        if writer.kind not in _NAMED:
            return union.branches
        index = self.by_name.get(union)
        if index is None:
            index = self.by_name[union] = {}
            for branch in union.branches:
                for name in {branch.short, *branch.aliases} if branch.name else ():
                    index.setdefault(name, []).append(branch)
        found = index.get(writer.short, [])
        other = index.get(writer.name, []) if writer.name != writer.short else []
        return found + [branch for branch in other if branch not in found]

    # -- the rules -------------------------------------------------------------------------

    def names(self, reader: Node, writer: Node) -> tuple[Difference, ...]:
        if reader.short == writer.short or writer.name in reader.aliases:
            return _FINE
        return (
            self.found(
                "NAME_MISMATCH",
                "name",
                f"expected: {writer.name}",
                "The name of the schema has changed (path '{path}')",
                f"the {reader.kind} is called {reader.name} in the {{reader}} schema and "
                f"{writer.name} in the {{writer}} one, without an alias",
            ),
        )

    def sizes(self, reader: Node, writer: Node) -> tuple[Difference, ...]:
        if reader.size == writer.size:
            return _FINE
        return (
            self.found(
                "FIXED_SIZE_MISMATCH",
                "size",
                f"expected: {writer.size}, found: {reader.size}",
                "The size of FIXED type field at path '{path}' in the {reader} schema does not "
                "match with the {writer} schema",
                f"fixed {reader.name} has {reader.size} bytes in the {{reader}} schema and "
                f"{writer.size} in the {{writer}} one",
            ),
        )

    def symbols(self, reader: Node, writer: Node) -> tuple[Difference, ...]:
        self.spend((len(writer.symbols) + len(reader.symbols)) // SYMBOLS)
        missing = set(writer.symbols).difference(reader.symbols)
        if not missing or reader.default is not None:
            return _FINE
        detail = f"[{', '.join(sorted(missing))}]"
        return (
            self.found(
                "MISSING_ENUM_SYMBOLS",
                "symbols",
                detail,
                f"The {{reader}} schema is missing enum symbols '{detail}' at path '{{path}}' in "
                "the {writer} schema",
                f"enum {reader.name} lacks {', '.join(sorted(missing)[:20])} in the {{reader}} "
                "schema, and has no default",
            ),
        )

    def fields(self, reader: Node, writer: Node) -> tuple[Difference, ...]:
        theirs = self.by_field.get(writer)
        if theirs is None:
            theirs = self.by_field[writer] = {field.name: field for field in writer.fields}
        found: list[Difference] = []
        self.place.append("fields")
        for position, field in enumerate(reader.fields):
            self.place.append(str(position))
            self.words.append(f"field '{field.name}' of {reader.name}")
            match = self.match(field, reader, writer, theirs)
            if match is not None:
                found += self.pair("type", field.type, match.type)
            elif not field.has_default:
                found += self.no_default(field, reader, writer)
            self.words.pop()
            self.place.pop()
        self.place.pop()
        return tuple(found)

    def match(
        self, field: Field, reader: Node, writer: Node, theirs: dict[str, Field]
    ) -> Field | None:
        if not field.aliases:
            return theirs.get(field.name)
        named = [
            theirs[name] for name in dict.fromkeys((field.name, *field.aliases)) if name in theirs
        ]
        if len(named) > 1:
            raise _Gives(
                f"Reader record field {field.name} of {reader.name} matches multiple fields in "
                f"writer record schema {writer.name}: {', '.join(f.name for f in named[:10])}"
            )
        return named[0] if named else None

    def no_default(self, field: Field, reader: Node, writer: Node) -> tuple[Difference, ...]:
        if field.type.kind == "enum" and field.type.default is not None:
            # The library asks whether the enum reads the whole record, which it never does.
            return self.pair("type", field.type, writer)
        return (
            self.found(
                "READER_FIELD_MISSING_DEFAULT_VALUE",
                "",
                field.name,
                f"The field '{field.name}' at path '{{path}}' in the {{reader}} schema has no "
                "default value and is missing in the {writer} schema",
                "the {reader} schema has it without a default, the {writer} one does not have it",
            ),
        )

    def mismatch(self, reader: Node, writer: Node) -> Difference:
        return self.found(
            "TYPE_MISMATCH",
            "",
            f"reader type: {reader.label} not compatible with writer type: {writer.label}",
            "The type (path '{path}') of a field in the {reader} schema does not match with the "
            "{writer} schema",
            f"it is {reader.describe()} in the {{reader}} schema and {writer.describe()} in the "
            "{writer} one",
        )

    def missing_branch(self, reader: Node, writer: Node) -> Difference:
        return self.found(
            "MISSING_UNION_BRANCH",
            "",
            f"reader union lacking writer type: {writer.label}",
            "The {reader} schema is missing a type inside a union field at path '{path}' in the "
            "{writer} schema",
            f"it is {reader.describe()} in the {{reader}} schema, which does not read the "
            f"{writer.describe()} of the {{writer}} one",
        )

    def found(self, kind: str, token: str, detail: str, said: str, words: str) -> Difference:
        self.spend(TOLD)
        place = [*self.place, token] if token else self.place
        path = "/" + "/".join(place[1:])
        self.told += len(path) + len(said) + 2 * len(detail) + len(words)
        if self.told > MOST_TOLD * self.limits.told:
            raise _Gives(_TOO_MUCH)
        description = said.replace("{path}", path)
        where = self.words[-1] if self.words else ""
        return Difference(
            kind,
            path,
            f"{{errorType:'{kind}', description:'{description}', additionalInfo:'{detail}'}}",
            f"{where}: {words}" if where else words,
        )
