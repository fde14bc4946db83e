"""Looking at a cluster's ACL lines, and keeping what was seen.

A line that is as it was costs no write: rows appear and go with their lines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet

from governance.clock import database_now
from topics.errors import ClusterError, Fault
from topics.kafka.client import KafkaAdmin
from topics.kinds.grant.bindings import Binding, Operation, Resource
from topics.kinds.grant.model import ObservedBinding
from topics.models.cluster import Cluster

log = structlog.get_logger(__name__)

LONGEST_LINE = 2_000  # bytes of its names: what an index takes; Weir's own are far shorter
BATCH = 5_000

Key = tuple[str, str, bool, str, str, str, bool]


def observe(cluster: Cluster, client: KafkaAdmin, began: datetime) -> dict[str, int]:
    """Reads all lines and stores what changed; counters for the run. A cluster without an
    authorizer, or one that does not let Weir see them, says so in its record."""
    try:
        lines = client.acls()
    except ClusterError as error:
        if error.fault not in (Fault.DENIED, Fault.USER):
            raise
        Cluster.objects.filter(pk=cluster.pk).exclude(acls_error=error.message).update(
            acls_error=error.message
        )
        return {"acls": 0}
    written, removed = _replace(cluster, lines, began, of=None)
    Cluster.objects.filter(pk=cluster.pk).update(acls_seen_at=began, acls_error="")
    return {"acls": len(lines), "acls_written": written, "acls_removed": removed}


def store(cluster: Cluster, lines: Collection[Binding], *, of: str) -> None:
    """Stores one principal's lines, read or brought about just now."""
    _replace(cluster, lines, database_now(), of=of)


def lines_of(
    cluster_id: int,
    *,
    principals: Collection[str] = (),
    resource: Resource | None = None,
    names: Collection[str] = (),
    most: int | None = None,
) -> list[Binding]:
    """Lines as they were seen: of these principals, of a kind of resource, with one of these names
    of it; the first `most` of them by what they are about."""
    rows = ObservedBinding.objects.filter(cluster_id=cluster_id)
    if principals:
        rows = rows.filter(principal__in=list(principals))
    if resource is not None:
        rows = rows.filter(resource_type=resource.value)
    if names:
        rows = rows.filter(resource_name__in=list(names))
    if most is not None:
        rows = rows.order_by("resource_type", "resource_name", "pk")[:most]
    return [_line(key) for key in _keys(rows)]


def beginnings(name: str) -> list[str]:
    """Every name that a line may carry which covers `name`: itself, its beginnings, the star."""
    return [name, "*", *(name[:length] for length in range(len(name)))]


def _keys(rows: QuerySet[ObservedBinding]) -> Iterator[Key]:
    return rows.values_list(
        "resource_type", "resource_name", "prefixed", "principal", "operation", "host", "allow"
    ).iterator(chunk_size=BATCH)


def _line(key: Key) -> Binding:
    resource, name, prefixed, principal, operation, host, allow = key
    return Binding(Resource(resource), name, prefixed, principal, Operation(operation), host, allow)


def _key(line: Binding) -> Key:
    return (
        line.resource.value,
        line.name,
        line.prefixed,
        line.principal,
        line.operation.value,
        line.host,
        line.allow,
    )


def _replace(
    cluster: Cluster, lines: Collection[Binding], at: datetime, *, of: str | None
) -> tuple[int, int]:
    """Makes the rows (of one principal) those lines; how many were written and removed."""
    kept = {_key(line) for line in lines if _fits(line)}
    if len(kept) < len(lines):
        log.warning("acl_lines_too_long", cluster=cluster.slug, lines=len(lines) - len(kept))
    rows = ObservedBinding.objects.filter(cluster=cluster)
    if of is not None:
        rows = rows.filter(principal=of)
    had = set(_keys(rows))
    with transaction.atomic():
        for part in _parts(sorted(kept - had)):
            _insert(cluster, part, at)
        for part in _parts(sorted(had - kept)):
            _delete(cluster, part, at)
    return len(kept - had), len(had - kept)


def _fits(line: Binding) -> bool:
    return len(f"{line.name}{line.principal}{line.host}".encode()) <= LONGEST_LINE


def _parts(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


_COLUMNS = "resource_type, resource_name, prefixed, principal, operation, host, allow"
_UNNEST = """unnest(%s::text[], %s::text[], %s::bool[], %s::text[], %s::text[], %s::text[],
    %s::bool[])"""


def _insert(cluster: Cluster, keys: Sequence[Key], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO topics_observedbinding (cluster_id, seen_at, {_COLUMNS}) "  # noqa: S608
            f"SELECT %s, %s, r.* FROM {_UNNEST} AS r ON CONFLICT DO NOTHING",
            [cluster.pk, at, *(list(column) for column in zip(*keys, strict=True))],
        )


def _delete(cluster: Cluster, keys: Sequence[Key], at: datetime) -> None:
    """A line that was seen later than this reading began stays: it is newer than what was read."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM topics_observedbinding AS o USING {_UNNEST} AS r ({_COLUMNS}) "  # noqa: S608
            "WHERE o.cluster_id = %s AND o.seen_at <= %s AND o.resource_type = r.resource_type "
            "AND o.resource_name = r.resource_name AND o.prefixed = r.prefixed "
            "AND o.principal = r.principal AND o.operation = r.operation AND o.host = r.host "
            "AND o.allow = r.allow",
            [*(list(column) for column in zip(*keys, strict=True)), cluster.pk, at],
        )
