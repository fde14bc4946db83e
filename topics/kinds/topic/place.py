"""Where a topic is to live, and what is known of it there, as plain values for the core."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from topics.kinds.topic.about import About
from topics.kinds.topic.ahead import ahead
from topics.kinds.topic.plan import Observed
from topics.kinds.topic.reason import Limits
from topics.kinds.topic.spec import TopicSpec
from topics.profiles.base import Profile


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster as checks and differences need it.

    `defaults` are the configs of a topic that asks for nothing, {key: {"value", "source"}};
    `supported` the keys the cluster knows, empty while it was never observed; `brokers` 0 likewise.
    `zone` and `limits` are its environment's.
    """

    slug: str
    profile: Profile
    brokers: int = 0
    default_partitions: int = 1
    default_replication: int = 1
    defaults: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    supported: Collection[str] = ()
    zone: str = "UTC"
    limits: Limits = field(default_factory=Limits)

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
    unless a worker is on it or its apply failed. `collides` names, for a name that is free, a topic
    on the cluster that Kafka cannot tell apart in its metrics; `seen_at` is when the cluster was
    last looked at for it. `elsewhere` is what is said of topics of this name that teams own, on
    whatever cluster, by team; `also_on` names the other clusters on which it lives. `now` is the
    database's time.
    """

    declared: TopicSpec | None = None
    applied: TopicSpec | None = None
    generation: int = 0
    observed: Observed | None = None
    paused: bool = False
    owner: str = ""
    collides: str = ""
    seen_at: datetime | None = None
    elsewhere: Mapping[str, About] = field(default_factory=dict)
    also_on: tuple[str, ...] = ()
    now: datetime | None = None

    def said_before(self, team: str) -> About | None:
        """What is said of the topic until now; for one that is new here, of the one that `team`
        has elsewhere. None where there is none."""
        return self.declared.about if self.declared is not None else self.elsewhere.get(team)

    @property
    def ahead(self) -> frozenset[str]:
        """Paths that are declared and not applied, of a topic that came to be."""
        if self.declared is None or self.applied is None:
            return frozenset()
        return ahead(self.declared, self.applied)
