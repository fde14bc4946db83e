"""Which types there are, and what a name means at a place: scopes, packages, references.

Every type of every file that is at hand can be named, imported or not, as in the reference server;
whether each is also imported is asked when a file is linked (`link`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from registry.errors import InvalidSchema
from registry.formats.base import LIMITS
from registry.formats.protobuf.nodes import KEYS, Extend, Field, File, Message, Type

Scope = tuple[str, ...]  # names of the messages around a place, from the outermost in
MOST_PARTS: Final = LIMITS.depth  # of the name of a package


class Place(NamedTuple):
    """A type, the package of its file, and where that file is stored: None for the file itself."""

    type: Type
    package: str
    reference: tuple[str, int] | None

    @property
    def map_type(self) -> str | None:
        return self.type.map_type if isinstance(self.type, Message) else None


@dataclass(slots=True)
class Types:
    """Types and extensions by full name, without the leading dot."""

    package: str
    found: dict[str, Place] = field(default_factory=dict)
    extensions: dict[str, Field] = field(default_factory=dict)
    around: dict[tuple[str, Scope], list[str]] = field(default_factory=dict)
    resolved: dict[tuple[str, Scope, str], str | None] = field(default_factory=dict)

    def add(self, file: File, reference: tuple[str, int] | None = None) -> None:
        """All of a file; what is there already is replaced. Raises InvalidSchema for names that are
        too long."""
        self.resolved.clear()
        if file.package.count(".") >= MOST_PARTS:
            raise InvalidSchema(f"The name of the package has more than {MOST_PARTS} parts.")
        for scope, extend in _extends(file):
            for one in extend.fields:
                self.extensions[_full(file.package, (*scope, one.name))] = one
        for scope, type_ in walk(file.types):
            full = _full(file.package, (*scope, type_.name))
            self.found[full] = Place(type_, file.package, reference)

    def resolve(self, name: str, scope: Scope, package: str | None = None) -> str | None:
        """The full name that a name means within a scope, from the innermost out."""
        package = self.package if package is None else package
        asked = (package, scope, name)
        if asked not in self.resolved:
            self.resolved[asked] = self._first(self.found, name, package, scope)
        return self.resolved[asked]

    def extension(self, name: str, scope: Scope) -> str | None:
        """The same for the name of an extension."""
        return self._first(self.extensions, name, self.package, scope)

    def get(self, name: str, scope: Scope, package: str | None = None) -> Place | None:
        full = self.resolve(name, scope, package)
        return self.found[full] if full is not None else None

    def ensure_entries(self, file: File) -> None:
        """Raises InvalidSchema for a message that claims to be the entry of a map and is none: its
        key is no scalar, or its value again an entry."""
        for scope, one in walk(file.types):
            if not isinstance(one, Message) or not one.is_map_entry:
                continue
            types = {field.name: field.type for field in one.fields}
            value = self.get(types.get("value", "string"), (*scope, one.name), file.package)
            if types.get("key", "string") not in KEYS or (value is not None and value.map_type):
                raise InvalidSchema(
                    f"{one.name[:200]} is no entry of a map: its key must be a number, a bool "
                    "or a string, and its value no entry."
                )

    def _first(
        self, among: Mapping[str, object], name: str, package: str, scope: Scope
    ) -> str | None:
        if name.startswith("."):
            return name[1:] if name[1:] in among else None
        place = (package, scope)
        if place not in self.around:
            parts = [*(package.split(".") if package else ()), *scope]
            self.around[place] = [
                "".join(f"{part}." for part in parts[:length])
                for length in range(len(parts), -1, -1)
            ]
        return next((p + name for p in self.around[place] if p + name in among), None)


def walk(types: list[Type], scope: Scope = ()) -> Iterator[tuple[Scope, Type]]:
    """Every type with the names around it, without recursion."""
    stack: list[tuple[Scope, Type]] = [(scope, one) for one in reversed(types)]
    while stack:
        around, one = stack.pop()
        yield around, one
        if isinstance(one, Message):
            stack += (((*around, one.name), inner) for inner in reversed(one.types))


def _extends(file: File) -> Iterator[tuple[Scope, Extend]]:
    for extend in file.extends:
        yield (), extend
    for scope, one in walk(file.types):
        if isinstance(one, Message):
            for extend in one.extends:
                yield (*scope, one.name), extend


def _full(package: str, names: Scope) -> str:
    full = ".".join((package, *names) if package else names)
    if len(full) > LIMITS.name:
        raise InvalidSchema(f"The name {full[:100]}… has over {LIMITS.name:,} characters in full.")
    return full
