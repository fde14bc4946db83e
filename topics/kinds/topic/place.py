"""Where a topic is to live, and what is known of it there, as plain values for the core."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from topics.kinds.topic.ahead import ahead
from topics.kinds.topic.plan import Observed
from topics.kinds.topic.spec import TopicSpec
from topics.profiles.base import Profile


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster as checks and differences need it.

    `defaults` are the configs of a topic that asks for nothing, {key: {"value", "source"}};
    `supported` the keys the cluster knows, empty while it was never observed; `brokers` 0 likewise.
    """

    slug: str
    profile: Profile
    brokers: int = 0
    default_partitions: int = 1
    default_replication: int = 1
    defaults: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    supported: Collection[str] = ()

    def default_spec(self) -> TopicSpec:
        """What a new topic gets that asks for nothing."""
        return TopicSpec(self.default_partitions, self.default_replication)

    def default_of(self, key: str) -> str | None:
        """The value that a topic without an override has."""
        found = self.defaults.get(key)
        return None if found is None else found.get("value")

    def source_of_default(self, key: str) -> str:
        """Where that value comes from: default, static or dynamic."""
        return (self.defaults.get(key) or {}).get("source", "")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one topic on a place, from rows.

    `declared` is None for a topic that no request ever brought to the cluster, although a failed
    one may have left a row (`generation` > 0). `applied` is what was brought there last: the same,
    unless a worker is on it or its apply failed. `collides` names a topic on the cluster that
    Kafka cannot tell apart in its metrics; `seen_at` is when the cluster was last looked at for it.
    """

    declared: TopicSpec | None = None
    applied: TopicSpec | None = None
    generation: int = 0
    observed: Observed | None = None
    paused: bool = False
    owner: str = ""
    collides: str = ""
    seen_at: datetime | None = None

    @property
    def ahead(self) -> frozenset[str]:
        """Paths that are declared and not applied, of a topic that came to be."""
        if self.declared is None or self.applied is None:
            return frozenset()
        return ahead(self.declared, self.applied)
