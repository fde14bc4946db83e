"""Reads for pages and the API; nothing here waits on a cluster or changes a row.

- `topics(search="", sort="name") -> QuerySet[DeclaredTopic]`: managed topics. Each row carries
  `owner` (team), `cluster_slug`, `environment_slug`, `drift_count`, `seen_partitions`. Its order
  ends with a unique field and has no null, so that a cursor or a page number can cut it.
- `unmanaged(search="") -> QuerySet[ObservedTopic]`: topics that a cluster has and nobody declared.
- `read_search(text) -> Search`: words, `key:value` filters, and what was not understood.
- `topic(cluster, name) -> TopicDetail | None`: one topic, key by key, with its drift.
- `counts(search="") -> TopicCounts`: how many there are, by what needs a look.
- `clusters() -> QuerySet[Cluster]`: all clusters, for choices of one.
- `cluster_rows() -> list[ClusterRow]`, `cluster(slug) -> ClusterRow | None`: clusters with counts,
  freshness, missing rights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from django.conf import settings
from django.db.models import (
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from governance.models import Item, Request
from governance.workflow import UNDER_WAY, State
from topics import rights
from topics.kinds.topic import configs
from topics.kinds.topic.known import known_topic, place_of
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.plan import Observed
from topics.kinds.topic.spec import TopicSpec
from topics.models import LIVE, Cluster, DeclaredTopic, Drift, DriftState, ObservedTopic, Run
from topics.reason_queries import ENDS_SOON, ending_within

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    ListedTopic = WithAnnotations[DeclaredTopic, "ListColumns"]

UNDECIDED = (DriftState.OPEN, DriftState.REVERTING)
FILTERS = ("owner", "env", "cluster", "drift", "state", "data", "ends")
SORTS = {
    "name": ("name", "cluster_id"),
    "-name": ("-name", "-cluster_id"),
    "partitions": ("partitions", "pk"),
    "-partitions": ("-partitions", "-pk"),
    "updated": ("updated_at", "pk"),
    "-updated": ("-updated_at", "-pk"),
    "owner": ("owner", "name", "pk"),
    "-owner": ("-owner", "-name", "-pk"),
}
# Observations older than this many scan intervals are called stale.
STALE_AFTER_SCANS = 3


# --- Lists of topics --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Search:
    """A search as it was understood. `unknown` holds the parts that mean nothing here."""

    words: tuple[str, ...] = ()
    filters: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()


def read_search(text: str) -> Search:
    """Takes ``orders owner:payments drift:yes`` apart. Every part narrows the list."""
    words: list[str] = []
    filters: list[tuple[str, str]] = []
    unknown: list[str] = []
    for part in text[:500].replace("\x00", "").split():
        key, colon, value = part.partition(":")
        if not colon:
            words.append(part)
        elif key.lower() in FILTERS and value and _allowed(key.lower(), value.lower()):
            filters.append((key.lower(), value.lower()))
        else:
            unknown.append(part)
    return Search(tuple(words), tuple(filters), tuple(unknown))


def _allowed(key: str, value: str) -> bool:
    allowed = {
        "drift": ("yes", "no"),
        "state": ("applied", "pending", "paused", "gone"),
        "ends": ("soon", "yes"),
    }
    return value in allowed.get(key, (value,))


class ListColumns(TypedDict):
    """What rows of the list carry beside the columns of their table."""

    owner: str
    data_class: str
    cluster_slug: str
    environment_slug: str
    drift_count: int
    seen_partitions: int | None


def topics(search: str = "", sort: str = "name") -> QuerySet[ListedTopic]:
    """Managed topics, narrowed and ordered; an unknown `sort` counts as by name."""
    # Clusters come apart: joined, each row that is sorted would carry its cluster's defaults.
    rows = DeclaredTopic.objects.annotate(
        owner=F("resource__owner__slug"),
        data_class=F("resource__data_class"),
        cluster_slug=F("cluster__slug"),
        environment_slug=F("environment__slug"),
        drift_count=Coalesce(_drift_count(), 0),
        seen_partitions=Subquery(_seen().values("partitions")[:1]),
    ).select_related("environment", "resource__owner")
    rows = rows.prefetch_related(_with_environments())
    understood = read_search(search)
    for word in understood.words:
        rows = rows.filter(name__icontains=word)
    for key, value in understood.filters:
        rows = rows.filter(_meaning(key, value))
    return rows.order_by(*SORTS.get(sort, SORTS["name"]))


def _with_environments() -> Prefetch[Any]:
    return Prefetch("cluster", Cluster.objects.select_related("environment"))


def _seen() -> QuerySet[ObservedTopic]:
    return ObservedTopic.objects.filter(cluster=OuterRef("cluster"), name=OuterRef("name"))


def _drifting() -> QuerySet[Drift]:
    return Drift.objects.filter(
        cluster=OuterRef("cluster"),
        kind="topic",
        name=OuterRef("name"),
        state__in=[s.value for s in UNDECIDED],
    )


def _drift_count() -> Subquery:
    counted = _drifting().order_by().values("cluster").annotate(n=Count("pk")).values("n")
    return Subquery(counted, output_field=IntegerField())


def _meaning(key: str, value: str) -> Q:
    match key, value:
        case "owner", _:
            return Q(resource__owner__slug=value)
        case "env", _:
            return Q(environment__slug=value)
        case "cluster", _:
            return Q(cluster__slug=value)
        case "data", _:
            return Q(resource__data_class=value)
        case "ends", "soon":
            return Q(pk__in=ending_within(ENDS_SOON).order_by().values("pk"))
        case "ends", _:
            return Q(retention_ends_at__isnull=False)
        case "drift", "yes":
            return Q(Exists(_drifting()))
        case "drift", _:
            return ~Q(Exists(_drifting()))
        case "state", "applied":
            return Q(last_applied_generation=F("generation"))
        case "state", "pending":
            return Q(last_applied_generation__lt=F("generation"))
        case "state", "paused":
            return Q(paused=True)
    return ~Q(Exists(_seen())) & Q(last_applied__isnull=False)


def unmanaged(search: str = "") -> QuerySet[ObservedTopic]:
    """Topics that are on a cluster and that nobody declared, without Kafka's internal ones."""
    declared = DeclaredTopic.objects.filter(cluster=OuterRef("cluster"), name=OuterRef("name"))
    rows = ObservedTopic.objects.filter(~Exists(declared), internal=False)
    rows = rows.prefetch_related(_with_environments())
    understood = read_search(search)
    for word in understood.words:
        rows = rows.filter(name__icontains=word)
    for key, value in understood.filters:
        if key == "cluster":
            rows = rows.filter(cluster__slug=value)
        elif key == "env":
            rows = rows.filter(cluster__environment__slug=value)
    return rows.order_by("name", "cluster_id")


@dataclass(frozen=True, slots=True)
class TopicCounts:
    """How many topics a search finds, and how many of them need a look."""

    total: int
    drifting: int
    pending: int
    unmanaged: int


def counts(search: str = "") -> TopicCounts:
    """Counts for the head of the list."""
    found = topics(search).order_by()
    return TopicCounts(
        total=found.count(),
        drifting=found.filter(Exists(_drifting())).count(),
        pending=found.filter(last_applied_generation__lt=F("generation")).count(),
        unmanaged=unmanaged(search).order_by().count(),
    )


# --- One topic --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One value of a topic: what is declared, what the cluster has, and where each comes from.

    `observed` is None for a topic that is not there. `source` is topic, dynamic, static or default;
    `origin` is the number of the request that declared the value. `in_step` is False where the
    cluster is not as declared.
    """

    path: str
    label: str
    declared: str | None
    observed: str | None
    declared_exact: str
    observed_exact: str
    source: str
    origin: int | None
    in_step: bool


@dataclass(frozen=True, slots=True)
class Behind:
    """What is declared of a topic and is not on its cluster.

    `rows` are the values; none of them where the topic itself was not made. `request` is the one
    that declared it, as far as that is known. `why` is what its worker was told, empty while one
    is on it.
    """

    rows: Sequence[KeyRow]
    request: Request | None
    why: str

    @property
    def under_way(self) -> bool:
        """Whether a worker is on it."""
        return self.request is not None and self.request.state in UNDER_WAY

    @property
    def can_be_retried(self) -> bool:
        """Whether the request that declared it may be tried again as it is."""
        return self.request is not None and self.request.state in (
            State.FAILED,
            State.PARTLY_APPLIED,
        )


@dataclass(frozen=True, slots=True)
class TopicDetail:
    """One topic on one cluster."""

    cluster: Cluster
    name: str
    declared: DeclaredTopic | None
    observed: ObservedTopic | None
    seen_at: datetime | None
    stale: bool
    rows: Sequence[KeyRow]
    drifts: Sequence[Drift]
    behind: Behind | None = None

    @property
    def pending(self) -> bool:
        """Whether what is declared is still on its way to the cluster."""
        row = self.declared
        return row is not None and row.last_applied_generation < row.generation


def topic(cluster_slug: str, name: str) -> TopicDetail | None:
    """The topic of that name, managed or not; None where there is neither a declared nor an
    observed one. A fixed number of queries."""
    cluster = Cluster.objects.select_related("environment").filter(slug=cluster_slug).first()
    if cluster is None:
        return None
    declared = (
        DeclaredTopic.objects.select_related("resource__owner", "environment", "cluster")
        .filter(cluster=cluster, name=name)
        .first()
    )
    observed = ObservedTopic.objects.filter(cluster=cluster, name=name).first()
    if declared is None and observed is None:
        return None
    times = [observed.seen_at if observed else None, cluster.observed_at]
    seen = max((at for at in times if at is not None), default=None)
    live = Drift.objects.filter(
        cluster=cluster, kind="topic", name=name, state__in=[s.value for s in LIVE]
    ).select_related("cluster", "decided_by", "request")
    known = known_topic(cluster, name)
    rows = _key_rows(declared, known, place_of(cluster))
    return TopicDetail(
        cluster=cluster,
        name=name,
        declared=declared,
        observed=observed,
        seen_at=seen,
        stale=is_stale(seen),
        rows=rows,
        drifts=list(live.order_by("key")),
        behind=_behind(declared, known, rows),
    )


def _behind(declared: DeclaredTopic | None, known: Known, rows: Sequence[KeyRow]) -> Behind | None:
    if declared is None or declared.last_applied_generation == declared.generation:
        return None
    late = [row for row in rows if row.path in known.ahead and not row.in_step]
    if declared.last_applied is not None and not late:
        return None  # only its generation is: the cluster has it by whatever way
    item = (
        Item.objects.filter(
            kind="topic",
            place=declared.cluster.slug,
            name=declared.name,
            attempts__gt=0,
            base_generation=declared.generation,
        )
        .select_related("request")
        .order_by("-pk")
        .first()
    )
    request = item.request if item else None
    why = (item.error or item.request.failure) if item else ""
    return Behind(late, request, why)


def _key_rows(declared: DeclaredTopic | None, known: Known, place: Place) -> list[KeyRow]:
    spec = None
    if declared is not None:
        spec = TopicSpec(declared.partitions, declared.replication_factor, declared.configs)
    origins = declared.origins if declared is not None else {}
    seen = known.observed
    wanted = None
    if spec is not None:
        wanted = place.profile.normal_replication(spec.replication_factor)
    have = seen.replication_factor if seen is not None else None
    rows = [
        _number_row(
            "partitions",
            "Partitions",
            spec.partitions if spec is not None else None,
            seen.partitions if seen is not None else None,
            origins,
        ),
        _number_row("replication_factor", "Replication", wanted, have, origins),
    ]
    keys = set(place.defaults)
    if spec is not None:
        keys |= spec.configs.keys()
    if seen is not None:
        keys |= seen.overrides.keys() | seen.inherited.keys()
    # What somebody set comes first; the defaults of the cluster follow.
    own = {k for k in keys if (spec and k in spec.configs) or (seen and k in seen.overrides)}
    for key in [*sorted(own), *sorted(keys - own)]:
        rows.append(_config_row(key, spec, seen, place, origins))
    return rows


def _number_row(
    path: str, label: str, declared: int | None, observed: int | None, origins: dict[str, str]
) -> KeyRow:
    return KeyRow(
        path=path,
        label=label,
        declared=None if declared is None else str(declared),
        observed=None if observed is None else str(observed),
        declared_exact="" if declared is None else str(declared),
        observed_exact="" if observed is None else str(observed),
        source="topic",
        origin=_request_of(origins.get(path)),
        in_step=declared is None or observed is None or declared == observed,
    )


def _config_row(
    key: str, spec: TopicSpec | None, seen: Observed | None, place: Place, origins: dict[str, str]
) -> KeyRow:
    kind = configs.known(key, place.profile.extra)
    declared = spec.configs.get(key) if spec is not None else None
    observed, source = _observed_value(key, seen, place)
    override = seen is not None and key in seen.overrides
    wanted = place.profile.forced.get(key, declared) if declared is not None else None
    if seen is None:
        in_step = True
    elif wanted is not None:
        in_step = override and observed is not None and configs.equal(key, wanted, observed)
    else:
        in_step = spec is None or not override or place.profile.is_foreign(key)
    return KeyRow(
        path=f"configs.{key}",
        label=kind.label if kind and kind.label else key,
        declared=None if declared is None else configs.human(kind, declared),
        observed=None if observed is None else configs.human(kind, observed),
        declared_exact="" if declared is None else configs.exact(kind, declared),
        observed_exact="" if observed is None else configs.exact(kind, observed),
        source=source,
        origin=_request_of(origins.get(f"configs.{key}")),
        in_step=in_step,
    )


def _observed_value(key: str, seen: Observed | None, place: Place) -> tuple[str | None, str]:
    if seen is None:
        return None, ""
    if key in seen.overrides:
        return seen.overrides[key], "topic"
    if key in seen.inherited:
        return seen.inherited[key], place.source_of_default(key) or "dynamic"
    return place.default_of(key), place.source_of_default(key)


def _request_of(origin: str | None) -> int | None:
    """The number in ``request:142``."""
    number = (origin or "").removeprefix("request:")
    return int(number) if number.isdecimal() else None


def is_stale(seen_at: datetime | None) -> bool:
    """Whether an observation is too old to be called current."""
    if seen_at is None:
        return True
    interval: timedelta = settings.SCAN_INTERVAL
    return timezone.now() - seen_at > interval * STALE_AFTER_SCANS


# --- Clusters ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """A cluster with what its list and page print."""

    cluster: Cluster
    declared: int
    observed: int
    drifting: int
    stale: bool
    missing_rights: Sequence[rights.Right] = field(default=())
    runs: Sequence[Run] = field(default=())


def clusters() -> QuerySet[Cluster]:
    """All clusters, by environment, without counts of what is on them."""
    return Cluster.objects.select_related("environment").order_by("environment__position", "slug")


def cluster_rows() -> list[ClusterRow]:
    """All clusters, by environment; a fixed number of queries."""
    declared = _by_cluster(DeclaredTopic.objects.all())
    observed = _by_cluster(ObservedTopic.objects.filter(internal=False))
    drifting = _by_cluster(Drift.objects.filter(state__in=[s.value for s in UNDECIDED]))
    return [
        ClusterRow(
            cluster=row,
            declared=declared.get(row.pk, 0),
            observed=observed.get(row.pk, 0),
            drifting=drifting.get(row.pk, 0),
            stale=is_stale(row.observed_at),
            missing_rights=rights.missing(row.rights) if row.rights else (),
        )
        for row in clusters()
    ]


def _by_cluster(
    rows: QuerySet[DeclaredTopic] | QuerySet[ObservedTopic] | QuerySet[Drift],
) -> dict[int, int]:
    return dict(rows.order_by().values_list("cluster").annotate(n=Count("pk")))


def cluster(slug: str) -> ClusterRow | None:
    """One cluster, with its last rounds of work."""
    row = Cluster.objects.select_related("environment").filter(slug=slug).first()
    if row is None:
        return None
    return ClusterRow(
        cluster=row,
        declared=DeclaredTopic.objects.filter(cluster=row).count(),
        observed=ObservedTopic.objects.filter(cluster=row, internal=False).count(),
        drifting=Drift.objects.filter(cluster=row, state__in=[s.value for s in UNDECIDED]).count(),
        stale=is_stale(row.observed_at),
        missing_rights=rights.missing(row.rights) if row.rights else (),
        runs=list(Run.objects.filter(cluster=row).order_by("-pk")[:20]),
    )


def drifts(state: str = "open", search: str = "") -> QuerySet[Drift]:
    """Differences in one state (empty: any), newest first, narrowed by words, ``owner:``,
    ``cluster:`` and ``env:``."""
    rows = Drift.objects.select_related("cluster__environment", "decided_by", "request")
    if state in DriftState.values:
        rows = rows.filter(state=state)
    understood = read_search(search)
    for word in understood.words:
        rows = rows.filter(name__icontains=word)
    meanings = {"owner": "team", "cluster": "cluster__slug", "env": "cluster__environment__slug"}
    for key, value in understood.filters:
        if key in meanings:
            rows = rows.filter(**{meanings[key]: value})
    return rows.order_by("-since_before", "-pk")
