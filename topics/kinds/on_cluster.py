"""What kinds that live on a cluster share: where they can be, and applying place by place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from governance.errors import NotFound
from governance.kinds import ApplyRun, ItemView, Outcome, OutcomeState
from topics.kinds.topic.known import find_cluster
from topics.models.cluster import Cluster
from topics.services.settling import Settle


def places() -> list[tuple[str, str, str]]:
    """All clusters: (short name, title, environment), in the order of their environments."""
    return list(
        Cluster.objects.order_by("environment__position", "slug").values_list(
            "slug", "name", "environment__slug"
        )
    )


def cluster_at(place: str) -> Cluster:
    """The cluster of that place. Raises NotFound for one that is gone."""
    cluster = find_cluster(place)
    if cluster is None:
        raise NotFound(f"There is no cluster {place}. It may have been removed.", place=place)
    return cluster


def by_place(items: Sequence[ItemView]) -> dict[str, list[ItemView]]:
    """Items by the cluster they are about."""
    found: dict[str, list[ItemView]] = {}
    for item in items:
        found.setdefault(item.place, []).append(item)
    return found


def apply(run: ApplyRun, bring: Callable[[Cluster, Sequence[str], Settle], None]) -> None:
    """Brings the items of a run cluster by cluster; `bring` settles outcomes by name, which become
    outcomes by item."""
    for place, items in by_place(run.items).items():
        ids = {item.name: item.id for item in items}
        cluster = find_cluster(place)
        if cluster is None:
            gone = Outcome(OutcomeState.FAILED, f"There is no cluster {place} any more.")
            run.record(dict.fromkeys(ids.values(), gone))
            continue
        bring(cluster, list(ids), _recorder(run, ids))


def _recorder(run: ApplyRun, ids: Mapping[str, int]) -> Settle:
    def record(outcomes: Mapping[str, Outcome]) -> None:
        run.record({ids[name]: outcome for name, outcome in outcomes.items()})

    return record
