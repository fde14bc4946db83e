"""The only door to a broker.

Everything goes over kafka-python's wire classes: its high-level calls drop the error codes of
single resources (an unknown topic gives `{}`), and confluent-kafka ends the whole process in two
cases (`kafka-admin`: pitfalls 6 and 9). One connection is served one request at a time by the
broker, so what can go into one request goes into one.

A client is made after the fork and belongs to its process: its network thread does not survive a
fork. Every call has a deadline, and every answer is taken apart per resource.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from kafka import errors as wire
from kafka.net.inet import KafkaNetSocket
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.protocol.admin import (
    CreatePartitionsRequest,
    CreateTopicsRequest,
    DescribeClusterRequest,
    DescribeConfigsRequest,
    IncrementalAlterConfigsRequest,
)
from kafka.protocol.metadata import MetadataRequest

from topics.errors import ClusterError, Fault
from topics.kafka.errors import fault_of, no_answer, not_reached

# kafka-python logs each failure several times, with a trace; all of them are raised here, as one
# sentence, and told by the caller.
logging.getLogger("kafka").setLevel(logging.CRITICAL)

REFUSALS: Final = (wire.SaslAuthenticationFailedError, wire.UnsupportedSaslMechanismError)
TIMEOUTS: Final = (wire.KafkaTimeoutError, wire.RequestTimedOutError)

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


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Deadlines in milliseconds: to connect, for a read, for a batch of writes."""

    connect_ms: int = 5_000
    read_ms: int = 10_000
    write_ms: int = 4_500


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach a cluster. Secrets are plain here, so this never leaves the process."""

    bootstrap: tuple[str, ...]
    protocol: str = "PLAINTEXT"
    mechanism: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    key_password: str = field(default="", repr=False)
    check_hostname: bool = True

    @property
    def where(self) -> str:
        """The addresses, for sentences."""
        return ", ".join(self.bootstrap)

    def as_configs(self) -> dict[str, Any]:
        """As kafka-python names them."""
        return {
            "bootstrap_servers": list(self.bootstrap),
            "security_protocol": self.protocol,
            "sasl_mechanism": self.mechanism or None,
            "sasl_plain_username": self.username or None,
            "sasl_plain_password": self.password or None,
            "ssl_cafile": self.ca_file or None,
            "ssl_certfile": self.certificate_file or None,
            "ssl_keyfile": self.key_file or None,
            "ssl_password": self.key_password or None,
            "ssl_check_hostname": self.check_hostname,
        }


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker that is registered now."""

    id: int
    host: str
    port: int
    rack: str | None


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The cluster as one of its brokers describes it. `rights` are Weir's own on the cluster."""

    cluster_id: str
    brokers: tuple[Broker, ...]
    rights: frozenset[str]


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """One topic of the metadata."""

    name: str
    partitions: int
    replication_factor: int
    internal: bool


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """One config of one topic. `source` is topic, dynamic, static or default."""

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class TopicDefaults:
    """What a new topic would get that asks for nothing."""

    partitions: int
    replication_factor: int
    configs: Mapping[str, ConfigValue]


@dataclass(frozen=True, slots=True)
class NewTopic:
    """A topic to create."""

    name: str
    partitions: int
    replication_factor: int
    configs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """Overrides of one topic to set and to remove."""

    name: str
    to_set: Mapping[str, str]
    to_remove: Sequence[str] = ()


Results = dict[str, ClusterError | None]


_sock_connect = KafkaNetSocket.sock_connect


async def _sock_connect_or_close(
    self: Any, net: Any, sock: Any, address: Any, timeout_at: float | None = None
) -> Any:
    """As the library's, which leaves the socket of a connection that was refused to the garbage
    collector: a worker that watches a dead cluster would pile them up."""
    try:
        return await _sock_connect(self, net, sock, address, timeout_at=timeout_at)
    except BaseException:
        sock.close()
        raise


KafkaNetSocket.sock_connect = _sock_connect_or_close


class _Manager(KafkaConnectionManager):  # type: ignore[misc]  # kafka-python has no types
    """Connections that know why they failed.

    kafka-python loses the reason twice. A broker that refuses a password answers and closes the
    socket at once, and the answer is thrown away when both are found in one read; and a bootstrap
    that fails says "Unable to bootstrap", whatever happened. The private names used here are those
    of the one release that is pinned.
    """

    last_failure: BaseException | None = None

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        transport = await super()._build_transport(node, timeout_at=timeout_at)
        receive = transport._sock_recv

        def receive_whole() -> tuple[bytes, BaseException | None]:
            found, error = receive()
            # The end of the stream is found again by the next read, after the answer before it.
            return (found, None) if found else (found, error)

        transport._sock_recv = receive_whole
        return transport

    async def _connect(self, node: Any, conn: Any, **how: Any) -> None:
        await super()._connect(node, conn, **how)
        failure = conn.init_future.exception
        if isinstance(failure, REFUSALS):
            # The next attempt raises it, instead of trying the same password for ever.
            self._auth_failures[node.node_id] = failure
        # A time-out after a better reason is only the last attempt running out of time.
        if failure is not None and not (self.last_failure and isinstance(failure, TIMEOUTS)):
            self.last_failure = failure


class KafkaAdmin:
    """A connection to one cluster. Calls may come from several threads of one process.

    Raises ClusterError where a whole call failed; answers hold one ClusterError for each single
    resource that failed.
    """

    def __init__(self, settings: Settings, timeouts: Timeouts | None = None) -> None:
        """Connects, or raises ClusterError within the connect time-out."""
        self.settings = settings
        self.timeouts = timeouts or Timeouts()
        self._process = os.getpid()
        configs = {
            **settings.as_configs(),
            "client_id": "weir",
            "request_timeout_ms": self.timeouts.read_ms,
            "socket_connection_setup_timeout_ms": self.timeouts.connect_ms,
            "socket_connection_setup_timeout_max_ms": self.timeouts.connect_ms,
            "reconnect_backoff_max_ms": 1_000,
            "receive_message_max_bytes": 100_000_000,
        }
        try:
            self._net = NetworkSelector(**configs)
            self._manager = _Manager(self._net, **configs)
        except (ValueError, OSError, wire.KafkaError) as error:
            raise not_reached(settings.where, error) from error
        self._net.start()
        try:
            self._manager.bootstrap(self.timeouts.connect_ms)
        except (wire.KafkaError, OSError, ValueError) as error:
            reason: BaseException = error
            if isinstance(error, TIMEOUTS) and self._manager.last_failure:
                reason = self._manager.last_failure
            self.close()
            raise not_reached(settings.where, reason) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections and the network thread; a second call does nothing."""
        self._manager.close()
        self._net.close()

    # --- Sending ----------------------------------------------------------------------------

    def _call(self, request: Any, timeout_ms: int) -> Any:
        (answer,) = self._calls([request], timeout_ms)
        return answer

    def _calls(self, requests: Sequence[Any], timeout_ms: int) -> list[Any]:
        """Answers in order. The requests are written at once and answered one after the other."""
        if os.getpid() != self._process:
            raise RuntimeError("A Kafka client was carried over a fork: make one in each process.")
        answers: list[Any] = self._manager.run(self._send, requests, timeout_ms)
        return answers

    async def _send(self, requests: Sequence[Any], timeout_ms: int) -> list[Any]:
        connection = await self._connected()
        try:
            futures = [
                connection.send_request(request, request_timeout_ms=timeout_ms)
                for request in requests
            ]
            return [await future for future in futures]
        except wire.KafkaError as error:
            raise no_answer(self.settings.where, error) from error

    async def _connected(self) -> Any:
        """A connection that is up. What fails here was not sent, and the error says so."""
        deadline = time.monotonic() + self.timeouts.connect_ms / 1000
        error: BaseException | None = None
        while True:
            node = self._manager.least_loaded_node()
            try:
                return await self._manager.get_connection(node)
            except REFUSALS as refused:
                raise not_reached(self.settings.where, refused) from refused
            except wire.KafkaError as failed:
                if not isinstance(failed, wire.NodeNotReadyError):
                    error = failed
            if time.monotonic() > deadline:
                raise not_reached(self.settings.where, error) from error
            await self._net.sleep(0.05)

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
        answer = self._call(request, self.timeouts.write_ms)
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
        answer = self._call(request, self.timeouts.write_ms)
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
        answer = self._call(request, self.timeouts.write_ms)
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
