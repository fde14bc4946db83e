"""How topics take part in requests: this registers the kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

from governance import declared, kinds
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
from governance.policy.facts import Fact, FactType, declare
from topics.kinds import on_cluster
from topics.kinds.on_cluster import cluster_at
from topics.kinds.topic import (
    adopt,
    diff,
    effect,
    estate,
    kept_facts,
    kept_rows,
    rules,
    volume,
)
from topics.kinds.topic.about import SILENT
from topics.kinds.topic.declaring import write_declared
from topics.kinds.topic.kept_facts import FACTS as KEPT_FACTS
from topics.kinds.topic.known import look_up, place_of, reading
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.plan import plan_topic
from topics.kinds.topic.reason import KEY
from topics.kinds.topic.refusal import problem_of
from topics.kinds.topic.spec import TopicSpec, from_json, name_problem, parse
from topics.kinds.topic.undo import undo_change
from topics.measures import known as measures
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
        if where is None:
            spec, problems = parse(after, base=base)
        else:
            spec, problems = parse(
                after,
                base=base,
                extra=where.profile.extra,
                zone=where.zone,
                limits=where.limits,
                default=where.default_of(KEY),
                is_new=base.about is SILENT,
            )
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
            applied=_as_applied(known),
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
        spec, before = from_json(item.after), known.said_before(item.team)
        return {
            **diff.facts(item.name, spec, place, known),
            **diff.change_facts(spec, place, known),
            **kept_facts.facts(spec, place, before, known.now, known.declared),
            **effect.facts(self._change(item), endless=volume.endless(spec, place)),
        }

    def rows(self, item: ItemView) -> list[DiffRow]:
        """The three-column difference."""
        place, known = self._situation(item)
        spec, before = from_json(item.after), known.said_before(item.team)
        return [
            *diff.rows(spec, place, known),
            *kept_rows.rows(spec, place, known, before, applied=item.applied),
        ]

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
            write_declared(cluster_at(place), group, by=by)

    def apply(self, run: ApplyRun) -> None:
        """*Worker*: brings the items' topics to their clusters."""
        on_cluster.apply(run, apply.bring)

    def production_of(self, resources: Collection[int]) -> str:
        """Where one of them is declared in production."""
        return declared.production_of(resources)

    def unclaimed(self, place: str, name: str) -> Problem | None:
        """Whether the cluster has such a topic, which is not its own."""
        return adopt.unclaimed(place, name)

    def claim(self, place: str, name: str, team: str, *, request_id: int) -> None:
        """*Worker*: declares the topic as the cluster has it, for the team."""
        adopt.adopt(place, name, team, request_id=request_id)

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
            time=known.now,
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


def _as_applied(known: Known) -> Json | None:
    """What was applied last, with what is declared beside it that no cluster knows: the reason
    stays with its value."""
    if known.applied is None or known.declared is None:
        return None
    kept = known.applied.configs.get(KEY) == known.declared.configs.get(KEY)
    return replace(
        known.applied,
        about=known.declared.about,
        reason=known.declared.reason if kept else None,
    ).as_json()


declare("topic", (*FACTS, *KEPT_FACTS))
kinds.register(TopicKind())
