"""One topic's measures with what they cost, for pages and the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from topics import cost
from topics.cost import Cost, Stored
from topics.measures.values import MOST_READERS, Measured, Reader
from topics.models.cluster import Cluster
from topics.profiles import table as profiles


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of one topic. `readers` are those that lag most, `more_readers` how many others
    there are. `cost` is that of keeping what it holds now and of writing it."""

    measured: Measured
    stored: Stored
    readers: Sequence[Reader]
    more_readers: int
    cost: Cost


def report(cluster: Cluster, measured: Measured, *, replication: int) -> Report:
    """The report of one topic of a cluster."""
    profile = profiles.get(cluster.profile)
    stored = Stored(measured.local_bytes, measured.remote_bytes)
    if profile.shared_storage:
        stored = Stored(0, measured.leader_bytes)
    traffic = cost.of_traffic(
        measured.growth.size if measured.growth else None,
        measured.prices,
        profile,
        replication=replication,
        zones=measured.zones,
    )
    return Report(
        measured=measured,
        stored=stored,
        readers=measured.readers[:MOST_READERS],
        more_readers=measured.more_readers + max(0, len(measured.readers) - MOST_READERS),
        cost=cost.together(cost.of_storage(stored, measured.prices, profile), traffic),
    )
