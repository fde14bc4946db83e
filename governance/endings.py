"""What ends by itself before long: each part of Weir says it of its own things, one sweep tells.

A provider is asked for what ends before a time, the earliest first; it reads rows alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Ending:
    """One thing that ends. `key` names it for ever (``grant:7``), `title` is what people call it,
    `url` its path on our pages, `team` the slug of who is told, `detail` what to do about it."""

    key: str
    ends_at: datetime
    title: str
    url: str
    team: str
    detail: str


# (within, most) → what ends within that time from now, by PostgreSQL's clock.
Provider = Callable[[timedelta, int], Iterable[Ending]]

_PROVIDERS: dict[str, Provider] = {}


def provide(name: str, provider: Provider) -> None:
    """Registers a provider under a name of its own; the same name again replaces it."""
    _PROVIDERS[name] = provider


def within(time: timedelta, *, most: int) -> list[Ending]:
    """What ends within that time, at most that many of each provider."""
    return [found for name in sorted(_PROVIDERS) for found in _PROVIDERS[name](time, most)]
