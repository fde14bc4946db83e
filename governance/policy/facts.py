"""Facts: what policies judge. Their names and types, what "unknown" means, how they read in words.

A fact has a dotted name (``topic.retention_ms``) and a plain value. A fact that nobody can give is
`UNKNOWN`, or simply absent: the two are the same, and differ from None, which is a known "none"
(an environment without a retention limit). Kinds say which facts they give by `declare`, so that
a policy with a misspelt fact is refused when it is written, not when somebody is waiting.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

from governance import units

Facts = Mapping[str, object]


class _Unknown(Enum):
    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown.UNKNOWN


class FactType(StrEnum):
    """What kind of value a fact has, and the unit that people read it in."""

    TEXT = "text"
    FLAG = "flag"
    COUNT = "count"
    DURATION_MS = "duration"
    SIZE_BYTES = "size"
    LIST = "list"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its dotted name, type, and what it says, for the page on which rules are written.

    `optional` facts may be None ("no limit"), which an expression must expect.
    """

    name: str
    type: FactType
    title: str
    optional: bool = False


COMMON: tuple[Fact, ...] = (
    Fact("item.kind", FactType.TEXT, "kind of the thing asked for"),
    Fact("item.operation", FactType.TEXT, "what is asked: create, alter, …"),
    Fact("item.name", FactType.TEXT, "name of the thing"),
    Fact("item.place", FactType.TEXT, "cluster or registry context it lives in"),
    Fact("request.team", FactType.TEXT, "team that asks"),
    Fact("request.items", FactType.COUNT, "items of the request that are not applied yet"),
    Fact("change.risk", FactType.TEXT, "what it may cost: safe, disruptive, destructive"),
    Fact("change.irreversible", FactType.FLAG, "whether no later change takes it back"),
    Fact("consumers.count", FactType.COUNT, "teams that are known to read the thing"),
    Fact("owner.team", FactType.TEXT, "team that owns the thing; the asking team for a new one"),
    Fact("owner.on_call", FactType.FLAG, "whether that team names somebody on call"),
    Fact(
        "owner.approvers",
        FactType.COUNT,
        "people who could agree for that team: those who wrote the request are left out",
    ),
    Fact("environment.name", FactType.TEXT, "environment, by its short name"),
    Fact("environment.production", FactType.FLAG, "whether it is a production environment"),
    Fact(
        "environment.retention_limit_ms",
        FactType.DURATION_MS,
        "longest retention that needs no data steward",
        optional=True,
    ),
    Fact(
        "environment.max_partitions",
        FactType.COUNT,
        "most partitions of one topic in this environment",
        optional=True,
    ),
)

_DECLARED: dict[str, dict[str, Fact]] = {}

_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_.]*)\}", re.ASCII)
_LISTED = 10


def declare(kind: str, facts: Iterable[Fact]) -> None:
    """Says which facts a kind gives beside the common ones. A second call replaces the first."""
    _DECLARED[kind] = {fact.name: fact for fact in facts}


def catalog(kind: str) -> dict[str, Fact]:
    """All facts that a policy on this kind may use, by name."""
    return {fact.name: fact for fact in COMMON} | _DECLARED.get(kind, {})


def is_complete(kind: str) -> bool:
    """Whether the kind has said what it gives: only then can an unlisted name be called wrong."""
    return kind in _DECLARED


def known(facts: Facts, name: str) -> bool:
    """Whether somebody could give that fact."""
    return facts.get(name, UNKNOWN) is not UNKNOWN


def resolve(facts: Facts, path: tuple[str, ...]) -> tuple[str, object]:
    """The fact that ``topic.configs.cleanup`` reads, which may be a member of ``topic.configs``.

    Gives (name, value); (the whole path, UNKNOWN) where no part of it is a known fact.
    """
    for length in range(len(path), 0, -1):
        name = ".".join(path[:length])
        if known(facts, name):
            return name, facts[name]
    return ".".join(path), UNKNOWN


def placeholders(text: str) -> list[str]:
    """Names of the facts that a message mentions in braces."""
    return _PLACEHOLDER.findall(text)


def fill(text: str, facts: Facts) -> str:
    """The message with its facts in human units: "{topic.retention_ms}" becomes "400 d".

    Not `str.format`: whoever writes a policy must not reach attributes of our objects.
    """
    return _PLACEHOLDER.sub(lambda found: in_words(found[1], facts.get(found[1], UNKNOWN)), text)


def in_words(name: str, value: object) -> str:
    """A fact's value as people read it; the unit comes from the end of its name."""
    match value:
        case _Unknown():
            return "unknown"
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int() if name.endswith("_ms"):
            return units.format_duration(value)
        case int() if name.endswith("_bytes"):
            return units.format_size(value)
        case int():
            return units.format_count(value)
        case list() | tuple() | set() | frozenset():
            shown = [in_words("", entry) for entry in sorted(value, key=str)[:_LISTED]]
            more = len(value) - len(shown)
            return ", ".join(shown) + (f" and {more} more" if more else "") or "none"
    return str(value)


def of_change(risk: str, *, irreversible: bool) -> dict[str, object]:
    """The facts by which a kind says what a change may cost, and whether it can be taken back."""
    return {"change.risk": str(risk), "change.irreversible": irreversible}


def sample(fact: Fact) -> object:
    """A harmless value of the fact's type, with which a new expression is tried out."""
    match fact.type:
        case FactType.TEXT:
            return "a"
        case FactType.FLAG:
            return True
        case FactType.COUNT | FactType.DURATION_MS | FactType.SIZE_BYTES:
            return 1
        case FactType.LIST:
            return ["a"]
        case FactType.MAP:
            return {"a": "a"}
