"""What the door to a broker takes and gives: plain values, with nothing of the client's in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from topics.errors import ClusterError

Results = dict[str, ClusterError | None]


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


Partition = tuple[str, int]  # a topic's name and the number of the partition


@dataclass(frozen=True, slots=True)
class PartitionFacts:
    """Where one partition is."""

    leader: int
    replicas: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A group of consumers as brokers list it. `kind` is classic, consumer, share or streams; empty
    where the broker is too old to say, as is `state`."""

    name: str
    state: str
    kind: str
