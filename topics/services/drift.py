"""Drift: finding it, and what people decide about it, key by key.

A scan compares rows only; the reading is the observation's work. What is not finished yet is no
drift: a topic whose apply is under way, and one that was last seen before it was last changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from governance import audit, dispatch
from governance.actors import Actor, system_actor
from governance.errors import Conflict, Invalid, NotFound
from governance.kinds import Outcome, OutcomeState
from governance.models import Request, Team
from governance.permissions import Action, demand
from governance.services import requests
from governance.services.items import NewItem
from governance.workflow import OPEN, State
from topics.kinds.topic import configs
from topics.kinds.topic.known import observed_of
from topics.kinds.topic.plan import Observed, config_states
from topics.kinds.topic.spec import TopicSpec
from topics.models import LIVE, Cluster, DeclaredTopic, Drift, DriftMode, DriftState, ObservedTopic
from topics.profiles import table as profiles
from topics.profiles.base import Profile
from topics.reconcile.actions import Plan
from topics.reconcile.drift import Verdict
from topics.reconcile.plan import Caps, breaker, capped
from topics.services import apply, observe
from topics.services.apply import Declared

log = structlog.get_logger(__name__)

KIND = "topic"
# Reads trail behind writes that were acknowledged, by milliseconds mostly and seconds at worst.
GRACE = timedelta(seconds=3)
LONGEST_IGNORE = timedelta(days=366)
SYSTEM = "drift"
CAPS = Caps()


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


# --- Scan -------------------------------------------------------------------------------------


def scan(cluster_id: int) -> int:
    """Brings the drift rows of a cluster up to date; how many differences are live.

    Nothing is compared where the last observation is missing or incomplete. With drift "enforce",
    what may be put right is put right, unless so much differs that the breaker opens.
    """
    cluster = Cluster.objects.get(pk=cluster_id)
    if cluster.drift_mode == DriftMode.OFF or not cluster.reachable or cluster.error:
        return 0
    began = observe.database_now()
    found, looked_at = _find(cluster)
    counters = _store(cluster, found, looked_at)
    error = ""
    if cluster.drift_mode == DriftMode.ENFORCE:
        error = _enforce(cluster, found)
    observe.record_run(cluster, "drift", began, counters, error=error)
    return len(found)


def _find(cluster: Cluster) -> tuple[dict[tuple[str, str], Difference], set[str]]:
    """All differences by (name, key), and the names that were looked at."""
    profile = profiles.get(cluster.profile)
    settled = {
        name: topic
        for name, topic in apply.load_declared(cluster.pk).items()
        if not topic.paused and topic.applied_generation == topic.generation
    }
    observed = _observed(cluster, settled.keys())
    found: dict[tuple[str, str], Difference] = {}
    looked_at: set[str] = set()
    for name, topic in settled.items():
        there = observed.get(name)
        times = (there.seen_at if there else None, cluster.observed_at)
        fresh = max((at for at in times if at), default=None)
        if fresh is None or (topic.applied_at and fresh <= topic.applied_at + GRACE):
            continue  # not looked at since it was changed: the next round tells
        looked_at.add(name)
        seen = there.topic if there else None
        for one in differences(name, topic.spec, topic.last_applied, seen, profile):
            found[name, one.key] = one
    return found, looked_at


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
    cluster: Cluster, found: Mapping[tuple[str, str], Difference], looked_at: set[str]
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
            if target in found or row.name not in looked_at:
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
        again = moved or (row.until is not None and row.until <= observe.database_now())
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


# --- Decisions --------------------------------------------------------------------------------


def accept(drift_id: int, *, by: Actor, reason: str = "") -> Request:
    """Asks for what the cluster has to become what is declared: an ordinary request, submitted.

    Raises Refused when a rule objects (the request stays as a draft), Conflict when this row was
    decided meanwhile, Invalid for what cannot be declared.
    """
    row = _get(drift_id)
    demand(by, Action.ACCEPT_DRIFT, "drift", row.team)
    declared = _declared(row)
    after = _accepted_spec(row, declared)
    team = Team.objects.get(slug=row.team)
    with transaction.atomic():
        request = requests.create_draft(
            title=f"Accept {_key_words(row)} of {row.name} as it is on {row.cluster.slug}",
            reason=reason or f"{row.name} was changed on the cluster: {_values_words(row)}.",
            team=team,
            items=[NewItem(KIND, "alter", row.name, row.cluster.slug, after.as_json())],
            by=by,
        )
        _decide(row, DriftState.ACCEPTED, by, reason=reason, request=request)
    return requests.submit(request, by=by)


def _accepted_spec(row: Drift, declared: Declared) -> TopicSpec:
    spec = declared.spec
    if row.key == "":
        raise Invalid(
            f"{row.name} is gone from {row.cluster.slug}. That it may stay away is a deletion, "
            "which has to be asked for as such. Revert creates it again, empty."
        )
    if row.key == "partitions":
        return TopicSpec(_whole_number(row), spec.replication_factor, spec.configs)
    if row.key == "replication_factor":
        return TopicSpec(spec.partitions, _whole_number(row), spec.configs)
    key = row.key.removeprefix("configs.")
    overrides = {k: v for k, v in spec.configs.items() if k != key}
    # Accepting that an override is gone means having no override, not pinning today's default.
    if row.observed is not None and _is_override(row, key):
        overrides[key] = row.observed
    return TopicSpec(spec.partitions, spec.replication_factor, overrides)


def _is_override(row: Drift, key: str) -> bool:
    stored = (
        ObservedTopic.objects.filter(cluster=row.cluster, name=row.name)
        .values_list("configs", flat=True)
        .first()
    )
    return bool(stored) and (stored or {}).get(key, {}).get("source") == "topic"


def _whole_number(row: Drift) -> int:
    return int(row.observed or "0")


@transaction.atomic
def revert(drift_id: int, *, by: Actor, reason: str = "") -> Drift:
    """Lets a worker put the declared value back; the row is `reverting` until that is done.

    Raises Invalid for what cannot be put back, Conflict when this row was decided meanwhile.
    """
    row = _get(drift_id)
    demand(by, Action.REVERT_DRIFT, "drift", row.team)
    if (why := irrevertible(row)) is not None:
        raise Invalid(why, drift=row.pk)
    _decide(row, DriftState.REVERTING, by, reason=reason)
    dispatch.after_commit("topics.revert", row.pk, queue="clusters")
    return row


def irrevertible(row: Drift) -> str | None:
    """Why the declared value cannot be put back, or None when it can."""
    if row.key == "replication_factor":
        return (
            f"The replication of {row.name} cannot be put back here: moving replicas is done with "
            "Kafka's reassignment tools. Use them, or accept the value."
        )
    if row.key == "partitions" and int(row.observed or 0) > int(row.declared or 0):
        return (
            f"{row.name} has {row.observed} partitions, and Kafka never takes one away. Accept "
            "the number."
        )
    return None


@transaction.atomic
def ignore(drift_id: int, *, by: Actor, reason: str, until: datetime) -> Drift:
    """Leaves this value alone until `until`, by somebody, for a reason. It opens again then, or
    when the value changes again."""
    row = _get(drift_id)
    demand(by, Action.IGNORE_DRIFT, "drift", row.team)
    if not reason.strip():
        raise Invalid("Say why this is ignored, for those who wonder later.", path="reason")
    now = observe.database_now()
    if not now < until <= now + LONGEST_IGNORE:
        raise Invalid(
            "Drift is ignored until a day in the future, a year ahead at most. Choose another day.",
            path="until",
        )
    _decide(row, DriftState.IGNORED, by, reason=reason.strip(), until=until)
    return row


def _get(drift_id: int) -> Drift:
    row = Drift.objects.select_related("cluster").filter(pk=drift_id).first()
    if row is None:
        raise NotFound("There is no such drift. It may have been decided long ago.")
    return row


def _declared(row: Drift) -> Declared:
    found = apply.load_declared(row.cluster_id, [row.name])
    if row.name not in found:
        raise NotFound(f"{row.name} is no longer declared on {row.cluster.slug}.")
    return found[row.name]


def _decide(
    row: Drift,
    state: DriftState,
    by: Actor,
    *,
    reason: str = "",
    until: datetime | None = None,
    request: Request | None = None,
) -> None:
    """Moves an open (or ignored) row on; of two who decide at once, one wins."""
    changed = Drift.objects.filter(
        pk=row.pk, state__in=[DriftState.OPEN, DriftState.IGNORED]
    ).update(
        state=state,
        state_at=Now(),
        decided_by_id=by.user_id,
        decided_by_name=by.name,
        reason=reason,
        until=until,
        request=request,
        error="",
    )
    if not changed:
        raise Conflict(
            f"{row} was decided by somebody else meanwhile. Reload the page to see how.",
            drift=row.pk,
        )
    row.state = state
    verb = {DriftState.REVERTING: "revert_asked"}.get(state, state.value)
    audit.record(
        f"drift.{verb}",
        by=by,
        about=audit.Subject("drift", str(row.pk), str(row), row.team),
        request_id=request.pk if request else None,
        data={
            "cluster": row.cluster.slug,
            "key": row.key,
            "declared": row.declared,
            "observed": row.observed,
            "reason": reason,
            "until": until.isoformat() if until else None,
        },
    )


def _key_words(row: Drift) -> str:
    return row.key.removeprefix("configs.").replace("_", " ")


def _values_words(row: Drift) -> str:
    key = configs.known(row.key.removeprefix("configs."))
    there = "no override" if row.observed is None else configs.human(key, row.observed)
    wanted = "no override" if row.declared is None else configs.human(key, row.declared)
    return f"{_key_words(row)} is {there}, declared is {wanted}"


# --- Putting right (workers) ------------------------------------------------------------------


def do_revert(drift_id: int) -> None:
    """*Worker*: carries out a revert that was decided. Safe to call twice.

    The row ends as reverted with an event, stays `reverting` when the cluster cannot be reached
    (the next scan wakes a worker again), and opens again with the error when it cannot be done.
    """
    row = _get(drift_id)
    if row.state != DriftState.REVERTING:
        return
    outcomes: dict[str, Outcome] = {}
    apply.bring(row.cluster, [row.name], outcomes.update, history=_decided(row))
    _settle_revert(row, outcomes[row.name])


def _decided(row: Drift) -> Callable[[Declared], Declared]:
    """The history that makes the planner do what was decided about this row, and no more."""
    key = row.key.removeprefix("configs.")

    def history(topic: Declared) -> Declared:
        if row.key == "":
            return replace(topic, last_applied=None)
        if row.key.startswith("configs.") and row.declared is None:
            last = topic.last_applied or topic.spec
            ours = TopicSpec(last.partitions, last.replication_factor, {**last.configs, key: ""})
            return replace(topic, last_applied=ours)
        return topic

    return history


def _decider(row: Drift) -> Actor:
    if row.decided_by_id is None:
        return system_actor(row.decided_by_name or SYSTEM)
    person = row.decided_by_id
    return Actor(kind="user", id=person, name=row.decided_by_name, user_id=person)


def _settle_revert(row: Drift, outcome: Outcome) -> None:
    done = outcome.state in (OutcomeState.APPLIED, OutcomeState.UNCHANGED)
    if not done and outcome.state is not OutcomeState.FAILED:
        Drift.objects.filter(pk=row.pk).update(error=outcome.message)
        return
    state = DriftState.REVERTED if done else DriftState.OPEN
    with transaction.atomic():
        moved = Drift.objects.filter(pk=row.pk, state=DriftState.REVERTING).update(
            state=state, state_at=Now(), error="" if done else outcome.message
        )
        if moved:
            audit.record(
                "drift.reverted" if done else "drift.revert_failed",
                by=_decider(row),
                about=audit.Subject("drift", str(row.pk), str(row), row.team),
                data={"message": outcome.message, "before": dict(outcome.before_image or {})},
            )


def _enforce(cluster: Cluster, found: Mapping[tuple[str, str], Difference]) -> str:
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
            _decide(_get(pk), DriftState.REVERTING, by, reason="Drift is enforced on this cluster.")
            dispatch.after_commit("topics.revert", pk, queue="clusters")
    return ""


def _offline_plan(cluster: Cluster, names: Sequence[str]) -> Plan:
    """The plan of these topics from rows: for judging how much would change, not for doing it."""
    observed = {name: seen.topic for name, seen in _observed(cluster, set(names)).items()}
    declared = apply.load_declared(cluster.pk, names)
    return apply.combined_plan(declared, observed, profiles.get(cluster.profile))


def waiting_reverts(cluster_id: int) -> list[int]:
    """Reverts that were decided and not done: what a sweep wakes a worker for."""
    return list(
        Drift.objects.filter(cluster_id=cluster_id, state=DriftState.REVERTING)
        .order_by("state_at")
        .values_list("pk", flat=True)[:500]
    )
