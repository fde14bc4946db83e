"""Platform profiles: data that must hang together."""

import pytest

from topics.kinds.topic.configs import KEYS
from topics.profiles import table
from topics.profiles.base import Profile

ALL = pytest.mark.parametrize("profile", table.PROFILES.values(), ids=lambda p: p.name)


@ALL
def test_every_key_that_a_profile_names_is_a_key(profile: Profile) -> None:
    known = KEYS.keys() | profile.extra.keys()
    assert profile.forced.keys() <= known
    assert profile.forbidden.keys() <= known
    assert profile.limits.keys() <= known
    assert not profile.extra.keys() & KEYS.keys()
    assert not profile.forced.keys() & profile.forbidden.keys()


@ALL
def test_what_becomes_of_a_spec_is_stable(profile: Profile) -> None:
    wanted = {"min.insync.replicas": "2", "retention.ms": "1", "local.retention.ms": "1"}
    once = profile.normal_configs(wanted)
    assert profile.normal_configs(once) == once
    assert profile.normal_replication(profile.normal_replication(3)) == (
        profile.normal_replication(3)
    )


def test_kafka_takes_everything_as_it_is() -> None:
    wanted = {"min.insync.replicas": "2", "remote.storage.enable": "true"}
    profile = table.get("apache-kafka")
    assert profile.normal_configs(wanted) == wanted
    assert profile.normal_replication(3) == 3


def test_automq_has_one_replica_and_one_in_sync_whatever_is_asked() -> None:
    profile = table.get("automq")
    assert profile.normal_replication(3) == 1
    assert profile.normal_configs({"min.insync.replicas": "2", "local.retention.ms": "1"}) == {
        "min.insync.replicas": "1"
    }


@pytest.mark.parametrize(
    ("key", "foreign"),
    [
        ("leader.replication.throttled.replicas", True),
        ("automq.kafka.links.id", True),
        ("automq.table.topic.enable", False),
        ("retention.ms", False),
    ],
)
def test_automq_keeps_the_state_of_its_links_for_itself(key: str, foreign: bool) -> None:
    assert table.get("automq").is_foreign(key) is foreign


def test_the_platform_shows_by_the_keys_it_knows() -> None:
    assert table.detected(frozenset(KEYS)) == "apache-kafka"
    assert table.detected(frozenset({*KEYS, "automq.table.topic.enable"})) == "automq"


def test_a_profile_of_a_newer_release_counts_as_kafka() -> None:
    assert table.get("from-the-future") is table.get("apache-kafka")
