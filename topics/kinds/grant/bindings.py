"""ACL bindings: what they are, and which ones a grant takes; pure.

A binding is derived from grants and never asked for by itself, so several grants may need the same
one: it stays as long as one of them does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from topics.kinds.grant.pattern import Pattern
from topics.kinds.grant.roles import Role, reads, writes

if TYPE_CHECKING:
    from topics.kinds.grant.spec import GrantName, GrantSpec

ANY_HOST = "*"


class Resource(StrEnum):
    """What a binding is about."""

    TOPIC = "topic"
    GROUP = "group"
    CLUSTER = "cluster"
    TRANSACTIONAL_ID = "transactional_id"
    DELEGATION_TOKEN = "delegation_token"  # noqa: S105 -- a kind of resource, no secret
    USER = "user"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """In words."""
        return self.value.replace("_", " ")


class Operation(StrEnum):
    """What a binding lets somebody do."""

    ALL = "all"
    READ = "read"
    WRITE = "write"
    CREATE = "create"
    DELETE = "delete"
    ALTER = "alter"
    DESCRIBE = "describe"
    CLUSTER_ACTION = "cluster_action"
    DESCRIBE_CONFIGS = "describe_configs"
    ALTER_CONFIGS = "alter_configs"
    IDEMPOTENT_WRITE = "idempotent_write"
    CREATE_TOKENS = "create_tokens"
    DESCRIBE_TOKENS = "describe_tokens"
    TWO_PHASE_COMMIT = "two_phase_commit"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """In words."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True, order=True)
class Binding:
    """One line of a cluster's ACLs. `allow` False denies, which beats every line that allows."""

    resource: Resource
    name: str
    prefixed: bool
    principal: str
    operation: Operation
    host: str = ANY_HOST
    allow: bool = True

    @property
    def pattern(self) -> Pattern:
        """The names it covers."""
        return Pattern(self.name, self.prefixed)

    def words(self) -> str:
        """ "User:checkout may read topic payments.*", for plans and pages."""
        verb = "may" if self.allow else "may not"
        where = "" if self.host == ANY_HOST else f" from {self.host}"
        what = f"{self.resource.words} {self.pattern}"
        return f"{self.principal} {verb} {self.operation.words} {what}{where}"


# What a streams application does with the topics it makes for itself (Kafka's documentation of
# Streams, "Required ACL setting for secure Kafka clusters").
_INTERNAL_TOPICS = (
    Operation.CREATE,
    Operation.DELETE,
    Operation.READ,
    Operation.WRITE,
    Operation.DESCRIBE_CONFIGS,
)


def derive(name: GrantName, spec: GrantSpec, principal: str) -> frozenset[Binding]:
    """The bindings that a grant takes; reading and writing include describing."""
    return frozenset(_derive(name, spec, principal))


def _derive(name: GrantName, spec: GrantSpec, principal: str) -> Iterator[Binding]:
    def bind(resource: Resource, pattern: Pattern, *operations: Operation) -> Iterator[Binding]:
        for operation in operations:
            yield Binding(resource, pattern.name, pattern.prefixed, principal, operation)

    if reads(name.role, spec.access):
        yield from bind(Resource.TOPIC, name.topic, Operation.READ)
    if writes(name.role, spec.access):
        yield from bind(Resource.TOPIC, name.topic, Operation.WRITE)
    if name.role is Role.STREAMS and spec.group is not None:
        # Its id begins the names of its internal topics, its group and its transactions.
        own = Pattern(spec.group.name, prefixed=True)
        yield from bind(Resource.TOPIC, own, *_INTERNAL_TOPICS)
        yield from bind(Resource.GROUP, own, Operation.READ)
        yield from bind(Resource.TRANSACTIONAL_ID, own, Operation.WRITE)
        return
    if spec.group is not None:
        yield from bind(Resource.GROUP, spec.group, Operation.READ)
    if spec.transactional_id is not None:
        yield from bind(Resource.TRANSACTIONAL_ID, spec.transactional_id, Operation.WRITE)
