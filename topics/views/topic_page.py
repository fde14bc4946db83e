"""The page of one topic: what is declared, what the cluster has, where each value comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from governance import lookups as governance_lookups
from governance import queries
from governance.actors import Actor
from governance.errors import NotFound
from governance.models import Event, Request
from governance.permissions import Action, allowed
from governance.views.searches import Related, related
from governance.workflow import OPEN
from topics import lookups
from topics.kinds.topic import configs
from topics.models import Cluster, DeclaredTopic, Drift, ObservedTopic
from topics.views.drift import DriftRow, drift_row
from topics.views.words import NOTHING, Shown, config

MOST_REQUESTS = 50


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One key of a topic. `origin` is where the declared value comes from, in words."""

    key: str
    label: str
    declared: Shown
    observed: Shown
    origin: str
    origin_url: str
    drifted: bool


@dataclass(frozen=True, slots=True)
class TopicPage:
    """Everything that the templates of one topic print."""

    name: str
    cluster: Cluster
    declared: DeclaredTopic | None
    observed: ObservedTopic | None
    seen_at: datetime | None
    drifts: Sequence[DriftRow]
    settings: Sequence[SettingRow]
    defaults: Sequence[SettingRow]
    related: Sequence[tuple[str, Sequence[Related]]]
    requests: Sequence[Request]
    open_requests: Sequence[Request]
    history: Sequence[Event]
    retention: Shown
    can_change: bool
    why_not: str


def topic_page(cluster: Cluster, name: str, actor: Actor) -> TopicPage:
    """The page, for a topic that is declared or was seen. Raises NotFound for any other."""
    declared = lookups.declared_topic(cluster, name)
    observed = lookups.observed_topic(cluster, name)
    if declared is None and observed is None:
        raise NotFound(f"There is no topic {name} on {cluster.slug}, declared or seen.")
    drifts = list(lookups.drift_of(cluster, name))
    team = declared.resource.owner.slug if declared else None
    change = allowed(actor, Action.REQUEST, "topic", team)
    requests = list(queries.of_target(actor, "topic", cluster.slug, name)[:MOST_REQUESTS])
    environment = cluster.environment.slug
    return TopicPage(
        name=name,
        cluster=cluster,
        declared=declared,
        observed=observed,
        seen_at=_seen_at(cluster, observed),
        drifts=[drift_row(row, actor) for row in drifts],
        settings=_settings(declared, observed, drifts),
        defaults=_defaults(cluster, declared, observed),
        related=related("topic", environment, name),
        requests=requests,
        open_requests=[r for r in requests if r.state in OPEN],
        history=governance_lookups.history("topic", f"{cluster.slug}/{name}"),
        retention=_retention(cluster, declared, observed),
        can_change=declared is not None and change.ok,
        why_not=change.why if declared else "",
    )


def _seen_at(cluster: Cluster, observed: ObservedTopic | None) -> datetime | None:
    times = [cluster.observed_at, observed.seen_at if observed else None]
    return max((at for at in times if at), default=None)


def _settings(
    declared: DeclaredTopic | None, observed: ObservedTopic | None, drifts: Sequence[Drift]
) -> list[SettingRow]:
    """Partitions, replication, and every key that somebody set."""
    drifted = {row.key for row in drifts}
    origins = declared.origins if declared else {}
    rows = [
        _plain("partitions", "Partitions", declared, observed, origins, drifted),
        _plain("replication_factor", "Replication", declared, observed, origins, drifted),
    ]
    ours: Mapping[str, str] = declared.configs if declared else {}
    there = _overrides(observed)
    for key in sorted({*ours, *there}):
        path = f"configs.{key}"
        origin, url = _origin(origins.get(path), declared=key in ours)
        rows.append(
            SettingRow(
                key=key,
                label=_label(key),
                declared=config(key, ours.get(key)),
                observed=config(key, there.get(key)) if observed else Shown("not seen"),
                origin=origin,
                origin_url=url,
                drifted=path in drifted,
            )
        )
    return rows


def _plain(
    path: str,
    label: str,
    declared: DeclaredTopic | None,
    observed: ObservedTopic | None,
    origins: Mapping[str, str],
    drifted: set[str],
) -> SettingRow:
    origin, url = _origin(origins.get(path), declared=declared is not None)
    return SettingRow(
        key=path.replace("_factor", ""),
        label=label,
        declared=Shown(str(getattr(declared, path)) if declared else NOTHING),
        observed=Shown(str(getattr(observed, path)) if observed else "not seen"),
        origin=origin,
        origin_url=url,
        drifted=path in drifted,
    )


def _origin(source: str | None, *, declared: bool) -> tuple[str, str]:
    """Where a value comes from, and the address of that: ``request:142`` is ``#142``."""
    if not declared:
        return "set outside Weir", ""
    kind, _, number = (source or "").partition(":")
    if kind == "request" and number.isdigit():
        return f"#{number}", reverse("request", args=[int(number)])
    return source or "declared", ""


def _overrides(observed: ObservedTopic | None) -> dict[str, str]:
    stored = observed.configs if observed else {}
    return {key: found["value"] for key, found in stored.items() if found["source"] == "topic"}


def _defaults(
    cluster: Cluster, declared: DeclaredTopic | None, observed: ObservedTopic | None
) -> list[SettingRow]:
    """Keys that nobody set on the topic: the cluster's defaults hold."""
    set_somewhere = {*(declared.configs if declared else {}), *_overrides(observed)}
    return [
        SettingRow(
            key=key,
            label=_label(key),
            declared=Shown(NOTHING),
            observed=config(key, str(found["value"])),
            origin=f"{found.get('source') or 'broker'} default",
            origin_url="",
            drifted=False,
        )
        for key, found in sorted(cluster.default_configs.items())
        if key not in set_somewhere
    ]


def _label(key: str) -> str:
    known = configs.known(key)
    return known.label if known else ""


def _retention(
    cluster: Cluster, declared: DeclaredTopic | None, observed: ObservedTopic | None
) -> Shown:
    key = "retention.ms"
    set_here = (declared.configs if declared else _overrides(observed)).get(key)
    default = cluster.default_configs.get(key, {}).get("value")
    return config(key, set_here or default)
