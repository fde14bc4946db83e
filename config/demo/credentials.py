"""The demo application's user and rights on the broker.

Until grants are asked for like topics are, the demo gives its one application what it needs: all
of the topics and groups that begin with one of its prefixes.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from config.stack.kafka import admin_client, make_user

OPERATIONS = {
    ResourceType.TOPIC: (ACLOperation.READ, ACLOperation.WRITE, ACLOperation.DESCRIBE),
    ResourceType.GROUP: (ACLOperation.READ, ACLOperation.DESCRIBE),
}


def make_credential(
    kafka: Mapping[str, str], username: str, prefixes: Sequence[str], keep: Path
) -> str:
    """Makes the user with a password that is kept in a file, and its rights; gives the password.

    A second call gives the same user the same password and the same rights.
    """
    password = _kept(keep)
    make_user(kafka["bootstrap"], kafka["user"], kafka["password"], username, password)
    acls = [
        ACL(
            principal=f"User:{username}",
            host="*",
            operation=operation,
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(kind, prefix, ACLResourcePatternType.PREFIXED),
        )
        for kind, operations in OPERATIONS.items()
        for operation in operations
        for prefix in prefixes
    ]
    with closing(admin_client(kafka["bootstrap"], kafka["user"], kafka["password"])) as client:
        said = client.create_acls(acls)
    if said["failed"]:
        raise RuntimeError(f"Kafka did not grant the demo application its rights: {said}")
    return password


def _kept(path: Path) -> str:
    if path.exists():
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(18)
    path.touch(mode=0o600)
    path.write_text(password)
    return password
