"""Every declared topic with its facts, as a stream: what trying a policy out goes through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db.models import Exists, OuterRef

from governance.kinds import ItemView, Json
from topics.kinds.topic import diff, effect
from topics.kinds.topic.known import place_of
from topics.kinds.topic.model import DeclaredTopic, ObservedTopic
from topics.kinds.topic.place import Known
from topics.kinds.topic.plan import Observed
from topics.kinds.topic.spec import TopicSpec
from topics.models import Cluster

ROWS: Final = 2_000  # of the server's cursor, held at once
# What asks for what it is already changes nothing of what it holds.
_NO_CHANGE: Final = effect.facts(None, there=True)
_SEEN: Final = Observed(0, 0, {}, {})  # facts ask only whether there is one


def estate_facts(wanted: frozenset[str]) -> Iterator[tuple[ItemView, Json]]:
    """Topics that came to be, each as if it were asked for anew as it is declared."""
    clusters = {row.pk: row for row in Cluster.objects.select_related("environment")}
    places = {pk: place_of(row) for pk, row in clusters.items()}
    rows = DeclaredTopic.objects.filter(last_applied__isnull=False)
    columns = ["cluster_id", "name", "partitions", "replication_factor", "configs"]
    if "topic.exists" in wanted:
        seen = ObservedTopic.objects.filter(cluster=OuterRef("cluster"), name=OuterRef("name"))
        rows = rows.annotate(seen=Exists(seen))
        columns.append("seen")
    found = rows.order_by().values_list("resource__owner__slug", *columns).iterator(ROWS)
    for owner, cluster_id, name, partitions, replication, configs, *seen_there in found:
        cluster, place = clusters[cluster_id], places[cluster_id]
        spec = TopicSpec(partitions, replication, configs)
        known = Known(declared=spec, observed=_SEEN if any(seen_there) else None)
        item = ItemView(
            position=0,
            kind="topic",
            operation="create",
            name=name,
            place=place.slug,
            after={"partitions": partitions, "replication_factor": replication, "configs": configs},
            team=owner,
            environment=cluster.environment.slug,
            production=cluster.environment.production,
        )
        yield item, {**diff.facts(name, spec, place, known), **_NO_CHANGE}
