"""The door to a broker: an answer for each resource, and failures that say what they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.real.estate import bare, eventually, overrides, partitions, unique
from tests.stack_plugin import KafkaAccess
from topics.errors import ClusterError, Fault
from topics.kafka.client import KafkaAdmin
from topics.kafka.values import (
    ConfigChange,
    ConfigValue,
    NewTopic,
    Settings,
    Timeouts,
    TopicFacts,
)

pytestmark = pytest.mark.real
# A busy broker takes its time to refuse; with less, the time-out would be the reason that is told.
PATIENT = Timeouts(connect_ms=4_000)


def settings_of(access: KafkaAccess) -> Settings:
    return Settings(
        (access.bootstrap,), "SASL_PLAINTEXT", "SCRAM-SHA-512", access.username, access.password
    )


@pytest.fixture(scope="module")
def client(kafka: KafkaAccess) -> Iterator[KafkaAdmin]:
    with KafkaAdmin(settings_of(kafka)) as client:
        yield client


def faults(results: dict[str, ClusterError | None]) -> dict[str, Fault | None]:
    return {name: error.fault if error else None for name, error in results.items()}


def test_one_bad_topic_in_a_batch_leaves_the_others_alone(
    client: KafkaAdmin, kafka: KafkaAccess
) -> None:
    good, wide, odd = unique(), unique(), unique()
    results = client.create_topics(
        [
            NewTopic(good, 2, 1, {"retention.ms": "1000000"}),
            NewTopic(wide, 1, 99, {}),
            NewTopic(odd, 1, 1, {"retention.msx": "1"}),
        ]
    )
    assert faults(results) == {good: None, wide: Fault.USER, odd: Fault.USER}
    assert "retention.msx" in str(results[odd])
    with bare(kafka) as reader:
        eventually(lambda: partitions(reader, good) == 2)
        eventually(lambda: overrides(reader, good) == {"retention.ms": "1000000"})
        assert partitions(reader, wide) == 0


def test_overrides_are_set_and_removed_one_by_one(client: KafkaAdmin, kafka: KafkaAccess) -> None:
    name = unique()
    client.create_topics([NewTopic(name, 1, 1, {"retention.ms": "1000000", "segment.ms": "2"})])
    with bare(kafka) as reader:
        eventually(lambda: partitions(reader, name) == 1)
        change = ConfigChange(name, {"cleanup.policy": "compact"}, ["retention.ms"])
        assert faults(client.alter_configs([change])) == {name: None}
        expected = {"cleanup.policy": "compact", "segment.ms": "2"}
        eventually(lambda: overrides(reader, name) == expected)


def test_partitions_grow_and_never_shrink(client: KafkaAdmin, kafka: KafkaAccess) -> None:
    name, other = unique(), unique()
    client.create_topics([NewTopic(name, 1, 1, {}), NewTopic(other, 3, 1, {})])
    with bare(kafka) as reader:
        eventually(lambda: partitions(reader, other) == 3)
        results = client.add_partitions({name: 4, other: 2, unique("none"): 2})
        assert list(faults(results).values()) == [None, Fault.USER, Fault.GONE]
        eventually(lambda: partitions(reader, name) == 4)


def test_a_validated_creation_creates_nothing(client: KafkaAdmin, kafka: KafkaAccess) -> None:
    name = unique()
    assert faults(client.create_topics([NewTopic(name, 1, 1, {})], validate_only=True)) == {
        name: None
    }
    again = client.create_topics([NewTopic(name, 1, 1, {})])
    assert faults(again) == {name: None}


def test_a_name_that_is_not_there_is_told_and_does_not_look_empty(client: KafkaAdmin) -> None:
    here, nowhere = unique(), unique("none")
    client.create_topics([NewTopic(here, 3, 1, {"retention.ms": "1000000"})])
    expected = {
        "retention.ms": ConfigValue("1000000", "topic"),
        "cleanup.policy": ConfigValue("delete", "default"),
    }
    eventually(lambda: client.topics([here])[here] == TopicFacts(here, 3, 1, False))
    eventually(lambda: client.configs([here], list(expected))[here] == expected)
    # Among others it is told as well, and takes nothing from them.
    topics = client.topics([here, nowhere])
    configs = client.configs([here, nowhere], list(expected))
    assert isinstance(topics[here], TopicFacts)
    assert configs[here] == expected
    for answer in (topics[nowhere], configs[nowhere]):
        assert isinstance(answer, ClusterError)
        assert answer.fault is Fault.GONE


def test_all_configs_come_with_where_they_come_from(client: KafkaAdmin) -> None:
    defaults = client.topic_defaults()
    assert defaults.partitions == 1
    assert {"retention.ms", "cleanup.policy", "segment.bytes"} <= defaults.configs.keys()
    assert {value.source for value in defaults.configs.values()} <= {"default", "static", "dynamic"}


def test_brokers_and_rights(client: KafkaAdmin) -> None:
    facts = client.cluster()
    assert len(facts.brokers) == 1
    assert {"describe", "alter_configs"} <= facts.rights
    assert {"describe", "create", "alter", "alter_configs"} <= client.topic_rights()


def test_without_rights_an_empty_list_is_not_mistaken_for_an_empty_cluster(
    client: KafkaAdmin, kafka: KafkaAccess
) -> None:
    user, name = unique("u"), unique()
    kafka.make_user(user, "swordfish-2")
    client.create_topics([NewTopic(name, 1, 1, {})])
    weak = replace(
        settings_of(kafka), bootstrap=(kafka.clients,), username=user, password="swordfish-2"
    )
    with KafkaAdmin(weak) as stranger:
        assert name not in stranger.topics()
        assert "describe" not in stranger.topic_rights()
        answers: list[object] = [
            stranger.topics([name])[name],
            stranger.configs([name])[name],
            stranger.create_topics([NewTopic(unique(), 1, 1, {})]).popitem()[1],
            stranger.alter_configs([ConfigChange(name, {"retention.ms": "1"})])[name],
            stranger.add_partitions({name: 5})[name],
        ]
        for answer in answers:
            assert isinstance(answer, ClusterError)
            assert answer.fault is Fault.DENIED
            assert not answer.retryable


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("change", "fault", "words"),
    [
        ({"password": "wrong"}, Fault.AUTHENTICATION, "refuses Weir's credentials"),
        ({"username": "nobody"}, Fault.AUTHENTICATION, "refuses Weir's credentials"),
        ({"mechanism": "PLAIN"}, Fault.AUTHENTICATION, "does not offer this mechanism"),
        ({"bootstrap": ("127.0.0.1:1",)}, Fault.RETRY, "nothing listens there"),
        ({"protocol": "PLAINTEXT"}, Fault.RETRY, "security protocol"),
    ],
)
def test_why_a_cluster_does_not_let_weir_in_is_said(
    kafka: KafkaAccess, change: dict[str, object], fault: Fault, words: str
) -> None:
    with pytest.raises(ClusterError) as failed:
        KafkaAdmin(replace(settings_of(kafka), **change), PATIENT)  # type: ignore[arg-type]
    assert failed.value.fault is fault
    assert words in str(failed.value)
    assert kafka.password not in str(failed.value)


def test_a_password_never_prints() -> None:
    assert "hunter2" not in repr(Settings(("a:1",), password="hunter2", key_password="hunter2"))
