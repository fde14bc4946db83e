"""The words of the search field over topics: ``payments owner:payments env:prod drift:yes``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# What may stand before the colon, and what it is called here.
KEYS: Final[Mapping[str, str]] = {
    "owner": "owner",
    "team": "owner",
    "env": "environment",
    "environment": "environment",
    "cluster": "cluster",
    "drift": "drift",
    "status": "status",
}
YES: Final = frozenset({"yes", "true", "open", "1"})


@dataclass(frozen=True, slots=True)
class Narrow:
    """What a list of topics is narrowed to; an empty member means all."""

    words: str = ""
    owner: str = ""
    environment: str = ""
    cluster: str = ""
    drift: bool = False
    status: str = ""
    unknown: tuple[str, ...] = ()


def read(text: str) -> Narrow:
    """What the text asks for; keys that are not known are kept as `unknown`, to be said."""
    values: dict[str, str] = {}
    words: list[str] = []
    unknown: list[str] = []
    for part in text.split()[:20]:
        key, colon, value = part.partition(":")
        if not colon:
            words.append(part)
        elif key.lower() in KEYS:
            values[KEYS[key.lower()]] = value
        else:
            unknown.append(part)
    return Narrow(
        words=" ".join(words),
        owner=values.get("owner", ""),
        environment=values.get("environment", ""),
        cluster=values.get("cluster", ""),
        drift=values.get("drift", "").lower() in YES,
        status=values.get("status", ""),
        unknown=tuple(unknown),
    )
