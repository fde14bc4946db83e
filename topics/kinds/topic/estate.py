"""Every declared topic with its facts, as a stream: what trying a policy out goes through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, Self

from django.db.models import Exists, OuterRef, Value

from governance.clock import database_now
from governance.kinds import ItemView, Json
from topics.kinds.topic import diff, effect, kept_facts, volume
from topics.kinds.topic.about import About
from topics.kinds.topic.known import place_of
from topics.kinds.topic.model import DeclaredTopic, ObservedTopic
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.plan import Observed
from topics.kinds.topic.reason import from_json
from topics.kinds.topic.spec import TopicSpec
from topics.measures import known as measures
from topics.measures.values import Measured
from topics.models import Cluster

Row = tuple[Any, ...]  # as the columns below

ROWS: Final = 2_000  # of the server's cursor, held at once
_MEASURED: Final = frozenset(
    fact.name for fact in effect.FACTS if fact.name.startswith(("topic.bytes_", "topic.cost_"))
)
_KEPT: Final = frozenset(fact.name for fact in kept_facts.FACTS)
_EFFECT: Final = frozenset(fact.name for fact in effect.FACTS)
_SEEN: Final = Observed(0, 0, {}, {})  # facts ask only whether there is one


@dataclass(frozen=True, slots=True)
class _Asks:
    """Which groups of facts are wanted of so many topics: others are not worked out."""

    asked: bool
    kept: bool
    effect: bool
    measured: bool

    @classmethod
    def of(cls, wanted: frozenset[str]) -> Self:
        other = {name for name in wanted if name.startswith("topic.")} - _KEPT - _EFFECT
        return cls(
            asked=bool(other),
            kept=bool(wanted & _KEPT),
            effect=bool(wanted & _EFFECT),
            measured=bool(wanted & _MEASURED),
        )


def estate_facts(wanted: frozenset[str]) -> Iterator[tuple[ItemView, Json]]:
    """Topics that came to be, each as if it were asked for anew as it is declared, with the facts
    that are wanted and those worked out along with them."""
    asks = _Asks.of(wanted)
    clusters = {row.pk: row for row in Cluster.objects.select_related("environment")}
    places = {pk: place_of(row) for pk, row in clusters.items()}
    rows = DeclaredTopic.objects.filter(last_applied__isnull=False)
    now = database_now()
    columns = [
        "resource__data_class",
        "resource__labels",
        "cluster_id",
        "name",
        "partitions",
        "replication_factor",
        "configs",
        "retention_reason",
        "retention_ends_at",
        "seen",
    ]
    there: Exists | Value = Value(False)
    if "topic.exists" in wanted:
        there = Exists(
            ObservedTopic.objects.filter(cluster=OuterRef("cluster"), name=OuterRef("name"))
        )
    rows = rows.annotate(seen=there)
    found = rows.order_by().values_list("resource__owner__slug", *columns).iterator(ROWS)
    for row, measured in _with_sizes(found, clusters, look=asks.measured):
        owner, data_class, labels, cluster_id, name, *values, why, ends_at, seen_there = row
        cluster, place = clusters[cluster_id], places[cluster_id]
        about = About(data_class, "", labels)
        reason = None if why is None else from_json(why)
        if reason is not None:
            reason = reason.fixed(ends_at)
        partitions, replication, configs = values
        spec = TopicSpec(partitions, replication, configs, about, reason)
        known = Known(declared=spec, observed=_SEEN if seen_there else None)
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
        given: dict[str, object] = {}
        if asks.asked:
            given |= diff.facts(name, spec, place, known)
        if asks.kept:
            given |= kept_facts.facts(spec, place, about, now)
        if asks.effect:
            given |= _effect(spec, place, known, measured)
        yield item, given


def _effect(spec: TopicSpec, place: Place, known: Known, measured: Measured | None) -> Json:
    """What asks for what it is already goes on holding what it holds."""
    as_declared = replace(known, observed=None)
    change = effect.change(spec, place, as_declared, measured) if measured is not None else None
    return effect.facts(change, endless=volume.endless(spec, place))


def _with_sizes(
    rows: Iterable[Row], clusters: Mapping[int, Cluster], *, look: bool
) -> Iterator[tuple[Row, Measured | None]]:
    """Each row with what is measured of its topic: read once for a part of a cluster."""
    left = iter(rows)
    while part := list(islice(left, ROWS)):
        names: dict[int, list[str]] = {}
        for row in part if look else ():
            names.setdefault(row[3], []).append(row[4])
        found = {pk: measures.many_sizes(clusters[pk], some) for pk, some in names.items()}
        for row in part:
            yield row, found.get(row[3], {}).get(row[4])
