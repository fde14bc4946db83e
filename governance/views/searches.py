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
