"""What people decide about drift, key by key, and carrying out what they decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from governance import audit, dispatch
from governance.actors import Actor, system_actor
from governance.clock import database_now
from governance.errors import Invalid, NotFound, Overtaken
from governance.kinds import Outcome, OutcomeState
from governance.models import Request, Team
from governance.permissions import Action, demand
from governance.services import requests
from governance.services.items import NewItem
from topics.kinds.topic import configs
from topics.kinds.topic.spec import TopicSpec
from topics.models import Drift, DriftState, ObservedTopic
from topics.services import apply
from topics.services.apply import Declared

KIND = "topic"
LONGEST_IGNORE = timedelta(days=366)
SYSTEM = "drift"


def accept(drift_id: int, *, by: Actor, reason: str = "") -> Request:
    """Asks for what the cluster has to become what is declared: an ordinary request, submitted.

    Raises Refused when a rule objects (the request stays as a draft), Overtaken when this row was
    decided meanwhile, Invalid for what cannot be declared.
    """
    row = get(drift_id)
    demand(by, Action.ACCEPT_DRIFT, "drift", row.team)
    declared = _declared(row)
    after = _accepted_spec(row, declared)
    team = Team.objects.get(slug=row.team)
    with transaction.atomic():
        request = requests.create_draft(
            title=f"Accept {_key_words(row)} of {row.name} as it is on {row.cluster.slug}",
            reason=reason or f"{row.name} was changed on the cluster: {_values_words(row)}.",
            team=team,
            items=[NewItem(KIND, "alter", row.name, row.cluster.slug, after.on_cluster())],
            by=by,
        )
        decide(row, DriftState.ACCEPTED, by, reason=reason, request=request)
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

    Raises Invalid for what cannot be put back, Overtaken when this row was decided meanwhile.
    """
    row = get(drift_id)
    demand(by, Action.REVERT_DRIFT, "drift", row.team)
    if (why := irrevertible(row)) is not None:
        raise Invalid(why, drift=row.pk)
    decide(row, DriftState.REVERTING, by, reason=reason)
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
    row = get(drift_id)
    demand(by, Action.IGNORE_DRIFT, "drift", row.team)
    if not reason.strip():
        raise Invalid("Say why this is ignored, for those who wonder later.", path="reason")
    now = database_now()
    if not now < until <= now + LONGEST_IGNORE:
        raise Invalid(
            "Drift is ignored until a day in the future, a year ahead at most. Choose another day.",
            path="until",
        )
    decide(row, DriftState.IGNORED, by, reason=reason.strip(), until=until)
    return row


def get(drift_id: int) -> Drift:
    """The row. Raises NotFound."""
    row = Drift.objects.select_related("cluster").filter(pk=drift_id).first()
    if row is None:
        raise NotFound("There is no such drift. It may have been decided long ago.")
    return row


def _declared(row: Drift) -> Declared:
    found = apply.load_declared(row.cluster_id, [row.name])
    if row.name not in found:
        raise NotFound(f"{row.name} is no longer declared on {row.cluster.slug}.")
    return found[row.name]


def decide(
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
        raise Overtaken(
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
    row = get(drift_id)
    if row.state != DriftState.REVERTING:
        return
    outcomes: dict[str, Outcome] = {}
    apply.bring(row.cluster, [row.name], outcomes.update, history=_decided(row))
    _settle_revert(row, outcomes[row.name])


def _decided(row: Drift) -> Callable[[Declared], Declared]:
    """The history that makes the planner do what was decided about this row, and no more."""
    key = row.key.removeprefix("configs.")

    def history(recorded: Declared) -> Declared:
        # What was declared and refused must not take the rest of the topic's keys with it.
        topic = recorded.agreed()
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


def waiting_reverts(cluster_id: int) -> list[int]:
    """Reverts that were decided and not done: what a sweep wakes a worker for."""
    return list(
        Drift.objects.filter(cluster_id=cluster_id, state=DriftState.REVERTING)
        .order_by("state_at")
        .values_list("pk", flat=True)[:500]
    )
