"""How much a topic holds under its settings, at the rate at which it grows; pure.

What a broker keeps follows from retention in the long run, whatever it holds today: before and
after are reckoned alike, so that they can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from topics.kinds.topic import configs
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.spec import TopicSpec

UNLIMITED: Final = -1
AS_TOTAL: Final = -2  # what local retention has where it is not set apart


@dataclass(frozen=True, slots=True)
class Kept:
    """The settings of a topic that decide on what it holds. A limit is None where it is unknown,
    and -1 where there is none; sizes are those of one partition."""

    policy: frozenset[str]
    retention_ms: int | None
    retention_bytes: int | None
    local_ms: int | None
    local_bytes: int | None
    tiered: bool
    partitions: int
    replication: int

    @property
    def deletes(self) -> bool:
        """Whether old records are deleted."""
        return "delete" in self.policy

    @property
    def compacts(self) -> bool:
        """Whether a record goes when its key has a newer one."""
        return "compact" in self.policy


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of one copy: all that is kept, and what of it is kept on brokers. Where that is unknown
    `why` says why; `endless` where nothing bounds it."""

    total: int | None = None
    local: int | None = None
    why: str = ""
    endless: bool = False


def asked(spec: TopicSpec, place: Place, known: Known | None = None) -> Kept:
    """What is kept under the settings that are asked for. An override that `known` has from the
    cluster, and that nobody ever declared, stays: no plan touches it."""
    left = _left_alone(known) if known is not None else {}

    def value(key: str) -> str | None:
        return spec.configs.get(key, left.get(key, place.default_of(key)))

    return _kept(value, place, spec.partitions, spec.replication_factor)


def endless(spec: TopicSpec, place: Place) -> bool:
    """Whether nothing bounds what is kept under the settings that are asked for."""
    return held(asked(spec, place), None).endless


def _left_alone(known: Known) -> Mapping[str, str]:
    if known.observed is None:
        return {}
    ours: set[str] = set()
    for spec in (known.declared, known.applied):
        ours |= spec.configs.keys() if spec is not None else set()
    overrides = known.observed.overrides
    others = {key: value for key, value in overrides.items() if key not in ours}
    return {**known.observed.inherited, **others}


def now(place: Place, known: Known) -> Kept | None:
    """What is kept under the settings that the cluster has, or that are declared where it was not
    seen; None for a topic that is not there."""
    seen, declared = known.observed, known.declared
    if seen is not None and seen.partitions:
        values: Mapping[str, str] = {**seen.inherited, **seen.overrides}
        return _kept(
            lambda key: values.get(key, place.default_of(key)),
            place,
            seen.partitions,
            seen.replication_factor,
        )
    return asked(declared, place) if declared is not None else None


def _kept(
    value: Callable[[str], str | None], place: Place, partitions: int, replication: int
) -> Kept:
    def number(key: str, otherwise: int | None) -> int | None:
        text = value(key)
        if text is None:
            return otherwise
        return int(text) if configs.WHOLE_NUMBER.fullmatch(text) else None

    policy = value("cleanup.policy") or "delete"
    return Kept(
        policy=frozenset(part.strip() for part in policy.split(",")),
        retention_ms=number("retention.ms", None),
        retention_bytes=number("retention.bytes", UNLIMITED),
        local_ms=number("local.retention.ms", AS_TOTAL),
        local_bytes=number("local.retention.bytes", AS_TOTAL),
        tiered=value("remote.storage.enable") == "true" and not place.profile.shared_storage,
        partitions=partitions,
        replication=place.profile.normal_replication(replication),
    )


def held(kept: Kept, bytes_a_second: float | None, now: int | None = 0) -> Held:
    """What it holds in the long run at that rate. Where nothing is written it is taken to hold what
    it holds `now`, None where that is unknown: what goes of it when is not reckoned."""
    if not kept.deletes:
        return Held(why="Compaction keeps the last value of each key, whatever the rate is.")
    total = _bound(kept.retention_ms, kept.retention_bytes, kept.partitions, bytes_a_second, now)
    if isinstance(total, Held):
        return total
    if not kept.tiered:
        return Held(total, total)
    local = _bound(
        kept.retention_ms if kept.local_ms == AS_TOTAL else kept.local_ms,
        kept.retention_bytes if kept.local_bytes == AS_TOTAL else kept.local_bytes,
        kept.partitions,
        bytes_a_second,
        now,
    )
    return Held(total, total if isinstance(local, Held) else min(local, total))


def _bound(
    ms: int | None,
    size: int | None,
    partitions: int,
    bytes_a_second: float | None,
    now: int | None,
) -> int | Held:
    """Bytes under a limit of time and one of size, of which the tighter holds."""
    if ms is None or size is None:
        return Held(why="The cluster's default for its retention is not known.")
    bounds = [size * partitions] if size >= 0 else []
    if ms >= 0:
        if bytes_a_second is None:
            return Held(why="How fast it grows is not known yet.")
        if not bytes_a_second and now is None:
            return Held(why="Nothing was written lately, and how much it holds is not known.")
        bounds.append(round(bytes_a_second * ms / 1000) if bytes_a_second else now or 0)
    return min(bounds) if bounds else Held(endless=True)
