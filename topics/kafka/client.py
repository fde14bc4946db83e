"""The only door to a broker.

Everything goes over kafka-python's wire classes: its high-level calls drop the error codes of
single resources (an unknown topic gives `{}`), and confluent-kafka ends the whole process in two
cases (`kafka-admin`: pitfalls 6 and 9). One connection is served one request at a time by the
broker, so what can go into one request goes into one. Every answer is taken apart per resource.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kafka.protocol.admin import (
    CreatePartitionsRequest,
    CreateTopicsRequest,
    DescribeClusterRequest,
    DescribeConfigsRequest,
    IncrementalAlterConfigsRequest,
)
from kafka.protocol.metadata import MetadataRequest

from topics.errors import ClusterError, Fault
from topics.kafka.acls import AclCalls
from topics.kafka.errors import fault_of
from topics.kafka.measures import MeasureCalls
from topics.kafka.values import (
    Broker,
    ClusterFacts,
    ConfigChange,
    ConfigValue,
    NewTopic,
    Results,
    Settings,
    Timeouts,
    TopicDefaults,
    TopicFacts,
)

TOPIC: Final = 2  # resource type of configs
SET, DELETE = 0, 1  # operations of an incremental alter
UNNAMED: Final = -1  # "as the broker's default says", for partitions and replicas

# Names asked in one request. Larger ones gain little, and the memory of an answer grows with them.
TOPICS_A_READ: Final = 2_000
KEYED_CONFIGS_A_READ: Final = 1_000
FULL_CONFIGS_A_READ: Final = 250

SOURCES: Final[Mapping[int, str]] = {
    1: "topic",  # set on the topic itself: an override
    2: "dynamic",  # set on one broker while it runs
    3: "dynamic",  # set for all brokers while they run
    4: "static",  # from the broker's file
    5: "default",
}

OPERATIONS: Final[Mapping[int, str]] = {
    3: "read",
    4: "write",
    5: "create",
    6: "delete",
    7: "alter",
    8: "describe",
    9: "cluster_action",
    10: "describe_configs",
    11: "alter_configs",
    12: "idempotent_write",
}


class KafkaAdmin(AclCalls, MeasureCalls):
    """A cluster's topics and ACL lines, read and written, and its measures, read. Calls may come
    from several threads of one process.

    Raises ClusterError where a whole call failed; answers hold one ClusterError for each single
    resource that failed.
    """

    # --- Reads ------------------------------------------------------------------------------

    def cluster(self) -> ClusterFacts:
        """The brokers, and what Weir may do on the cluster."""
        answer = self._call(
            DescribeClusterRequest(include_cluster_authorized_operations=True),
            self.timeouts.read_ms,
        )
        if fault := fault_of(answer.error_code, answer.error_message, about=self.settings.where):
            raise fault
        return ClusterFacts(
            cluster_id=answer.cluster_id,
            brokers=tuple(
                Broker(found.broker_id, found.host, found.port, found.rack)
                for found in sorted(answer.brokers, key=lambda found: found.broker_id)
            ),
            rights=_operations(answer.authorized_operations),
        )

    def topic_rights(self) -> frozenset[str]:
        """What Weir may do with *any* topic, asked of a name that nobody has.

        Without "describe" a list of topics shows a part at most, and says nothing of it: an empty
        one is no proof that there is no topic.
        """
        topic = MetadataRequest.MetadataRequestTopic(name=_unused_name())
        answer = self._call(
            MetadataRequest(
                topics=[topic],
                allow_auto_topic_creation=False,
                include_topic_authorized_operations=True,
            ),
            self.timeouts.read_ms,
        )
        return _operations(answer.topics[0].authorized_operations)

    def topic_defaults(self) -> TopicDefaults:
        """What a topic gets that asks for nothing, by a creation that is only validated.

        Raises ClusterError (denied) where Weir may not create topics.
        """
        name = _unused_name()
        request = CreateTopicsRequest(
            topics=[_creatable(NewTopic(name, UNNAMED, UNNAMED, {}))],
            timeout_ms=self.timeouts.write_ms,
            validate_only=True,
        )
        (found,) = self._call(request, self.timeouts.read_ms).topics
        if fault := fault_of(found.error_code, found.error_message, about="A new topic"):
            raise fault
        return TopicDefaults(
            partitions=found.num_partitions,
            replication_factor=found.replication_factor,
            configs={
                config.name: ConfigValue(config.value or "", _source(config.config_source))
                for config in found.configs or ()
                if not config.is_sensitive
            },
        )

    def topics(self, names: Sequence[str] | None = None) -> dict[str, TopicFacts | ClusterError]:
        """The named topics, or all that Weir may see. A name that is not there has an error."""
        if names is None:
            requests = [MetadataRequest(topics=None, allow_auto_topic_creation=False)]
        else:
            requests = [
                MetadataRequest(
                    topics=[MetadataRequest.MetadataRequestTopic(name=name) for name in part],
                    allow_auto_topic_creation=False,
                )
                for part in _parts(names, TOPICS_A_READ)
            ]
        found: dict[str, TopicFacts | ClusterError] = {}
        for answer in self._calls(requests, self.timeouts.read_ms):
            for topic in answer.topics:
                found[topic.name] = _topic_facts(topic)
        return found

    def configs(
        self, names: Sequence[str], keys: Sequence[str] | None = None
    ) -> dict[str, dict[str, ConfigValue] | ClusterError]:
        """The configs of the named topics: the named keys, or with None all of them.

        Asking for keys costs a tenth of asking for all.
        """
        size = FULL_CONFIGS_A_READ if keys is None else KEYED_CONFIGS_A_READ
        wanted = None if keys is None else list(keys)
        requests = [
            DescribeConfigsRequest(
                resources=[
                    DescribeConfigsRequest.DescribeConfigsResource(
                        resource_type=TOPIC, resource_name=name, configuration_keys=wanted
                    )
                    for name in part
                ],
                include_synonyms=False,
                include_documentation=False,
            )
            for part in _parts(names, size)
        ]
        found: dict[str, dict[str, ConfigValue] | ClusterError] = {}
        for answer in self._calls(requests, self.timeouts.read_ms):
            for result in answer.results:
                name = result.resource_name
                fault = fault_of(result.error_code, result.error_message, about=f"Topic {name}")
                found[name] = fault or {
                    config.name: ConfigValue(config.value or "", _source(config.config_source))
                    for config in result.configs
                    if not config.is_sensitive
                }
        return found

    # --- Writes -----------------------------------------------------------------------------

    def create_topics(self, topics: Sequence[NewTopic], *, validate_only: bool = False) -> Results:
        """Creates them in one request; one entry a name, None where it was done."""
        request = CreateTopicsRequest(
            topics=[_creatable(topic) for topic in topics],
            timeout_ms=self._broker_deadline(),
            validate_only=validate_only,
        )
        answer = self._call(request, self.timeouts.write_ms, changes=not validate_only)
        return _settled(
            (topic.name for topic in topics),
            ((found.name, found.error_code, found.error_message) for found in answer.topics),
        )

    def alter_configs(
        self, changes: Sequence[ConfigChange], *, validate_only: bool = False
    ) -> Results:
        """Sets and removes overrides in one request; keys not named keep what they have."""
        resource = IncrementalAlterConfigsRequest.AlterConfigsResource
        entry = resource.AlterableConfig
        request = IncrementalAlterConfigsRequest(
            resources=[
                resource(
                    resource_type=TOPIC,
                    resource_name=change.name,
                    configs=[
                        *(
                            entry(name=key, config_operation=SET, value=value)
                            for key, value in change.to_set.items()
                        ),
                        *(
                            entry(name=key, config_operation=DELETE, value=None)
                            for key in change.to_remove
                        ),
                    ],
                )
                for change in changes
            ],
            validate_only=validate_only,
        )
        answer = self._call(request, self.timeouts.write_ms, changes=not validate_only)
        return _settled(
            (change.name for change in changes),
            (
                (found.resource_name, found.error_code, found.error_message)
                for found in answer.responses
            ),
        )

    def add_partitions(self, counts: Mapping[str, int], *, validate_only: bool = False) -> Results:
        """Raises the number of partitions to `counts`, in one request."""
        request = CreatePartitionsRequest(
            topics=[
                CreatePartitionsRequest.CreatePartitionsTopic(
                    name=name, count=count, assignments=None
                )
                for name, count in counts.items()
            ],
            timeout_ms=self._broker_deadline(),
            validate_only=validate_only,
        )
        answer = self._call(request, self.timeouts.write_ms, changes=not validate_only)
        return _settled(
            counts,
            ((found.name, found.error_code, found.error_message) for found in answer.results),
        )

    def _broker_deadline(self) -> int:
        # Shorter than ours, so that a slow controller answers REQUEST_TIMED_OUT per topic. Never
        # near 0: with that a KRaft controller reports success and does nothing.
        return max(1_000, self.timeouts.write_ms - 500)


def _topic_facts(topic: Any) -> TopicFacts | ClusterError:
    # 5 means that a partition has no leader just now; what matters here is there all the same.
    if topic.error_code not in (0, 5):
        fault = fault_of(topic.error_code, None, about=f"Topic {topic.name}")
        if fault is not None:
            return fault
    replicas = min((len(found.replica_nodes) for found in topic.partitions), default=0)
    return TopicFacts(topic.name, len(topic.partitions), replicas, bool(topic.is_internal))


def _creatable(topic: NewTopic) -> Any:
    creatable = CreateTopicsRequest.CreatableTopic
    return creatable(
        name=topic.name,
        num_partitions=topic.partitions,
        replication_factor=topic.replication_factor,
        assignments=[],
        configs=[
            creatable.CreatableTopicConfig(name=key, value=value)
            for key, value in topic.configs.items()
        ],
    )


def _settled(names: Iterable[str], answers: Iterable[tuple[str, int, str | None]]) -> Results:
    """One entry a name; a name that the broker left out of its answer counts as unknown."""
    found = {
        name: fault_of(code, message, about=f"Topic {name}") for name, code, message in answers
    }
    return {
        name: found[name]
        if name in found
        else ClusterError(f"Topic {name}: the broker's answer leaves it out.", fault=Fault.UNKNOWN)
        for name in names
    }


def _operations(codes: object) -> frozenset[str]:
    """Names of the operations in an answer; the protocol sends a bit field, the client a set."""
    if isinstance(codes, int):
        return frozenset(n for bit, n in OPERATIONS.items() if codes >= 0 and codes >> bit & 1)
    if isinstance(codes, set | frozenset | list | tuple):
        return frozenset(OPERATIONS[code] for code in codes if code in OPERATIONS)
    return frozenset()


def _source(code: int) -> str:
    return SOURCES.get(code, "unknown")


def _unused_name() -> str:
    return f"weir-probe-{uuid.uuid4().hex}"


def _parts(names: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))


# --- One client a process and cluster -----------------------------------------------------------

_lock = threading.Lock()
_shared: dict[tuple[int, int], KafkaAdmin] = {}


def shared(cluster_id: int, settings: Settings, timeouts: Timeouts) -> KafkaAdmin:
    """This process's client of a cluster, made on first use; connecting costs more than a read.

    A client of other settings (a new password) is replaced. Raises ClusterError.
    """
    key = (os.getpid(), cluster_id)
    with _lock:
        client = _shared.get(key)
        if client is not None and (client.settings, client.timeouts) == (settings, timeouts):
            return client
    fresh = KafkaAdmin(settings, timeouts)
    with _lock:
        stale = _shared.pop(key, None)
        _shared[key] = fresh
    if stale is not None:
        stale.close()
    return fresh


def forget_all() -> None:
    """Drops every client of this process: before it ends, or before another test begins."""
    with _lock:
        mine = [key for key in _shared if key[0] == os.getpid()]
    for _, cluster_id in mine:
        forget(cluster_id)


def forget(cluster_id: int) -> None:
    """Drops this process's client of a cluster, so that the next call connects anew."""
    with _lock:
        client = _shared.pop((os.getpid(), cluster_id), None)
    if client is not None:
        client.close()
