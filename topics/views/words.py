"""Values of topics in the words that pages print."""

from __future__ import annotations

from dataclasses import dataclass

from topics.kinds.topic import configs
from topics.models import Drift

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Shown:
    """A value for people, and the exact one for whoever hovers."""

    text: str
    exact: str = ""


def config(key: str, value: str | None) -> Shown:
    """A config's value: "604800000" of ``retention.ms`` reads ``7 d``."""
    if value is None:
        return Shown(NOTHING)
    known = configs.known(key)
    return Shown(configs.human(known, value), configs.exact(known, value))


def spec_value(path: str, value: str | None) -> Shown:
    """The value at a path of a topic's spec (``partitions``, ``configs.retention.ms``)."""
    if path.startswith("configs."):
        return config(path.removeprefix("configs."), value)
    return Shown(value if value is not None else NOTHING)


def key_of(path: str) -> str:
    """How a path is called on the cluster: ``retention.ms``, ``partitions``."""
    return path.removeprefix("configs.") or "the topic"


def drift_sentence(row: Drift) -> str:
    """What changed, without the key's name: ``is 2 MiB on the cluster, 1 MiB declared``."""
    if not row.key:
        return "is gone from the cluster; it is declared"
    there = spec_value(row.key, row.observed).text if row.observed is not None else "not set"
    wanted = spec_value(row.key, row.declared).text if row.declared is not None else "nothing"
    return f"is {there} on the cluster, {wanted} declared"
