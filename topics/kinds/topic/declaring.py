"""Writing the declared rows of topics, and what is said of them, when a request is applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models.functions import Now

from governance import audit
from governance.actors import Actor
from governance.clock import database_now
from governance.kinds import ItemView
from governance.models import Lifecycle, Resource, Team
from topics.kinds.topic.about import NEW, SILENT
from topics.kinds.topic.known import about_of, spec_of
from topics.kinds.topic.model import DeclaredTopic
from topics.kinds.topic.reason import FIELD, KEY, as_utc
from topics.kinds.topic.spec import TopicSpec, from_json
from topics.models.cluster import Cluster

_COLUMNS = (
    "resource",
    "partitions",
    "replication_factor",
    "configs",
    "retention_reason",
    "retention_ends_at",
    "fall_back",
    "generation",
    "origins",
    "updated_at",
)


def write_declared(cluster: Cluster, items: Sequence[ItemView], *, by: Actor) -> None:
    """Writes the rows of one cluster, in a number of statements that does not grow with items."""
    names = [item.name for item in items]
    have = {
        row.name: row
        for row in DeclaredTopic.objects.select_for_update(of=("self",))
        .select_related("resource")
        .filter(cluster=cluster, name__in=names)
        .order_by("name")
    }
    # A name that a failed request left behind belongs to whoever asks for it next.
    free = {name for name, row in have.items() if row.last_applied is None}
    owned = have.keys() - free
    resources = _resources([item for item in items if item.name not in owned])
    now = database_now()
    new: list[DeclaredTopic] = []
    changed: list[DeclaredTopic] = []
    told: list[tuple[ItemView, Resource]] = []
    for item in items:
        spec = from_json(item.after)
        row = have.get(item.name)
        if row is None:
            told.append((item, resources[item.name]))
            new.append(_new_row(cluster, item, spec, resources[item.name], now))
            continue
        resource = resources[item.name] if item.name in free else row.resource
        told.append((item, resource))
        if row.resource_id != resource.pk or _differs(row, spec, item):
            changed.append(_changed_row(row, item, spec, resource, now))
    _say(cluster, told, by=by)
    DeclaredTopic.objects.bulk_create(new, batch_size=1_000)
    DeclaredTopic.objects.bulk_update(changed, _COLUMNS, batch_size=500)


def _differs(row: DeclaredTopic, asked: TopicSpec, item: ItemView) -> bool:
    """Whether the row is not what is asked. The same reason of the same request is the same, though
    its length of time has become an end."""
    have = spec_of(row)
    reason = have.reason if _is_again(row, asked, item) else asked.reason
    wanted = replace(asked, about=asked.about.over(have.about), reason=reason)
    return wanted.as_json() != have.as_json()


def _is_again(row: DeclaredTopic, asked: TopicSpec, item: ItemView) -> bool:
    """Whether this request declared its reason before. The time of a topic that did not come to be
    has not begun."""
    return (
        asked.reason is not None
        and row.last_applied is not None
        and row.retention_reason == asked.reason.as_json()
        and row.origins.get(FIELD) == _source(item)
    )


def _source(item: ItemView) -> str:
    return f"request:{item.request_id}"


def _new_row(
    cluster: Cluster, item: ItemView, spec: TopicSpec, resource: Resource, now: datetime
) -> DeclaredTopic:
    row = DeclaredTopic(
        cluster=cluster,
        environment=cluster.environment,
        resource=resource,
        name=item.name,
        partitions=spec.partitions,
        replication_factor=spec.replication_factor,
        configs=dict(spec.configs),
        generation=1,
        origins=_origins({}, None, spec, item),
    )
    _give_reason(row, spec, now)
    return row


def _changed_row(
    row: DeclaredTopic, item: ItemView, spec: TopicSpec, resource: Resource, now: datetime
) -> DeclaredTopic:
    again = _is_again(row, spec, item)
    if row.configs.get(KEY) != spec.configs.get(KEY):
        row.fall_back = None  # somebody asked for another time: that one is brought now
    row.origins = _origins(row.origins, spec_of(row), spec, item)
    row.resource = resource
    row.partitions = spec.partitions
    row.replication_factor = spec.replication_factor
    row.configs = dict(spec.configs)
    row.generation += 1
    row.updated_at = Now()  # the database's clock
    if not again:
        _give_reason(row, spec, now)
    return row


def _give_reason(row: DeclaredTopic, spec: TopicSpec, now: datetime) -> None:
    """The reason as it was approved; its time begins now."""
    reason = spec.reason
    row.retention_reason = None if reason is None else reason.as_json()
    ends_at = None if reason is None else reason.until(now)
    row.retention_ends_at = None if ends_at is None else as_utc(ends_at)


def _origins(
    old: Mapping[str, str], before: TopicSpec | None, after: TopicSpec, item: ItemView
) -> dict[str, str]:
    """Which request each value came from; a value that stays keeps its own."""
    values, had = _values(after), {} if before is None else _values(before)
    source = _source(item)
    return {
        path: old.get(path, source) if had.get(path) == value else source
        for path, value in values.items()
    }


def _values(spec: TopicSpec) -> dict[str, str]:
    found = {
        "partitions": str(spec.partitions),
        "replication_factor": str(spec.replication_factor),
        **{f"configs.{key}": value for key, value in spec.configs.items()},
    }
    if spec.reason is not None:
        found[FIELD] = str(spec.reason.as_json())
    return found


def _resources(items: Sequence[ItemView]) -> dict[str, Resource]:
    """The resource of each name for the team that asks, made where there is none."""
    if not items:
        return {}
    teams = {team.slug: team for team in Team.objects.filter(slug__in={i.team for i in items})}
    found: dict[str, Resource] = {}
    for slug, team in teams.items():
        names = [item.name for item in items if item.team == slug]
        have = {
            row.name: row
            for row in Resource.objects.filter(kind="topic", owner=team, name__in=names)
        }
        missing = [
            Resource(kind="topic", name=name, owner=team, lifecycle=Lifecycle.ACTIVE)
            for name in names
            if name not in have
        ]
        for row in Resource.objects.bulk_create(missing, batch_size=1_000):
            have[row.name] = row
        found.update(have)
    return found


def _say(cluster: Cluster, told: Sequence[tuple[ItemView, Resource]], *, by: Actor) -> None:
    """Writes what the items say of their topics, each with an event that tells what it was."""
    saying = {
        resource.pk: (item, resource)
        for item, resource in told
        if from_json(item.after).about != SILENT
    }
    locked = {
        row.pk: row
        for row in Resource.objects.select_for_update(of=("self",))
        .select_related("owner")
        .filter(pk__in=list(saying))
        .order_by("pk")
    }
    changed: list[Resource] = []
    happenings: list[audit.Happening] = []
    for pk, (item, resource) in saying.items():
        row = locked[pk]
        before = about_of(row)
        after = from_json(item.after).about.over(before)
        if after == before:
            continue
        row.data_class = after.data_class or NEW.data_class or ""
        row.description = after.description or ""
        row.labels = dict(after.labels or {})
        # The caller holds the same object of a row that is written after this.
        resource.data_class, resource.labels = row.data_class, row.labels
        resource.description = row.description
        changed.append(row)
        happenings.append(
            audit.Happening(
                "topic.described",
                audit.Subject("topic", f"{cluster.slug}/{item.name}", item.name),
                request_id=item.request_id or None,
                team=row.owner.slug,
                data={
                    "before": before.beside(after).as_json(),
                    "after": after.beside(before).as_json(),
                },
            )
        )
    Resource.objects.bulk_update(changed, ["data_class", "description", "labels"], batch_size=500)
    audit.record_many(happenings, by=by)
