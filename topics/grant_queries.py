"""Reads about access for pages and the API: grants, who uses a topic, why somebody may or may not.

All of it is answered from rows: the lines as they were last seen, and the grants behind them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from governance import facts
from governance.models import Application
from topics.kinds.grant.bindings import Binding, Operation, Resource
from topics.kinds.grant.explain import EVERYBODY, Answer, may, who_may
from topics.kinds.grant.model import DeclaredGrant, GrantState
from topics.kinds.grant.pattern import Pattern
from topics.models import Cluster
from topics.services import acls, grants

ENDS_SOON = timedelta(days=14)
MOST_PRINCIPALS = 500  # shown of one topic
MOST_LINES = 2_000  # shown of one principal
STATES = ("active", "pending", "soon", "ended")


def listed(
    *, words: str = "", team: str = "", cluster: str = "", state: str = "", topic: str = ""
) -> QuerySet[DeclaredGrant]:
    """Grants by name. `state` is one of STATES; `team` uses it or owns nothing of it: the team of
    the application; `words` are looked for in the whole name."""
    rows = DeclaredGrant.objects.select_related(
        "cluster__environment", "application__team", "resource__owner"
    )
    for word in words.split():
        rows = rows.filter(name__icontains=word)
    if team:
        rows = rows.filter(application__team__slug=team)
    if cluster:
        rows = rows.filter(cluster__slug=cluster)
    if topic:
        rows = rows.filter(topic=topic)
    match state:
        case "active":
            rows = rows.filter(state=GrantState.ACTIVE, last_applied__isnull=False)
        case "pending":
            rows = rows.filter(state=GrantState.ACTIVE, last_applied__isnull=True)
        case "soon":
            rows = rows.filter(state=GrantState.ACTIVE, ends_at__lte=Now() + ENDS_SOON)
        case "ended":
            rows = rows.exclude(state=GrantState.ACTIVE)
    return rows.order_by("name", "cluster_id")


def grant(cluster: str, name: str) -> DeclaredGrant | None:
    """One grant, whatever became of it."""
    return listed().filter(cluster__slug=cluster, name=name).first()


@dataclass(frozen=True, slots=True)
class Line:
    """One ACL line a grant takes: whether it was seen, and which other grants need it."""

    binding: Binding
    seen: bool
    shared_with: Sequence[str]


def lines_of(row: DeclaredGrant) -> list[Line]:
    """The lines of a grant in force, each with how it stands on the cluster."""
    if row.state != GrantState.ACTIVE:
        return []
    principal = row.application.principal
    seen = set(acls.lines_of(row.cluster_id, principals=[principal]))
    others = _grants_of(row.cluster_id, [principal])
    return [
        Line(
            binding,
            binding in seen,
            [g.name for g in others if g.pk != row.pk and binding in grants.needed(g, ())],
        )
        for binding in sorted(grants.bindings_of(row, row.spec))
    ]


# --- Who may, and why -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """A principal of a cluster, and the application that acts as it, where Weir knows one."""

    principal: str
    application: str = ""
    team: str = ""

    @property
    def everybody(self) -> bool:
        """Whether it stands for all principals."""
        return self.principal == EVERYBODY


@dataclass(frozen=True, slots=True)
class Through:
    """A line that lets somebody, and the grants that it comes from; none: it was made outside."""

    binding: Binding
    grants: Sequence[DeclaredGrant]


@dataclass(frozen=True, slots=True)
class Use:
    """What one principal may do with a topic, and through what."""

    who: Known
    reads: Answer
    writes: Answer
    through: Sequence[Through]

    @property
    def denied_by(self) -> Sequence[Binding]:
        """The lines that deny it something, whatever others allow."""
        return sorted({*self.reads.denied_by, *self.writes.denied_by})


def uses(cluster: Cluster, topic: str) -> list[Use]:
    """Every principal that may read or write a topic, or is expressly denied; capped."""
    lines = _covering(cluster, Resource.TOPIC, topic)
    readers = who_may(Operation.READ, Resource.TOPIC, topic, lines)
    writers = who_may(Operation.WRITE, Resource.TOPIC, topic, lines)
    names = sorted(readers.keys() | writers.keys())[:MOST_PRINCIPALS]
    known = _known(names)
    held = _grants_of(cluster.pk, names)
    nothing = Answer(allowed=False)
    return [
        Use(
            known[name],
            reads := readers.get(name, nothing),
            writes := writers.get(name, nothing),
            [Through(b, _from(b, held)) for b in sorted({*reads.through, *writes.through})],
        )
        for name in names
    ]


@dataclass(frozen=True, slots=True)
class Right:
    """What a principal may do with what a line covers."""

    resource: Resource
    pattern: Pattern
    operations: Sequence[str]
    allow: bool
    through: Sequence[Through]


def rights(cluster: Cluster, principal: str) -> list[Right]:
    """All that a principal may do, by what it is about; what holds for everybody included."""
    lines = acls.lines_of(cluster.pk, principals=[principal, EVERYBODY], most=MOST_LINES)
    held = _grants_of(cluster.pk, [principal])
    grouped: dict[tuple[Resource, Pattern, bool], list[Binding]] = {}
    for line in sorted(lines):
        grouped.setdefault((line.resource, line.pattern, line.allow), []).append(line)
    return [
        Right(
            resource,
            pattern,
            [line.operation.words for line in mine],
            allow,
            [Through(line, _from(line, held)) for line in mine],
        )
        for (resource, pattern, allow), mine in grouped.items()
    ]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a client needs for what it wants, and whether it has it."""

    words: str
    answer: Answer
    through: Sequence[Through]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether somebody may read, and write, a topic: step by step. `asks` is what is missing for
    each, as the role of a grant."""

    who: Known
    reads: Sequence[Step]
    writes: Sequence[Step]

    @property
    def may_read(self) -> bool:
        """Whether every step of reading is allowed."""
        return all(step.answer.allowed for step in self.reads)

    @property
    def may_write(self) -> bool:
        """Whether every step of writing is allowed."""
        return all(step.answer.allowed for step in self.writes)


def explain(cluster: Cluster, principal: str, topic: str, group: str = "") -> Explanation:
    """Why a principal may or may not use a topic; reading takes a group too, where one is said."""
    held = _grants_of(cluster.pk, [principal])

    def step(operation: Operation, resource: Resource, name: str) -> Step:
        lines = _covering(cluster, resource, name, principals=[principal, EVERYBODY])
        answer = may(principal, operation, resource, name, lines)
        return Step(
            f"{operation.words} {resource.words} {name}",
            answer,
            [Through(line, _from(line, held)) for line in answer.through],
        )

    reads = [step(Operation.READ, Resource.TOPIC, topic)]
    if group:
        reads.append(step(Operation.READ, Resource.GROUP, group))
    writes = [step(Operation.WRITE, Resource.TOPIC, topic)]
    return Explanation(_known([principal])[principal], reads, writes)


def principal_of(text: str) -> str:
    """What somebody wrote as a principal: "User:x" as it is, an application's name as what it acts
    as, and any other word as a user."""
    text = text.strip()
    if not text or ":" in text:
        return text
    found = Application.objects.filter(name=text).values_list("principal", flat=True).first()
    return found or f"User:{text}"


def readers(environment: str, topic: str) -> list[str] | None:
    """Teams whose applications are granted to read that topic on a cluster of the environment; None
    where it has none, so that nobody can say."""
    clusters = list(Cluster.objects.filter(environment__slug=environment).values_list("pk"))
    if not clusters:
        return None
    rows = (
        DeclaredGrant.objects.filter(_in_force, environment__slug=environment)
        .filter(topic__in=acls.beginnings(topic))
        .select_related("application__team")
    )
    found: set[str] = set()
    for row in rows.iterator(chunk_size=1_000):
        for line in grants.bindings_of(row, row.spec):
            read = line.resource is Resource.TOPIC and line.operation is Operation.READ
            if read and line.pattern.covers(topic):
                found.add(row.application.team.slug)
    return sorted(found)


def used_by(
    environments: Collection[str], teams: Collection[str], names: Collection[str] = ()
) -> facts.Uses:
    """Whether applications of these teams are granted to read or write a topic on a cluster of one
    of the environments, by the topic's name; of `names` alone, where there are any."""
    rows = (
        DeclaredGrant.objects.filter(_in_force, environment__slug__in=list(environments))
        .filter(application__team__slug__in=list(teams))
        .select_related("application")
    )
    if names:
        covering = {beginning for name in names for beginning in acls.beginnings(name)}
        rows = rows.filter(topic__in=covering)
    patterns = {
        line.pattern
        for row in rows.iterator(chunk_size=1_000)
        for line in grants.bindings_of(row, row.spec)
        if line.resource is Resource.TOPIC and line.operation in (Operation.READ, Operation.WRITE)
    }
    return lambda topic: any(pattern.covers(topic) for pattern in patterns)


_in_force = Q(state=GrantState.ACTIVE, last_applied__isnull=False)


def _covering(
    cluster: Cluster, resource: Resource, name: str, *, principals: Sequence[str] = ()
) -> list[Binding]:
    found = acls.lines_of(
        cluster.pk, principals=principals, resource=resource, names=acls.beginnings(name)
    )
    return [line for line in found if line.pattern.covers(name)]


def _grants_of(cluster_id: int, principals: Sequence[str]) -> list[DeclaredGrant]:
    return list(
        DeclaredGrant.objects.filter(
            _in_force, cluster_id=cluster_id, application__principal__in=list(principals)
        )
        .select_related("application", "cluster")
        .order_by("name")[:MOST_LINES]
    )


def _from(line: Binding, held: Sequence[DeclaredGrant]) -> list[DeclaredGrant]:
    return [
        row
        for row in held
        if row.application.principal == line.principal and line in grants.needed(row, ())
    ]


def _known(principals: Sequence[str]) -> dict[str, Known]:
    rows = Application.objects.filter(principal__in=list(principals)).values_list(
        "principal", "name", "team__slug"
    )
    found = {principal: Known(principal, name, team) for principal, name, team in rows}
    return {principal: found.get(principal, Known(principal)) for principal in principals}


facts.provide_readers("topic", readers)
facts.provide_users("topic", used_by)
