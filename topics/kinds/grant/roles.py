"""What an application may be to a topic, and what each of those roles needs to say.

A role is a word people use; which ACL bindings it takes is derived in `bindings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What the application does with the topic."""

    CONSUMER = "consumer"
    PRODUCER = "producer"
    TRANSACTIONAL = "transactional"
    STREAMS = "streams"
    CONNECT = "connect"


class Access(StrEnum):
    """In which direction, for roles that know both."""

    READ = "read"
    WRITE = "write"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """How a role reads in words, and what it needs beside the topic.

    `access` is the direction, None where the grant says it. `group` and `transactional` say whether
    the role has one; `group_label` what people call it there.
    """

    title: str
    verb: str
    access: Access | None
    group: bool = False
    transactional: bool = False
    group_label: str = "Consumer group"


ROLES: Final[Mapping[Role, RoleFacts]] = {
    Role.CONSUMER: RoleFacts("Consumer", "consumes", Access.READ, group=True),
    Role.PRODUCER: RoleFacts("Producer", "produces to", Access.WRITE),
    Role.TRANSACTIONAL: RoleFacts(
        "Transactional producer", "produces in transactions to", Access.WRITE, transactional=True
    ),
    Role.STREAMS: RoleFacts(
        "Streams application", "processes", None, group=True, group_label="Application id"
    ),
    Role.CONNECT: RoleFacts("Connector", "connects", None, group=True, group_label="Group"),
}


def reads(role: Role, access: Access) -> bool:
    """Whether records are read."""
    return (ROLES[role].access or access) in (Access.READ, Access.BOTH)


def writes(role: Role, access: Access) -> bool:
    """Whether records are written."""
    return (ROLES[role].access or access) in (Access.WRITE, Access.BOTH)
