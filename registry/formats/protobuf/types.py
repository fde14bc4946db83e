"""Which types there are, and what a name means at a place: scopes, packages, references.

Every type of every file that is at hand can be named, imported or not, as in the reference server;
whether each is also imported is asked when a file is linked (`link`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from registry.formats.protobuf.nodes import Extend, Field, File, Message, Type

Scope = tuple[str, ...]  # names of the messages around a place, from the outermost in


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

    def add(self, file: File, reference: tuple[str, int] | None = None) -> None:
        """All of a file; what is there already is replaced."""
        for scope, extend in _extends(file):
            for one in extend.fields:
                self.extensions[_full(file.package, (*scope, one.name))] = one
        for scope, type_ in walk(file.types):
            full = _full(file.package, (*scope, type_.name))
            self.found[full] = Place(type_, file.package, reference)

    def resolve(self, name: str, scope: Scope, package: str | None = None) -> str | None:
        """The full name that a name means within a scope, from the innermost out."""
        return _resolve(self.found, name, self._prefix(scope, package))

    def extension(self, name: str, scope: Scope) -> str | None:
        """The same for the name of an extension."""
        return _resolve(self.extensions, name, self._prefix(scope, None))

    def get(self, name: str, scope: Scope, package: str | None = None) -> Place | None:
        full = self.resolve(name, scope, package)
        return self.found[full] if full is not None else None

    def _prefix(self, scope: Scope, package: str | None) -> list[str]:
        package = self.package if package is None else package
        return [*(package.split(".") if package else ()), *scope]


def _resolve(among: Mapping[str, object], name: str, prefix: list[str]) -> str | None:
    if name.startswith("."):
        return name[1:] if name[1:] in among else None
    for length in range(len(prefix), -1, -1):
        full = ".".join((*prefix[:length], name))
        if full in among:
            return full
    return None


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
    return ".".join((package, *names) if package else names)
