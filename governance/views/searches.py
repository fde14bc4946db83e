"""What the search field looks through. Each app adds its own; `governance` knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from governance.actors import Actor


@dataclass(frozen=True, slots=True)
class Hits:
    """Some things of one sort: (address, name, remark), and where the rest is."""

    title: str
    rows: Sequence[tuple[str, str, str]]
    more_url: str
    names: bool = False  # printed as names of things on a cluster


Search = Callable[[Actor, str, int], Hits]

SEARCHES: list[Search] = []


def register_search(search: Search) -> Search:
    """Adds one; used as a decorator in an app's views."""
    SEARCHES.append(search)
    return search


@dataclass(frozen=True, slots=True)
class Related:
    """One thing that belongs to another: a schema to its topic, a topic to its schema."""

    name: str
    url: str
    remark: str = ""
    more: str = ""


# (kind, environment's slug, name of the thing) → what belongs to it, under a title.
Relation = Callable[[str, str, str], tuple[str, Sequence[Related]]]

RELATIONS: list[Relation] = []


def register_relation(relation: Relation) -> Relation:
    """Adds a way in which things of two kinds belong together; used as a decorator."""
    RELATIONS.append(relation)
    return relation


def related(kind: str, environment: str, name: str) -> list[tuple[str, Sequence[Related]]]:
    """Everything that belongs to one thing, by title; titles without anything are left out."""
    found = (relation(kind, environment, name) for relation in RELATIONS)
    return [(title, rows) for title, rows in found if rows]
