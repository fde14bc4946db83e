"""How grants take part in requests: this registers the kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from urllib.parse import quote

from django.db.models.functions import Now

from governance import kinds
from governance.actors import Actor
from governance.clock import database_now
from governance.errors import NotFound, Problem
from governance.kinds import (
    ApplyRun,
    Current,
    DiffRow,
    ItemView,
    Json,
    Risk,
    Step,
    Undone,
)
from governance.models import Application, DataClass, Lifecycle, Resource
from governance.policy.facts import declare
from topics.errors import ClusterError, Fault
from topics.kinds import on_cluster
from topics.kinds.grant import diff, estate, rules
from topics.kinds.grant.bindings import Binding, derive
from topics.kinds.grant.facts import FACTS, facts
from topics.kinds.grant.known import look_up, reading
from topics.kinds.grant.model import DeclaredGrant, GrantState
from topics.kinds.grant.situation import Situation, class_reached
from topics.kinds.grant.spec import GrantName, GrantSpec, from_json, name_of, name_problem, parse
from topics.kinds.grant.undo import undo_change
from topics.kinds.on_cluster import cluster_at
from topics.models import Cluster
from topics.services import acls, clusters, grants

_NOBODY = Situation(application=None, topic_there=False)


class GrantKind:
    """Grants: an application's access to a topic, for a time."""

    name = "grant"
    title = "Access"
    operations = frozenset({"create", "alter", "revoke"})
    depends_on = frozenset({"topic"})

    def parse(
        self, operation: str, name: str, place: str, after: Json
    ) -> tuple[Json, list[Problem]]:
        """The spec in its normal form. A grant that is revoked keeps what it was."""
        wrong = name_problem(name)
        grant = name_of(name)
        if grant is None or wrong is not None:
            return {}, [wrong] if wrong else []
        found = look_up(place, name)
        known = found[1] if found else _NOBODY
        if operation == "revoke":
            return (known.declared or GrantSpec()).as_json(), []
        base = known.declared if operation == "alter" else None
        spec, problems = parse(after, grant, base=base, zone=known.zone)
        return spec.as_json(), problems

    def places(self) -> list[tuple[str, str, str]]:
        """All clusters."""
        return on_cluster.places()

    def current(self, place: str, name: str) -> Current | None:
        """What is granted now; `declared` is None for what came to an end."""
        found = look_up(place, name)
        if found is None:
            return None
        cluster, known = found
        spec = None if known.declared is None else known.declared.as_json()
        return Current(
            declared=spec,
            applied=spec,
            generation=known.generation,
            observed=None,
            owner=known.application.team if known.application else "",
            environment=cluster.environment.slug,
            seen_at=cluster.acls_seen_at.isoformat() if cluster.acls_seen_at else None,
        )

    def waits_for(self, item: ItemView) -> Sequence[str]:
        """The topic it is about, where the same request makes it."""
        grant = name_of(item.name)
        return [grant.topic.name] if grant and not grant.topic.prefixed else []

    def check(self, item: ItemView) -> list[Problem]:
        """Hard rules, from rows."""
        name, spec, known = self._situation(item)
        return rules.check(item.operation, name, spec, known, item.team)

    def facts(self, item: ItemView) -> Json:
        """Facts for policies."""
        name, spec, known = self._situation(item)
        return facts(item, name, spec, known)

    def rows(self, item: ItemView) -> list[DiffRow]:
        """The three-column difference."""
        name, spec, known = self._situation(item)
        return diff.rows(item.operation, name, spec, known, applied=item.applied)

    def steps(self, items: Sequence[ItemView]) -> list[Step]:
        """What the worker will do, from the lines that were last seen."""
        found: list[Step] = []
        now: dict[tuple[str, str], Lines] = {}
        for item in items:
            name, spec, known = self._situation(item)
            target = f"{item.name} on {item.place}"
            changes: list[tuple[str, Risk]] = []
            if known.application is not None:
                principal = known.application.principal
                key = (item.place, principal)
                if key not in now:
                    now[key] = _lines_now(*key)
                changes = _changes(item, name, spec, known, now[key], principal)
            found += [Step(text, target, risk, item.position) for text, risk in changes]
            if not changes:
                text = "Declare it; the cluster has it so already"
                found.append(Step(text, target, position=item.position))
        return found

    def observe(self, place: str, names: Sequence[str]) -> None:
        """*Worker*: nothing to do here; `apply` reads a principal's lines before it plans."""

    def rehearse(self, place: str, items: Sequence[ItemView]) -> list[Problem]:
        """*Worker*: whether the cluster has ACLs at all and lets Weir see them."""
        cluster = cluster_at(place)
        try:
            clusters.connect(cluster).acls("User:weir-probe")
        except ClusterError as error:
            if error.fault not in (Fault.DENIED, Fault.USER):
                raise
            return [
                Problem(
                    "",
                    error.message,
                    "The platform team can put that right on the cluster.",
                    item.position,
                    "acls",
                )
                for item in items
            ]
        return []

    def declare(self, items: Sequence[ItemView], *, by: Actor) -> None:
        """*Worker*: writes the declared rows of approved items."""
        for place, group in on_cluster.by_place(items).items():
            _declare(cluster_at(place), group)

    def apply(self, run: ApplyRun) -> None:
        """*Worker*: brings the items' ACL lines to their clusters."""
        on_cluster.apply(run, grants.bring)

    def url(self, place: str, name: str) -> str:
        """The grant's page."""
        return f"/grants/{quote(place, safe='')}/{quote(name)}/"

    def estate_facts(self, wanted: frozenset[str]) -> Iterator[tuple[ItemView, Json]]:
        """Every grant in force with its facts."""
        return estate.estate_facts()

    def undo(self, item: ItemView, before: Json | None) -> Undone | Problem:
        """Ends what was given, gives again what was ended, changes back what was changed."""
        name, _, known = self._situation(item)
        return undo_change(
            item.operation,
            name,
            before=None if before is None else from_json(before),
            declared=known.declared,
            now=known.now or database_now(),
        )

    def reading(self, targets: Iterable[tuple[str, str]]) -> AbstractContextManager[None]:
        """Reads rows once for all that is asked of these grants in the block."""
        return reading(targets)

    def _situation(self, item: ItemView) -> tuple[GrantName, GrantSpec, Situation]:
        name = name_of(item.name)
        if name is None:
            raise NotFound(f"{item.name!r} names no grant.", name=item.name)
        found = look_up(item.place, item.name)
        known = found[1] if found is not None else _NOBODY
        if not known.topic_there and ("topic", item.place, name.topic.name) in item.beside:
            # The topic comes with the same request, so it will be the asking team's.
            known = replace(
                known,
                topic_there=True,
                owners=(item.team,),
                unowned=False,
                data_class=known.data_class or DataClass.INTERNAL.value,
            )
        reached = class_reached(name.topic, known.data_class, item.classes_beside)
        known = replace(known, data_class=reached)
        return name, from_json(item.after), known


Lines = tuple[frozenset[Binding], Mapping[str, frozenset[Binding]]]


def _lines_now(place: str, principal: str) -> Lines:
    """A principal's lines as they were last seen, and those that each of its grants needs."""
    cluster = cluster_at(place)
    there = frozenset(acls.lines_of(cluster.pk, principals=[principal]))
    return there, grants.needs(cluster, principal)


def _changes(
    item: ItemView, name: GrantName, spec: GrantSpec, known: Situation, lines: Lines, principal: str
) -> list[tuple[str, Risk]]:
    """Lines that will come and go, in words."""
    there, needs = lines
    before = set() if known.declared is None else derive(name, known.declared, principal)
    after: frozenset[Binding] = (
        frozenset() if item.operation == "revoke" else derive(name, spec, principal)
    )
    kept = frozenset().union(*(mine for other, mine in needs.items() if other != item.name))
    come = [(f"Let it: {line.words()}", Risk.SAFE) for line in sorted(after - there)]
    go = [
        (f"Take away: {line.words()}", Risk.DISRUPTIVE)
        for line in sorted((before - after - kept) & there)
    ]
    return come + go


def _declare(cluster: Cluster, items: Sequence[ItemView]) -> None:
    """Writes the rows of one cluster. An item whose spec it declared already changes nothing: its
    end counts from the first time."""
    names = [item.name for item in items]
    have = {
        row.name: row
        for row in DeclaredGrant.objects.select_for_update(of=("self",))
        .filter(cluster=cluster, name__in=names)
        .order_by("name")
    }
    applications = {
        row.name: row
        for row in Application.objects.select_related("team").filter(
            name__in={n.application for n in map(name_of, names) if n is not None}
        )
    }
    now = database_now()
    for item in items:
        name = name_of(item.name)
        application = applications.get(name.application) if name else None
        if name is None or application is None:
            raise NotFound(f"There is no application for {item.name} any more.", name=item.name)
        source = f"request:{item.request_id}"
        row = have.get(item.name)
        if row is not None and row.origins.get("spec") == source and row.spec == item.after:
            continue
        spec = from_json(item.after)
        values: dict[str, object] = {
            "application": application,
            "role": name.role.value,
            "topic": name.topic.name,
            "prefixed": name.topic.prefixed,
            "spec": item.after,
            "origins": {"spec": source},
            "environment": cluster.environment,
            "resource": _resource(item.name, application),
        }
        if item.operation == "revoke":
            values |= {"state": GrantState.REVOKED, "ended_at": now}
        else:
            values |= {"state": GrantState.ACTIVE, "ended_at": None, "ends_at": spec.until(now)}
        if row is None:
            DeclaredGrant.objects.create(cluster=cluster, name=item.name, **values)
        else:
            DeclaredGrant.objects.filter(pk=row.pk).update(
                generation=row.generation + 1, updated_at=Now(), **values
            )


def _resource(name: str, application: Application) -> Resource:
    """The grant as the thing people talk about; it belongs to the application's team."""
    resource, _ = Resource.objects.get_or_create(
        kind="grant",
        name=name,
        owner=application.team,
        defaults={"lifecycle": Lifecycle.ACTIVE},
    )
    return resource


declare("grant", FACTS)
kinds.register(GrantKind())
