"""The rights that Weir's principal needs on a cluster, and how to give them: the least that works.

Denied reads look like an empty cluster, so what is missing is found out and said, not guessed from
answers.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Right:
    """One right: `name` as it is stored, what Weir needs it for, and the ACL that gives it."""

    name: str
    reason: str
    operation: str
    resource: str

    def command(self, principal: str) -> str:
        """The line for Kafka's own tool that gives this right."""
        return (
            f"kafka-acls --add --allow-principal User:{principal} "
            f"--operation {self.operation} {self.resource}"
        )


_ALL_TOPICS = "--topic '*'"

NEEDED: tuple[Right, ...] = (
    Right("topic:describe", "see the topics at all", "Describe", _ALL_TOPICS),
    Right("topic:describe_configs", "read configs of topics", "DescribeConfigs", _ALL_TOPICS),
    Right("topic:create", "create topics", "Create", _ALL_TOPICS),
    Right("topic:alter", "add partitions", "Alter", _ALL_TOPICS),
    Right("topic:alter_configs", "change configs of topics", "AlterConfigs", _ALL_TOPICS),
    Right("cluster:describe", "see the brokers and the ACLs", "Describe", "--cluster"),
    Right("cluster:alter", "give and take access (ACLs)", "Alter", "--cluster"),
)


def granted(cluster: Collection[str], topic: Collection[str]) -> list[str]:
    """Rights as they are stored, from what the broker says of the cluster and of any topic."""
    return sorted([f"cluster:{name}" for name in cluster] + [f"topic:{name}" for name in topic])


def missing(rights: Collection[str]) -> list[Right]:
    """The rights that are needed and not there."""
    have = set(rights)
    if "cluster:create" in have:
        have.add("topic:create")  # creating anywhere on the cluster includes creating any topic
    return [right for right in NEEDED if right.name not in have]
