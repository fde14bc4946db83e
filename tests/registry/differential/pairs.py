"""Two schemas, one after the other, and what a generator of such pairs is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

FORMATS = {"avro": "AVRO", "json": "JSON", "protobuf": "PROTOBUF"}


@dataclass(frozen=True, slots=True)
class Pair:
    """An older and a newer schema of one subject; `references` are (name, text) of both."""

    name: str
    old: str
    new: str
    policy: str = "STRICT"
    references: tuple[tuple[str, str], ...] = ()


class Generator(Protocol):
    """A module `<format>_pairs`: the same seed gives the same pairs."""

    def pairs(self, seed: int, count: int) -> Iterator[Pair]: ...


def generator(name: str) -> Generator:
    """The generator of a format by its short name."""
    module: Generator = import_module(f"tests.registry.differential.{name}_pairs")
    return module
