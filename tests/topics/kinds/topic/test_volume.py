"""How much a topic holds under its settings."""

from __future__ import annotations

import pytest

from topics.kinds.topic import volume
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.plan import Observed
from topics.kinds.topic.spec import TopicSpec
from topics.kinds.topic.volume import Held, Kept
from topics.profiles.apache_kafka import PROFILE as KAFKA
from topics.profiles.automq import PROFILE as AUTOMQ

HOUR = 3_600_000
DEFAULTS = {"retention.ms": {"value": str(168 * HOUR), "source": "default"}}
PLACE = Place("main", KAFKA, defaults=DEFAULTS)


def of(place: Place = PLACE, **configs: str) -> Kept:
    own = {key.replace("_", "."): value for key, value in configs.items()}
    return volume.asked(TopicSpec(4, 3, own), place)


@pytest.mark.parametrize(
    ("settings", "rate", "held"),
    [
        (of(retention_ms=str(HOUR)), 10.0, Held(36_000, 36_000)),
        (of(), 10.0, Held(168 * 36_000, 168 * 36_000)),  # the cluster's default
        (of(retention_ms=str(HOUR), retention_bytes="5000"), 10.0, Held(20_000, 20_000)),
        (of(retention_ms="-1", retention_bytes="5000"), None, Held(20_000, 20_000)),
        (of(retention_ms="-1"), 10.0, Held(endless=True)),
        (of(retention_ms=str(HOUR)), 0.0, Held(0, 0)),
        (
            of(retention_ms=str(10 * HOUR), local_retention_ms=str(HOUR),
               remote_storage_enable="true"),
            10.0,
            Held(360_000, 36_000),
        ),
        (
            of(retention_ms=str(HOUR), remote_storage_enable="true"),
            10.0,
            Held(36_000, 36_000),  # local retention is that of all where it is not set apart
        ),
    ],
)  # fmt: skip
def test_held(settings: Kept, rate: float | None, held: Held) -> None:
    assert volume.held(settings, rate) == held


@pytest.mark.parametrize(
    ("settings", "rate", "why"),
    [
        (of(retention_ms=str(HOUR)), None, "How fast it grows"),
        (of(cleanup_policy="compact"), 10.0, "Compaction"),
        (of(Place("main", KAFKA)), 10.0, "default"),
    ],
)
def test_what_is_not_known_says_why(settings: Kept, rate: float | None, why: str) -> None:
    found = volume.held(settings, rate)
    assert found.total is None
    assert why in found.why


def test_what_the_cluster_has_counts_and_not_what_is_declared() -> None:
    known = Known(
        declared=TopicSpec(4, 3, {"retention.ms": "1"}),
        observed=Observed(6, 3, {"retention.ms": "2"}, {"cleanup.policy": "compact,delete"}),
    )
    found = volume.now(PLACE, known)
    assert found is not None
    assert (found.partitions, found.retention_ms) == (6, 2)
    assert found.compacts
    assert found.deletes
    assert volume.now(PLACE, Known()) is None


def test_shared_storage_has_one_copy_and_no_tiers() -> None:
    found = of(Place("main", AUTOMQ, defaults=DEFAULTS), remote_storage_enable="true")
    assert (found.replication, found.tiered) == (1, False)
