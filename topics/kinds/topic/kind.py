"""How topics take part in requests: this registers the kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import quote

from django.db.models.functions import Now

from governance import kinds
from governance.actors import Actor
from governance.errors import Problem
from governance.kinds import (
    ApplyRun,
    Current,
    DiffRow,
    Effect,
    ItemView,
    Json,
    Step,
    Undone,
)
from governance.models import Lifecycle, Resource, Team
from governance.policy.facts import Fact, FactType, declare
from topics.kinds import on_cluster
from topics.kinds.on_cluster import cluster_at
from topics.kinds.topic import diff, effect, estate, rules
from topics.kinds.topic.known import look_up, place_of, reading, spec_of
from topics.kinds.topic.model import DeclaredTopic
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.plan import plan_topic
from topics.kinds.topic.refusal import problem_of
from topics.kinds.topic.spec import TopicSpec, from_json, name_problem, parse
from topics.kinds.topic.undo import undo_change
from topics.measures import known as measures
from topics.models import Cluster
from topics.profiles import table as profiles
from topics.services import apply, measure, observe, rehearse

FACTS = (
    Fact("topic.name", FactType.TEXT, "name of the topic"),
    Fact("topic.cluster", FactType.TEXT, "cluster it lives on"),
    Fact("topic.profile", FactType.TEXT, "platform of the cluster"),
    Fact("topic.brokers", FactType.COUNT, "brokers of the cluster"),
    Fact("topic.exists", FactType.FLAG, "whether the cluster has it already"),
    Fact("topic.partitions", FactType.COUNT, "partitions asked for"),
    Fact("topic.partitions_before", FactType.COUNT, "partitions declared until now"),
    Fact("topic.replication_factor", FactType.COUNT, "replicas of each partition"),
    Fact("topic.retention_ms", FactType.DURATION_MS, "how long records are kept; -1: for ever"),
    Fact("topic.retention_bytes", FactType.SIZE_BYTES, "size kept a partition; -1: all"),
    Fact("topic.max_message_bytes", FactType.SIZE_BYTES, "largest batch of records"),
    Fact("topic.min_insync_replicas", FactType.COUNT, "replicas that must have a write"),
    Fact("topic.cleanup_policy", FactType.TEXT, "what happens to old data: delete, compact"),
    Fact("topic.compacted", FactType.FLAG, "whether only the last value of a key is kept"),
    Fact("topic.configs", FactType.MAP, "overrides asked for, by key"),
    *effect.FACTS,
)


class TopicKind:
    """Topics: created and changed, and never deleted here."""

    name = "topic"
    title = "Topic"
    operations = frozenset({"create", "alter"})
    depends_on: frozenset[str] = frozenset()

    def parse(
        self, operation: str, name: str, place: str, after: Json
    ) -> tuple[Json, list[Problem]]:
        """The spec in its normal form: what is left out comes from what is declared, or for a new
        topic from the cluster's defaults."""
        found = look_up(place, name)
        where = place_of(found[0]) if found is not None else None
        base = where.default_spec() if where is not None else TopicSpec(1, 1)
        if found is not None and operation == "alter":
            base = found[1].declared or base
        extra = where.profile.extra if where is not None else None
        spec, problems = parse(after, base=base, extra=extra)
        if operation == "create" and (wrong := name_problem(name)) is not None:
            problems = [wrong, *problems]
        return spec.as_json(), problems

    def places(self) -> list[tuple[str, str, str]]:
        """All clusters."""
        return on_cluster.places()

    def current(self, place: str, name: str) -> Current | None:
        """What is declared and was last observed; `declared` is None for what never came to be."""
        found = look_up(place, name)
        if found is None:
            return None
        cluster, known = found
        return Current(
            declared=known.declared.as_json() if known.declared else None,
            applied=known.applied.as_json() if known.applied else None,
            generation=known.generation,
            observed=known.observed.as_json() if known.observed else None,
            owner=known.owner,
            environment=cluster.environment.slug,
            seen_at=known.seen_at.isoformat() if known.seen_at else None,
        )

    def check(self, item: ItemView) -> list[Problem]:
        """Hard rules, from rows."""
        place, known = self._situation(item)
        check = rules.check_create if item.operation == "create" else rules.check_alter
        return check(item.name, from_json(item.after), place, known)

    def facts(self, item: ItemView) -> Json:
        """Facts for policies."""
        place, known = self._situation(item)
        there = known.declared is not None
        own = diff.facts(item.name, from_json(item.after), place, known)
        return {**own, **effect.facts(self._change(item), there=there)}

    def rows(self, item: ItemView) -> list[DiffRow]:
        """The three-column difference."""
        place, known = self._situation(item)
        return diff.rows(from_json(item.after), place, known)

    def effects(self, item: ItemView) -> list[Effect]:
        """What changing it does to what it holds, to cost and to readers."""
        return effect.lines(self._change(item))

    def steps(self, items: Sequence[ItemView]) -> list[Step]:
        """What the worker will do, from the last observation."""
        found: list[Step] = []
        for item in items:
            place, known = self._situation(item)
            plan = plan_topic(
                item.name,
                from_json(item.after),
                known.declared,
                known.observed,
                place.profile,
                paused=known.paused,
            )
            target = f"{item.name} on {item.place}"
            found += [
                Step(action.words(), target, action.risk, item.position) for action in plan.actions
            ]
            if not plan.actions:
                found.append(
                    Step(
                        "Declare it; the cluster has it so already", target, position=item.position
                    )
                )
        return found

    def observe(self, place: str, names: Sequence[str]) -> None:
        """*Worker*: reads the named topics afresh, and how far groups have read them."""
        cluster = cluster_at(place)
        observe.observe_topics(cluster, names)
        measure.measure_topics(cluster, names)

    def rehearse(self, place: str, items: Sequence[ItemView]) -> list[Problem]:
        """*Worker*: what the cluster says when it is asked to validate only."""
        wanted = {item.name: from_json(item.after) for item in items}
        refused = rehearse.refusals(cluster_at(place), wanted)
        return [
            problem_of(refused[item.name], wanted[item.name].configs, position=item.position)
            for item in items
            if item.name in refused
        ]

    def declare(self, items: Sequence[ItemView], *, by: Actor) -> None:
        """*Worker*: writes the declared rows of approved items."""
        for place, group in on_cluster.by_place(items).items():
            _declare(cluster_at(place), group)

    def apply(self, run: ApplyRun) -> None:
        """*Worker*: brings the items' topics to their clusters."""
        on_cluster.apply(run, apply.bring)

    def url(self, place: str, name: str) -> str:
        """The topic's page."""
        return f"/topics/{quote(place, safe='')}/{quote(name, safe='')}/"

    def undo(self, item: ItemView, before: Json | None) -> Undone | Problem:
        """What takes the change back; a topic that was created stays."""
        _, known = self._situation(item)
        return undo_change(
            item.name,
            before=from_json(before) if before is not None else None,
            after=from_json(item.after),
            now=known.declared,
        )

    @contextmanager
    def reading(self, targets: Iterable[tuple[str, str]]) -> Iterator[None]:
        """Reads rows once for all that is asked of these topics in the block."""
        wanted = list(targets)
        with reading(wanted), measures.reading(wanted):
            yield

    def estate_facts(self, wanted: frozenset[str]) -> Iterator[tuple[ItemView, Json]]:
        """Every declared topic with its facts."""
        return estate.estate_facts(wanted)

    def _change(self, item: ItemView) -> effect.Change | None:
        place, known = self._situation(item)
        if known.declared is None:
            return None  # nothing of a new topic is measured, so that nothing is read for it
        spec = from_json(item.after)
        return effect.change(spec, place, known, measures.look_up(item.place, item.name))

    def _situation(self, item: ItemView) -> tuple[Place, Known]:
        found = look_up(item.place, item.name)
        if found is None:
            return Place(item.place, profiles.get("")), Known()
        return place_of(found[0]), found[1]


def _declare(cluster: Cluster, items: Sequence[ItemView]) -> None:
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
    resources = _resources(cluster, [item for item in items if item.name not in owned])
    new: list[DeclaredTopic] = []
    changed: list[DeclaredTopic] = []
    for item in items:
        spec = from_json(item.after)
        row = have.get(item.name)
        if row is None:
            new.append(_new_row(cluster, item, spec, resources[item.name]))
            continue
        resource = resources[item.name] if item.name in free else row.resource
        if row.resource_id != resource.pk or spec_of(row).as_json() != spec.as_json():
            changed.append(_changed_row(row, item, spec, resource))
    DeclaredTopic.objects.bulk_create(new, batch_size=1_000)
    DeclaredTopic.objects.bulk_update(
        changed,
        [
            "resource",
            "partitions",
            "replication_factor",
            "configs",
            "generation",
            "origins",
            "updated_at",
        ],
        batch_size=500,
    )


def _new_row(
    cluster: Cluster, item: ItemView, spec: TopicSpec, resource: Resource
) -> DeclaredTopic:
    return DeclaredTopic(
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


def _changed_row(
    row: DeclaredTopic, item: ItemView, spec: TopicSpec, resource: Resource
) -> DeclaredTopic:
    row.resource = resource
    row.origins = _origins(row.origins, spec_of(row), spec, item)
    row.partitions = spec.partitions
    row.replication_factor = spec.replication_factor
    row.configs = dict(spec.configs)
    row.generation += 1
    row.updated_at = Now()  # the database's clock
    return row


def _origins(
    old: Mapping[str, str], before: TopicSpec | None, after: TopicSpec, item: ItemView
) -> dict[str, str]:
    """Which request each value came from; a value that stays keeps its own."""
    source = f"request:{item.request_id}"
    values = {
        "partitions": str(after.partitions),
        "replication_factor": str(after.replication_factor),
        **{f"configs.{key}": value for key, value in after.configs.items()},
    }
    had = {}
    if before is not None:
        had = {
            "partitions": str(before.partitions),
            "replication_factor": str(before.replication_factor),
            **{f"configs.{key}": value for key, value in before.configs.items()},
        }
    return {
        path: old.get(path, source) if had.get(path) == value else source
        for path, value in values.items()
    }


def _resources(cluster: Cluster, items: Sequence[ItemView]) -> dict[str, Resource]:
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


declare("topic", FACTS)
kinds.register(TopicKind())
