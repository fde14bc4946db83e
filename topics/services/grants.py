"""Bringing grants to a cluster: the ACL lines that they take, and the end that comes by itself.

All grants of a principal are settled together, since they may need the same line. A line is written
down as ours before it is sent: so what a killed worker left on the cluster can be told from what
was there before, which is never removed. Nothing trusts an earlier attempt; what is there is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from governance import audit, dispatch
from governance.actors import system_actor
from governance.kinds import Outcome, OutcomeState
from topics.errors import ClusterError
from topics.kafka.client import KafkaAdmin
from topics.kinds.grant.bindings import Binding, Operation, Resource, derive
from topics.kinds.grant.model import DeclaredGrant, GrantState, MadeBinding
from topics.kinds.grant.plan import BindingPlan, plan_bindings
from topics.kinds.grant.spec import from_json, name_of
from topics.models import Cluster
from topics.services import acls, clusters, lease
from topics.services.settling import Settle, settle_all

log = structlog.get_logger(__name__)

ENDED_AT_ONCE = 500  # leases that one sweep ends; the next goes on
SYSTEM = "leases"


@dataclass(slots=True)
class Round:
    """One principal's grants while they are brought to the cluster."""

    principal: str
    grants: list[DeclaredGrant] = field(default_factory=list)
    plan: BindingPlan = field(default_factory=BindingPlan)
    failed: dict[Binding, ClusterError] = field(default_factory=dict)


def bindings_of(grant: DeclaredGrant, spec: Mapping[str, object]) -> frozenset[Binding]:
    """The lines that a grant takes with that spec."""
    name = name_of(grant.name)
    if name is None:
        return frozenset()
    return derive(name, from_json(spec), grant.application.principal)


def needed(grant: DeclaredGrant, now_asked: Collection[str]) -> frozenset[Binding]:
    """The lines that a grant needs on the cluster: those of its declared spec while it is being
    applied, else those that were applied last. A grant that came to an end needs none."""
    if grant.state != GrantState.ACTIVE:
        return frozenset()
    if grant.name in now_asked:
        return bindings_of(grant, grant.spec)
    return frozenset() if grant.last_applied is None else bindings_of(grant, grant.last_applied)


def bring(cluster: Cluster, names: Sequence[str], settle: Settle) -> None:
    """Brings these grants to their declared state, and settles each of them by name.

    `settle` may raise to stop the run. Every name is settled in the end, with RETRY or UNKNOWN
    where it stays open.
    """
    settle_all(cluster, names, settle, lambda told, held: _bring(cluster, names, told, held))


def _bring(cluster: Cluster, names: Sequence[str], settle: Settle, held: lease.Held) -> None:
    client = clusters.connect(cluster)
    grants = {
        row.name: row
        for row in DeclaredGrant.objects.filter(cluster=cluster, name__in=list(names))
        .select_related("application")
        .order_by("name")
    }
    settle({n: _undeclared(n) for n in names if n not in grants})
    by_principal: dict[str, list[DeclaredGrant]] = {}
    for grant in grants.values():
        by_principal.setdefault(grant.application.principal, []).append(grant)
    for principal, mine in sorted(by_principal.items()):
        held.renew()
        settle(_bring_principal(cluster, client, principal, mine, held))


def _undeclared(name: str) -> Outcome:
    return Outcome(OutcomeState.FAILED, f"{name} is not declared on this cluster.")


def _bring_principal(
    cluster: Cluster,
    client: KafkaAdmin,
    principal: str,
    asked: Sequence[DeclaredGrant],
    held: lease.Held,
) -> dict[str, Outcome]:
    """Reads, plans and sends one principal's lines; an outcome for each grant that was asked."""
    names = [grant.name for grant in asked]
    wanted = frozenset().union(*needs(cluster, principal, names).values())
    made = _made(cluster, principal)
    observed = client.acls(principal)
    plan = plan_bindings(wanted, made, observed)
    before = {"acls": [line.words() for line in sorted(observed)]}
    failed = _send(cluster, client, plan, held)
    now_there = (set(observed) | set(plan.add) - failed.keys()) - set(plan.remove)
    acls.store(cluster, sorted(now_there | (failed.keys() & set(plan.remove))), of=principal)
    _forget(cluster, [*plan.forget, *(line for line in plan.remove if line not in failed)])
    done = [g for g in asked if not _failures(g, failed)]
    _mark(done)
    return {grant.name: _outcome(grant, plan, failed, before) for grant in asked}


def needs(
    cluster: Cluster, principal: str, now_asked: Collection[str] = ()
) -> dict[str, frozenset[Binding]]:
    """The lines that each grant of a principal needs on a cluster, by the grant's name."""
    rows = DeclaredGrant.objects.filter(
        cluster=cluster, application__principal=principal, state=GrantState.ACTIVE
    ).select_related("application")
    return {row.name: needed(row, now_asked) for row in rows.iterator(chunk_size=1_000)}


def _send(
    cluster: Cluster, client: KafkaAdmin, plan: BindingPlan, held: lease.Held
) -> dict[Binding, ClusterError]:
    """Adds, then takes away; what failed, by line. Raises ClusterError where an answer is lost."""
    failed: dict[Binding, ClusterError] = {}
    if plan.add:
        _write_down(cluster, plan.add)
        held.renew()
        added = client.create_acls(plan.add)
        failed |= {line: error for line, error in added.items() if error is not None}
        # What certainly was not added is not ours; what is unknown is read next time.
        _forget(cluster, [line for line, error in failed.items() if not error.retryable])
    if plan.remove:
        held.renew()
        removed = client.delete_acls(plan.remove)
        failed |= {line: error for line, error in removed.items() if error is not None}
    return failed


def _failures(grant: DeclaredGrant, failed: Mapping[Binding, ClusterError]) -> list[ClusterError]:
    """Why this grant is not as declared. Lines are its principal's, so a line that could not be
    taken away concerns those that came to an end."""
    lines = _lines(grant)
    return [error for line, error in failed.items() if line in lines]


def _lines(grant: DeclaredGrant) -> frozenset[Binding]:
    """The lines that are declared for it, and those that were brought last."""
    last = frozenset() if grant.last_applied is None else bindings_of(grant, grant.last_applied)
    return bindings_of(grant, grant.spec) | last


def _outcome(
    grant: DeclaredGrant,
    plan: BindingPlan,
    failed: Mapping[Binding, ClusterError],
    before: Mapping[str, object],
) -> Outcome:
    errors = _failures(grant, failed)
    if errors:
        final = [error for error in errors if not error.retryable]
        if final:
            return Outcome(OutcomeState.FAILED, final[0].message)
        return Outcome(OutcomeState.RETRY, errors[0].message)
    lines = _lines(grant)
    did = [f"Added: {line.words()}" for line in plan.add if line in lines]
    did += [f"Taken away: {line.words()}" for line in plan.remove if line in lines]
    kept = [f"Was there before: {line.words()}" for line in plan.foreign if line in lines]
    if not did:
        stays = "The cluster has it as declared already."
        return Outcome(OutcomeState.UNCHANGED, "; ".join(kept) or stays, {"did": kept})
    return Outcome(OutcomeState.APPLIED, "; ".join(did), {"did": [*did, *kept]}, before)


_WRITE_DOWN = """
    INSERT INTO topics_madebinding
        (cluster_id, resource_type, resource_name, prefixed, principal, operation, host, made_at)
    SELECT %(cluster)s, r.type, r.name, r.prefixed, r.principal, r.operation, r.host,
        clock_timestamp()
    FROM unnest(%(types)s::text[], %(names)s::text[], %(prefixed)s::bool[], %(principals)s::text[],
        %(operations)s::text[], %(hosts)s::text[])
        AS r (type, name, prefixed, principal, operation, host)
    ON CONFLICT DO NOTHING
"""


def _write_down(cluster: Cluster, lines: Sequence[Binding]) -> None:
    """These are Weir's from now on, before they are sent."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE_DOWN,
            {
                "cluster": cluster.pk,
                "types": [line.resource.value for line in lines],
                "names": [line.name for line in lines],
                "prefixed": [line.prefixed for line in lines],
                "principals": [line.principal for line in lines],
                "operations": [line.operation.value for line in lines],
                "hosts": [line.host for line in lines],
            },
        )


def _made(cluster: Cluster, principal: str) -> list[Binding]:
    rows = MadeBinding.objects.filter(cluster=cluster, principal=principal).values_list(
        "resource_type", "resource_name", "prefixed", "operation", "host"
    )
    return [
        Binding(Resource(kind), name, prefixed, principal, Operation(operation), host)
        for kind, name, prefixed, operation, host in rows
    ]


def _forget(cluster: Cluster, lines: Iterable[Binding]) -> None:
    where = Q()
    for line in lines:
        where |= Q(
            resource_type=line.resource.value,
            resource_name=line.name,
            prefixed=line.prefixed,
            principal=line.principal,
            operation=line.operation.value,
            host=line.host,
        )
    if where:
        MadeBinding.objects.filter(where, cluster=cluster).delete()


def _mark(grants: Sequence[DeclaredGrant]) -> None:
    """Notes what is on the cluster now; of a grant that ended, nothing. Only for the generation
    that was brought: a newer one is brought by its own run."""
    for grant in grants:
        spec = grant.spec if grant.state == GrantState.ACTIVE else None
        DeclaredGrant.objects.filter(pk=grant.pk, generation=grant.generation).update(
            last_applied=spec, last_applied_generation=grant.generation, applied_at=Now()
        )


# --- The end that comes by itself -------------------------------------------------------------


def end_due() -> int:
    """Ends the grants whose time is over, each with an event that cites the request in which that
    end was agreed, and sets workers going that take the access away. How many ended."""
    by = system_actor(SYSTEM)
    with transaction.atomic():
        due = list(
            DeclaredGrant.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(state=GrantState.ACTIVE, ends_at__lte=Now())
            .select_related("resource__owner", "cluster")
            .order_by("ends_at")[:ENDED_AT_ONCE]
        )
        DeclaredGrant.objects.filter(pk__in=[grant.pk for grant in due]).update(
            state=GrantState.ENDED,
            ended_at=Now(),
            generation=F("generation") + 1,
            updated_at=Now(),
        )
        audit.record_many([_ended(grant) for grant in due], by=by)
        for cluster_id in sorted({grant.cluster_id for grant in due}):
            dispatch.after_commit("topics.take_away", cluster_id, queue="clusters")
    return len(due)


def _ended(grant: DeclaredGrant) -> audit.Happening:
    source = str(grant.origins.get("spec", ""))
    number = source.removeprefix("request:")
    return audit.Happening(
        "grant.ended",
        audit.Subject("grant", f"{grant.cluster.slug}/{grant.name}", grant.name),
        request_id=int(number) if number.isdigit() else None,
        team=grant.resource.owner.slug,
        data={"ends_at": grant.ends_at.isoformat() if grant.ends_at else None},
    )


def take_away(cluster_id: int) -> int:
    """Takes away what grants that came to an end left on a cluster; how many are done.

    What cannot be done now is tried again by the sweep: `waiting` finds it.
    """
    cluster = Cluster.objects.select_related("environment").get(pk=cluster_id)
    names = list(_left_over().filter(cluster=cluster).values_list("name", flat=True)[:1_000])
    if not names:
        return 0
    by = system_actor(SYSTEM)
    done = 0

    def settle(outcomes: Mapping[str, Outcome]) -> None:
        nonlocal done
        gone = [n for n, o in outcomes.items() if o.state in _DONE]
        done += len(gone)
        for name, outcome in outcomes.items():
            if outcome.state not in _DONE:
                log.warning("access_not_taken_away", grant=name, why=outcome.message)
        with transaction.atomic():
            audit.record_many(
                [
                    audit.Happening(
                        "grant.taken_away",
                        audit.Subject("grant", f"{cluster.slug}/{name}", name),
                        data=dict(outcomes[name].detail),
                    )
                    for name in gone
                ],
                by=by,
            )

    bring(cluster, names, settle)
    return done


_DONE = frozenset({OutcomeState.APPLIED, OutcomeState.UNCHANGED})


def _left_over() -> QuerySet[DeclaredGrant]:
    """Grants that came to an end whose access is still on the cluster."""
    return DeclaredGrant.objects.exclude(state=GrantState.ACTIVE).filter(last_applied__isnull=False)


def waiting() -> list[int]:
    """Clusters on which something is to be taken away that nobody is on now."""
    found = _left_over().values_list("cluster_id", flat=True).distinct().order_by("cluster_id")
    return list(found)


def sweep() -> int:
    """By beat: ends what is due, and wakes a worker for each cluster where an end waits."""
    ended = end_due()
    for cluster_id in waiting():
        dispatch.send(
            "topics.take_away", cluster_id, queue="clusters", expires=settings.SWEEP_INTERVAL * 4
        )
    return ended
