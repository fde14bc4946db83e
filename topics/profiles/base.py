"""What differs from platform to platform, as data.

A profile says what a platform makes of a declared topic, which keys it adds, forbids or keeps for
itself, and how far values may go. The planner and the checks read it; none of them knows a
platform by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from topics.kinds.topic.configs import ConfigKey


@dataclass(frozen=True, slots=True)
class Limit:
    """Inclusive bounds that the platform sets to a value, and why."""

    minimum: int | None
    maximum: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One platform.

    `fixed_replication`: the factor every topic has whatever was asked; a declared one is neither
    compared nor refused. `forced`: keys whose value the platform overwrites. `forbidden`: keys it
    refuses or ignores, each with the reason. `foreign` and `foreign_prefixes`: overrides that tools
    or the platform itself write, which Weir neither shows as drift nor touches. `shared_storage`:
    data lies in object storage once, and replication multiplies nothing.
    """

    name: str
    title: str
    fixed_replication: int | None = None
    forced: Mapping[str, str] = field(default_factory=dict)
    forbidden: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, ConfigKey] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    foreign_prefixes: tuple[str, ...] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)
    max_partitions: int | None = None
    irreversible: Mapping[str, str] = field(default_factory=dict)
    reassigns: bool = True  # whether moving replicas is the operator's job at all
    shared_storage: bool = False

    def is_foreign(self, key: str) -> bool:
        """Whether others own this key."""
        return key in self.foreign or key.startswith(self.foreign_prefixes)

    def normal_replication(self, wanted: int) -> int:
        """The replication factor a topic really gets."""
        return wanted if self.fixed_replication is None else self.fixed_replication

    def normal_configs(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """The configs as the platform will keep them, without those it has no use for."""
        return {
            key: self.forced.get(key, value)
            for key, value in wanted.items()
            if key not in self.forbidden
        }
