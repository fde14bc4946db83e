"""Reads for the pages of topics, drift and clusters. Nothing here waits on a cluster."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from topics.models import Cluster, DeclaredTopic, Drift, DriftState, ObservedTopic, Run

MOST_RUNS = 20
NOT_DECIDED = (DriftState.OPEN, DriftState.REVERTING)
# What a list of topics can be sorted by, and the columns that do it.
SORTS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "cluster__slug"),
    "owner": ("resource__owner__slug", "name"),
    "partitions": ("partitions", "name"),
    "cluster": ("cluster__environment__position", "cluster__slug", "name"),
    "changed": ("updated_at", "name"),
}


def declared_topics(
    *,
    words: str = "",
    owner: str = "",
    environment: str = "",
    cluster: str = "",
    status: str = "",
    drift: bool = False,
    sort: str = "name",
) -> QuerySet[DeclaredTopic]:
    """Topics that came to be by a request, narrowed; each says whether it `drifts`."""
    drifts = Drift.objects.filter(
        cluster=OuterRef("cluster"), kind="topic", name=OuterRef("name"), state__in=NOT_DECIDED
    )
    found = DeclaredTopic.objects.select_related(
        "cluster__environment", "resource__owner"
    ).annotate(drifts=Exists(drifts))
    if words:
        found = found.filter(name__startswith=words)
    if owner:
        found = found.filter(resource__owner__slug=owner)
    if environment:
        found = found.filter(cluster__environment__slug__startswith=environment)
    if cluster:
        found = found.filter(cluster__slug=cluster)
    if status:
        found = found.filter(resource__lifecycle=status)
    if drift:
        found = found.filter(Exists(drifts))
    return found.order_by(*ordering(sort))


def ordering(sort: str) -> list[str]:
    """Columns of a sort ("-partitions"); by name for one that is not known."""
    turned, name = sort.startswith("-"), sort.removeprefix("-")
    first, *rest = SORTS.get(name, SORTS["name"])
    return [f"-{first}" if turned and name in SORTS else first, *rest]


def unmanaged_topics(*, words: str = "", cluster: str = "") -> QuerySet[ObservedTopic]:
    """Topics that are on a cluster and nobody declared, Kafka's own left out."""
    ours = DeclaredTopic.objects.filter(cluster=OuterRef("cluster"), name=OuterRef("name"))
    found = ObservedTopic.objects.select_related("cluster__environment").filter(
        ~Exists(ours), internal=False
    )
    if words:
        found = found.filter(name__startswith=words)
    if cluster:
        found = found.filter(cluster__slug=cluster)
    return found.order_by("name", "cluster__slug")


def declared_topic(cluster: Cluster, name: str) -> DeclaredTopic | None:
    """What is declared under that name on a cluster."""
    found = DeclaredTopic.objects.select_related("resource__owner", "cluster__environment")
    return found.filter(cluster=cluster, name=name).first()


def observed_topic(cluster: Cluster, name: str) -> ObservedTopic | None:
    """What was last seen under that name on a cluster."""
    return ObservedTopic.objects.filter(cluster=cluster, name=name).first()


def drifts(
    *, state: str = DriftState.OPEN, words: str = "", team: str = "", cluster: str = ""
) -> QuerySet[Drift]:
    """Differences in one state (empty: in any), newest first, narrowed."""
    found = Drift.objects.select_related("cluster__environment", "decided_by", "request")
    if state:
        found = found.filter(state=state)
    if words:
        found = found.filter(name__istartswith=words)
    if team:
        found = found.filter(team=team)
    if cluster:
        found = found.filter(cluster__slug=cluster)
    return found.order_by("-since_before", "-pk")


def drift_of(cluster: Cluster, name: str) -> QuerySet[Drift]:
    """What of one topic is not as declared and not yet put right."""
    live = [DriftState.OPEN, DriftState.IGNORED, DriftState.REVERTING]
    return Drift.objects.filter(
        cluster=cluster, kind="topic", name=name, state__in=live
    ).select_related("cluster", "decided_by")


def open_drifts() -> int:
    """How many differences wait for a decision."""
    return Drift.objects.filter(state=DriftState.OPEN).count()


def clusters() -> QuerySet[Cluster]:
    """All clusters, in the order of their environments."""
    return Cluster.objects.select_related("environment").order_by("environment__position", "slug")


def declared_counts() -> Mapping[int, int]:
    """Topics declared on each cluster."""
    rows = DeclaredTopic.objects.values_list("cluster").annotate(n=Count("pk")).order_by()
    return dict(rows)


def observed_counts() -> Mapping[int, int]:
    """Topics seen on each cluster, internal ones left out."""
    seen = ObservedTopic.objects.filter(internal=False)
    return dict(seen.values_list("cluster").annotate(n=Count("pk")).order_by())


def drift_counts() -> Mapping[int, int]:
    """Open differences of each cluster."""
    rows = Drift.objects.filter(state=DriftState.OPEN).values_list("cluster")
    return dict(rows.annotate(n=Count("pk")).order_by())


def latest_runs(cluster: Cluster) -> QuerySet[Run]:
    """The last rounds of work that changed something or failed, and the newest of all."""
    return Run.objects.filter(Q(cluster=cluster)).order_by("-pk")[:MOST_RUNS]
