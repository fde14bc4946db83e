"""Apache Kafka, run by anybody: everything is real, and moving replicas is somebody's job."""

from __future__ import annotations

from topics.profiles.base import Profile

# Written by kafka-reassign-partitions, Cruise Control and the like while replicas move; taking
# them away in the middle lets a rebalance saturate the brokers (strimzi-kafka-operator#9972).
THROTTLES = frozenset(
    {"leader.replication.throttled.replicas", "follower.replication.throttled.replicas"}
)

PROFILE = Profile(
    name="apache-kafka",
    title="Apache Kafka",
    foreign=THROTTLES,
    irreversible={
        "partitions": "Partitions can be added, never taken away.",
        "remote.storage.enable": (
            "Tiered storage can be switched off only after remote copying was disabled, and on "
            "older brokers not at all."
        ),
    },
)
