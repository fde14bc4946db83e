"""AutoMQ: Kafka's protocol on object storage.

Facts from AutoMQ's source (ReplicationControlManager, AutoMQCreateTopicPolicy,
ElasticCreatePartitionPolicy, TopicConfig) and its documents on restrictions.
"""

from __future__ import annotations

from topics.kinds.topic.configs import ConfigKey, Type, Unit
from topics.profiles.apache_kafka import THROTTLES
from topics.profiles.base import Limit, Profile

_OBJECT_STORAGE = (
    "All data of AutoMQ lies in object storage already, so tiered storage has no meaning here. "
    "Leave the key away."
)
_CONVERT = ("raw", "string", "by_schema_id", "by_latest_schema")
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS


def _text(name: str, label: str, *options: str) -> ConfigKey:
    return ConfigKey(name, Type.STRING, options=options, label=label)


def _flag(name: str, label: str) -> ConfigKey:
    return ConfigKey(name, Type.BOOLEAN, options=("true", "false"), label=label)


_TABLE_TOPIC = (
    _flag("automq.table.topic.enable", "Table topic"),
    ConfigKey(
        "automq.table.topic.commit.interval.ms",
        Type.LONG,
        Unit.MS,
        minimum=1,
        maximum=15 * 60_000,
        label="Table committed every",
    ),
    _text("automq.table.topic.namespace", "Table namespace"),
    _text("automq.table.topic.convert.value.type", "Value conversion", *_CONVERT),
    _text("automq.table.topic.convert.key.type", "Key conversion", *_CONVERT),
    _text("automq.table.topic.convert.value.by_latest_schema.subject", "Value subject"),
    _text("automq.table.topic.convert.value.by_latest_schema.message.full.name", "Value message"),
    _text("automq.table.topic.convert.key.by_latest_schema.subject", "Key subject"),
    _text("automq.table.topic.convert.key.by_latest_schema.message.full.name", "Key message"),
    _text(
        "automq.table.topic.transform.value.type",
        "Value transformation",
        *("none", "flatten", "flatten_debezium"),
    ),
    _text("automq.table.topic.id.columns", "Key columns"),
    _text("automq.table.topic.partition.by", "Table partitions"),
    _flag("automq.table.topic.upsert.enable", "Upsert"),
    _text("automq.table.topic.cdc.field", "Change field"),
    _text(
        "automq.table.topic.errors.tolerance",
        "Errors tolerated",
        *("none", "invalid_data", "all"),
    ),
)

PROFILE = Profile(
    name="automq",
    title="AutoMQ",
    fixed_replication=1,
    # Overwritten at creation, whatever was asked: durability comes from the write-ahead log.
    forced={"min.insync.replicas": "1"},
    forbidden={
        "remote.storage.enable": _OBJECT_STORAGE,
        "remote.log.copy.disable": _OBJECT_STORAGE,
        "remote.log.delete.on.disable": _OBJECT_STORAGE,
        "local.retention.ms": _OBJECT_STORAGE,
        "local.retention.bytes": _OBJECT_STORAGE,
    },
    extra={key.name: key for key in _TABLE_TOPIC},
    foreign=THROTTLES | {"elasticstream.replication.factor"},
    foreign_prefixes=("automq.kafka.links.",),  # state of Kafka Linking
    limits={
        "retention.ms": Limit(
            _HOUR_MS, 60 * _DAY_MS, "AutoMQ keeps data between 1 hour and 60 days by default."
        ),
    },
    max_partitions=1024,
    irreversible={
        "partitions": "Partitions can be added, never taken away.",
        "automq.table.topic.enable": "The Table Topic feature of an instance cannot be removed.",
    },
    reassigns=False,
    shared_storage=True,
)
