"""Finding drift: what a cluster has that is not as declared, key by key.

A scan compares rows only; the reading is the observation's work. What is not finished yet is no
drift: a key that is declared and was not applied, whether a worker is on it or its apply failed,
and a topic that was last seen before it was last changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from governance import audit, dispatch
from governance.actors import system_actor
from governance.clock import database_now
from governance.workflow import OPEN, State
from topics.kinds.topic.known import observed_of
from topics.kinds.topic.plan import Observed, config_states
from topics.kinds.topic.spec import TopicSpec
from topics.models import LIVE, Cluster, DeclaredTopic, Drift, DriftMode, DriftState, ObservedTopic
from topics.profiles import table as profiles
from topics.profiles.base import Profile
from topics.reconcile.actions import Plan
from topics.reconcile.drift import Verdict
from topics.reconcile.plan import Caps, breaker, capped
from topics.services import apply, drift, observe
from topics.services.drift import KIND, SYSTEM

log = structlog.get_logger(__name__)

# Reads trail behind writes that were acknowledged, by milliseconds mostly and seconds at worst.
GRACE = timedelta(seconds=3)
CAPS = Caps()

Target = tuple[str, str]  # a topic's name and a key of it


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that is not as declared. `enforceable`: Weir may put it right without asking."""

    name: str
    key: str
    declared: str | None
    observed: str | None
    enforceable: bool


def differences(
    name: str,
    declared: TopicSpec,
    last_applied: TopicSpec | None,
    observed: Observed | None,
    profile: Profile,
) -> Iterator[Difference]:
    """Where one topic is not as declared. Keys that others own, and defaults, are no drift."""
    if observed is None:
        yield Difference(name, "", _whole(declared), None, False)
        return
    if declared.partitions != observed.partitions:
        grows = declared.partitions > observed.partitions
        yield Difference(
            name, "partitions", str(declared.partitions), str(observed.partitions), grows
        )
    wanted = profile.normal_replication(declared.replication_factor)
    if profile.fixed_replication is None and wanted != observed.replication_factor:
        yield Difference(
            name, "replication_factor", str(wanted), str(observed.replication_factor), False
        )
    for state in config_states(declared, last_applied, observed, profile):
        path = f"configs.{state.key}"
        if state.verdict is Verdict.SET and state.key not in profile.forced:
            there = state.observed or observed.inherited.get(state.key)
            yield Difference(name, path, state.declared, there, True)
        elif state.verdict in (Verdict.REMOVE, Verdict.UNMANAGED):
            ours = state.verdict is Verdict.REMOVE
            yield Difference(name, path, None, state.observed, ours)


def _whole(spec: TopicSpec) -> str:
    return f"{spec.partitions} partitions, replication {spec.replication_factor}"


def scan(cluster_id: int) -> int:
    """Brings the drift rows of a cluster up to date; how many differences are live.

    Nothing is compared where the last observation is missing or incomplete. With drift "enforce",
    what may be put right is put right, unless so much differs that the breaker opens.
    """
    cluster = Cluster.objects.get(pk=cluster_id)
    if cluster.drift_mode == DriftMode.OFF or not cluster.reachable or cluster.error:
        return 0
    began = database_now()
    found, looked_at, open_keys = _find(cluster)
    counters = _store(cluster, found, looked_at, open_keys)
    error = ""
    if cluster.drift_mode == DriftMode.ENFORCE:
        error = _enforce(cluster, found)
    observe.record_run(cluster, "drift", began, counters, error=error)
    return len(found)


def _find(cluster: Cluster) -> tuple[dict[Target, Difference], set[str], set[Target]]:
    """All differences, the names that were looked at, and of those the keys that were not, since
    they are declared and not applied."""
    profile = profiles.get(cluster.profile)
    made = {
        name: topic
        for name, topic in apply.load_declared(cluster.pk).items()
        if not topic.paused and topic.last_applied is not None
    }
    observed = _observed(cluster, made.keys())
    found: dict[Target, Difference] = {}
    looked_at: set[str] = set()
    open_keys: set[Target] = set()
    for name, topic in made.items():
        there = observed.get(name)
        times = (there.seen_at if there else None, cluster.observed_at)
        fresh = max((at for at in times if at), default=None)
        if fresh is None or (topic.applied_at and fresh <= topic.applied_at + GRACE):
            continue  # not looked at since it was changed: the next round tells
        looked_at.add(name)
        seen = there.topic if there else None
        open_keys |= {(name, path) for path in topic.ahead}
        for one in differences(name, topic.spec, topic.last_applied, seen, profile):
            if (name, one.key) not in open_keys:
                found[name, one.key] = one
    return found, looked_at, open_keys


@dataclass(frozen=True, slots=True)
class _SeenTopic:
    topic: Observed
    seen_at: datetime


def _observed(cluster: Cluster, names: Collection[str]) -> dict[str, _SeenTopic]:
    rows = ObservedTopic.objects.filter(cluster=cluster).values_list(
        "name", "partitions", "replication_factor", "configs", "seen_at"
    )
    return {
        name: _SeenTopic(observed_of(partitions, replication, stored), seen_at)
        for name, partitions, replication, stored, seen_at in rows.iterator(chunk_size=5_000)
        if name in names
    }


def _store(
    cluster: Cluster,
    found: Mapping[Target, Difference],
    looked_at: Collection[str],
    open_keys: Collection[Target],
) -> dict[str, object]:
    """Opens, updates and closes rows so that the live ones are what was found; one event each."""
    by = system_actor(SYSTEM)
    new = gone = reopened = 0
    with transaction.atomic():
        live = {
            (row.name, row.key): row
            for row in Drift.objects.select_for_update(of=("self",))
            .filter(cluster=cluster, kind=KIND, state__in=[s.value for s in LIVE])
            .select_related("request")
        }
        owners = _owners(cluster, {name for name, _ in found})
        happenings: list[audit.Happening] = []
        for target, one in found.items():
            row = live.get(target)
            if row is None:
                row = _open(cluster, one, owners.get(one.name, ""))
                happenings.append(_happening("drift.found", row, one))
                new += 1
            elif _again(row, one):
                happenings.append(_happening("drift.opened_again", row, one))
                reopened += 1
        for target, row in live.items():
            if target in found or target in open_keys or row.name not in looked_at:
                continue
            ended = _ended(row)
            Drift.objects.filter(pk=row.pk).update(state=ended, state_at=Now())
            happenings.append(_happening(f"drift.{ended.value}", row, None))
            gone += 1
        audit.record_many(happenings, by=by)
    return {"live": len(found), "new": new, "gone": gone, "reopened": reopened}


def _open(cluster: Cluster, one: Difference, team: str) -> Drift:
    observed = (
        ObservedTopic.objects.filter(cluster=cluster, name=one.name)
        .values_list("previous_seen_at", "changed_at")
        .first()
    )
    after, before = observed or (None, cluster.observed_at)
    return Drift.objects.create(
        cluster=cluster,
        kind=KIND,
        name=one.name,
        key=one.key,
        declared=one.declared,
        observed=one.observed,
        team=team,
        since_after=after,
        since_before=before or timezone.now(),
    )


def _again(row: Drift, one: Difference) -> bool:
    """Updates a live row; whether it is open again.

    An ignored one is, when its time is over or the value moved on, since it was that value that
    somebody decided to ignore; an accepted one, when its request came to nothing.
    """
    moved = row.observed != one.observed
    again = False
    if row.state == DriftState.IGNORED:
        again = moved or (row.until is not None and row.until <= database_now())
    elif row.state == DriftState.ACCEPTED:
        again = row.request is None or State(row.request.state) not in OPEN | {State.APPLIED}
    if not (moved or again or row.declared != one.declared):
        return False
    row.observed, row.declared = one.observed, one.declared
    fields = ["observed", "declared"]
    if again:
        row.state, row.reason, row.until = DriftState.OPEN, "", None
        row.state_at = timezone.now()
        fields += ["state", "reason", "until", "state_at"]
    row.save(update_fields=fields)
    return again


def _ended(row: Drift) -> DriftState:
    """How a row ends whose difference is there no longer."""
    if row.state == DriftState.REVERTING:
        return DriftState.REVERTED
    return DriftState.GONE


def _owners(cluster: Cluster, names: set[str]) -> dict[str, str]:
    return dict(
        DeclaredTopic.objects.filter(cluster=cluster, name__in=names).values_list(
            "name", "resource__owner__slug"
        )
    )


def _happening(action: str, row: Drift, one: Difference | None) -> audit.Happening:
    return audit.Happening(
        action,
        audit.Subject("drift", str(row.pk), str(row), row.team),
        data={
            "cluster": row.cluster_id,
            "key": row.key,
            "declared": one.declared if one else row.declared,
            "observed": one.observed if one else row.observed,
        },
    )


# --- Enforcing --------------------------------------------------------------------------------


def _enforce(cluster: Cluster, found: Mapping[Target, Difference]) -> str:
    """Puts right what Weir may put right on a cluster that says so; why not, when it does not."""
    rows = Drift.objects.filter(
        cluster=cluster, kind=KIND, state=DriftState.OPEN, error=""
    ).values_list("pk", "name", "key")
    wanted = [
        (pk, name)
        for pk, name, key in rows
        if (name, key) in found and found[name, key].enforceable
    ]
    names = sorted({name for _, name in wanted})
    if not names:
        return ""
    managed = DeclaredTopic.objects.filter(cluster=cluster).count()
    plan = _offline_plan(cluster, names)
    if why := breaker(plan, managed=managed, caps=CAPS):
        log.warning("breaker_open", cluster=cluster.slug, why=why)
        return why
    held = {h.name for h in capped(plan, CAPS).held_back if h.rule == "cap"}
    by = system_actor(SYSTEM)
    for pk, name in wanted:
        if name in held:
            continue
        with transaction.atomic():
            drift.decide(
                drift.get(pk), DriftState.REVERTING, by, reason="Drift is enforced on this cluster."
            )
            dispatch.after_commit("topics.revert", pk, queue="clusters")
    return ""


def _offline_plan(cluster: Cluster, names: Sequence[str]) -> Plan:
    """The plan of these topics from rows: for judging how much would change, not for doing it."""
    observed = {name: seen.topic for name, seen in _observed(cluster, set(names)).items()}
    declared = {n: t.agreed() for n, t in apply.load_declared(cluster.pk, names).items()}
    return apply.combined_plan(declared, observed, profiles.get(cluster.profile))
