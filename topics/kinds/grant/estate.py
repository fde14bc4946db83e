"""Every grant in force with its facts, as a stream: what trying a policy out goes through."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from governance.kinds import ItemView, Json
from topics.kinds.grant.facts import facts
from topics.kinds.grant.known import situations, spec_of
from topics.kinds.grant.model import DeclaredGrant, GrantState
from topics.kinds.grant.spec import GrantName, name_of
from topics.models.cluster import Cluster

ROWS: Final = 500


def estate_facts() -> Iterator[tuple[ItemView, Json]]:
    """Grants in force, each as if it were asked for anew as it is, cluster by cluster."""
    for cluster in Cluster.objects.select_related("environment").order_by("pk"):
        rows = (
            DeclaredGrant.objects.filter(
                cluster=cluster, state=GrantState.ACTIVE, last_applied__isnull=False
            )
            .select_related("resource__owner")
            .order_by()
            .iterator(ROWS)
        )
        while group := list(islice(rows, ROWS)):
            yield from _batch(cluster, group)


def _batch(cluster: Cluster, rows: list[DeclaredGrant]) -> Iterator[tuple[ItemView, Json]]:
    names: dict[str, GrantName] = {}
    for row in rows:
        if (name := name_of(row.name)) is not None:
            names[row.name] = name
    known = situations(cluster, names)
    for row in rows:
        if row.name not in names:
            continue
        spec = spec_of(row)
        item = ItemView(
            position=0,
            kind="grant",
            operation="create",
            name=row.name,
            place=cluster.slug,
            after=spec.as_json(),
            team=row.resource.owner.slug,
            environment=cluster.environment.slug,
            production=cluster.environment.production,
        )
        yield item, facts(item, names[row.name], spec, known[row.name])
