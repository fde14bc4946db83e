"""What workers do with approved requests: recheck, declare, apply, and find what got lost.

`advance` acts on the row's state alone, so a message that is lost, late or doubled changes
nothing. While it works it holds the request's lease: a number that grows with every taker, renewed
by a heartbeat. Whoever finds that the number has moved on stops, and records nothing more.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from governance import audit, dispatch, kinds
from governance.actors import Actor, system_actor
from governance.errors import Problem, WeirError
from governance.kinds import ApplyRun, ItemView, Outcome, OutcomeState
from governance.models import Comment, Item, Request
from governance.services import approvals, settling, snapshots, timing
from governance.services.checks import Examination, examine, store_findings
from governance.services.heartbeat import Clock, heartbeat
from governance.services.items import views
from governance.services.moves import move
from governance.services.requests import not_told, refused_sentence, write_requirements
from governance.workflow import UNDER_WAY, ItemState, Move, State, settled

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 40  # with the longest pause of 60 s: half an hour of a broker that is away
LONGEST_PAUSE_S = 60
SWEEP_LIMIT = 200
LEFT = (ItemState.PENDING, ItemState.APPLYING)
DONE = frozenset({OutcomeState.APPLIED, OutcomeState.UNCHANGED})


class LeaseLost(WeirError):
    """Another worker has taken this request over; this one stops."""

    code = "lease_lost"
    retryable = True


class ChangesInTheMeantime(WeirError):
    """What the approval was based on has changed: people must look again."""

    code = "changed_meanwhile"


def advance(request_id: int) -> None:
    """Takes the request as far as it goes now. Nothing happens when another worker is on it."""
    request = _take(request_id)
    if request is None:
        return
    by = system_actor("worker")
    with heartbeat(request.pk, request.lease, settings.LEASE_TTL):
        try:
            if request.state in {State.APPROVED, State.SCHEDULED}:
                _transition(request, Move.RECHECK, by=by)
            if request.state == State.RECHECKING:
                _recheck(request, by)
            if request.state == State.APPLYING:
                _apply(request, by)
        except LeaseLost:
            log.warning("lease_lost", request=request_id)
            return
        except WeirError as error:
            _put_off_or_fail(request, error.message, by)
            return
    _release(request)


def sweep() -> int:
    """Wakes a worker for every request that should be under way and is not, and for those whose
    time has come; how many there were."""
    lost = (
        Request.objects.filter(_to_do())
        .filter(_free())
        .order_by("state_at")
        .values_list("pk", flat=True)[:SWEEP_LIMIT]
    )
    for pk in lost:
        dispatch.send("governance.advance", pk, expires=settings.SWEEP_INTERVAL * 4)
    return len(lost)


def _to_do() -> Q:
    return Q(state__in=[s.value for s in UNDER_WAY]) | timing.due()


def _free() -> Q:
    nobody = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    return nobody & (Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=Now()))


def _take(request_id: int) -> Request | None:
    """Takes the lease, by the database's clock; None where somebody has it or nothing is to do."""
    taken = (
        Request.objects.filter(pk=request_id)
        .filter(_to_do())
        .filter(_free())
        .update(lease=F("lease") + 1, lease_until=Now() + settings.LEASE_TTL)
    )
    if not taken:
        return None
    return Request.objects.select_related("team", "environment").get(pk=request_id)


def _release(request: Request) -> None:
    Request.objects.filter(pk=request.pk, lease=request.lease).update(lease_until=None)


@contextmanager
def _owned(request: Request) -> Iterator[None]:
    """A transaction in which this worker still holds the lease, or LeaseLost.

    The heartbeat waits for the row meanwhile, so that a long transaction ends with a full lease.
    """
    with transaction.atomic():
        held = (
            Request.objects.select_for_update()
            .filter(pk=request.pk, lease=request.lease, lease_until__gt=Now())
            .exists()
        )
        if not held:
            raise LeaseLost(f"Request #{request.pk} was taken over by another worker.")
        yield
        Request.objects.filter(
            pk=request.pk, lease=request.lease, lease_until__isnull=False
        ).update(lease_until=Clock() + settings.LEASE_TTL)


def _transition(request: Request, what: Move, *, by: Actor, **fields: Any) -> None:
    with _owned(request):
        move(request, what, by=by, **fields)


def _put_off_or_fail(request: Request, why: str, by: Actor) -> None:
    """Puts the request off, longer each time; after the last try it has failed."""
    attempts = request.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        _give_up(request, why, by)
        return
    pause = min(2.0 ** min(attempts, 6), LONGEST_PAUSE_S) * random.uniform(0.5, 1.0)  # noqa: S311  # jitter
    with _owned(request):
        first = request.failure != why
        Request.objects.filter(pk=request.pk).update(
            attempts=attempts,
            failure=why,
            next_attempt_at=Now() + timedelta(seconds=pause),
            lease_until=None,
        )
        if first:
            audit.record(
                "request.put_off",
                by=by,
                about=request,
                request_id=request.pk,
                team=request.team.slug,
                data={"why": why, "attempt": attempts},
            )
    log.warning("request_put_off", request=request.pk, why=why, attempt=attempts)


# --- Recheck ----------------------------------------------------------------------------------


def _recheck(request: Request, by: Actor) -> None:
    """Observes the named objects afresh, judges them again, and declares them if all still holds.

    Before anything is declared, the remote systems say what they would refuse, since a declared row
    that cannot be applied stands in the way of every later change. They are asked last, when
    nothing else objects: it costs a call, and of what cannot be anyway they would only say so too.

    Policies judge every item, since they may have become stricter. The kind's hard rules leave out
    items that this request declared in an earlier attempt: by now they are what was asked for, and
    a name that it made itself would look taken. If somebody has declared something else since, all
    rules count again, and people look before it is undone.
    """
    rows = list(request.items.exclude(state=ItemState.APPLIED))
    items = views(request, rows)
    declared_here = {row.position for row in rows if row.attempts}
    for (kind, place), group in _by_place(items).items():
        kinds.get(kind).observe(place, [i.name for i in group])
    examination = examine(items, team=request.team.slug)
    moved = _moved_on(items)
    if not moved:
        examination = examination.without_problems_of(declared_here)
        if not examination.refusals:
            examination = examination.with_problems(_rehearse(items))
    with _owned(request):
        store_findings(request, examination, stage="approve")
        if examination.refusals:
            _send_to_author(request, examination.refusals, by)
        elif moved:
            _send_to_review_of_what_is_now(request, examination, moved, by)
        elif whys := _no_longer_agreed(request, examination):
            _send_to_review(request, examination, " ".join(whys), by)
        elif wait := timing.wait_of(request):
            _schedule(request, wait, by)
        else:
            for name in kinds.in_order([i.kind for i in items]):
                kinds.get(name).declare([i for i in items if i.kind == name], by=by)
            _remember_declared(rows, items)
            move(request, Move.APPLY, by=by, failure="")


def _rehearse(items: Sequence[ItemView]) -> list[Problem]:
    return [
        problem
        for (kind, place), group in _by_place(items).items()
        for problem in kinds.get(kind).rehearse(place, group)
    ]


def _remember_declared(rows: Sequence[Item], items: Sequence[ItemView]) -> None:
    """Notes the generation that this request declared: a later try goes on only while it stands,
    since somebody's newer change must not be undone by an old request."""
    by_id = {row.pk: row for row in rows}
    with kinds.reading((i.kind, i.place, i.name) for i in items):
        for item in items:
            current = kinds.get(item.kind).current(item.place, item.name)
            row = by_id[item.id]
            row.attempts += 1
            row.base_generation = current.generation if current else row.base_generation
    Item.objects.bulk_update(rows, ["attempts", "base_generation"], batch_size=500)


def _by_place(items: Sequence[ItemView]) -> dict[tuple[str, str], list[ItemView]]:
    groups: dict[tuple[str, str], list[ItemView]] = {}
    for item in items:
        groups.setdefault((item.kind, item.place), []).append(item)
    return groups


def _moved_on(items: Sequence[ItemView]) -> list[str]:
    """Names whose declared state changed after the item was written."""
    moved = []
    with kinds.reading((i.kind, i.place, i.name) for i in items):
        for item in items:
            current = kinds.get(item.kind).current(item.place, item.name)
            if current is not None and current.generation != item.base_generation:
                moved.append(item.name)
    return moved


def _no_longer_agreed(request: Request, examination: Examination) -> list[str]:
    """Why its approvals do not suffice today, in sentences. Those that lapsed are open again.

    Of a request whose glass is broken none is asked for: somebody looks at it afterwards.
    """
    if timing.glass_holds(request):
        return []
    gone = approvals.lapsed(request)
    whys = [approvals.reopen(gone)] if gone else []
    if _lacks(request, examination, besides=[one.requirement.role for one in gone]):
        whys.append("The cluster changed since the approval, and now more people must agree.")
    return whys


def _lacks(request: Request, examination: Examination, *, besides: Sequence[str]) -> list[str]:
    """Roles that must agree now and have not, and are none of those that are known anyway.

    For the second person whom a policy asks, the platform team has agreed where it was asked in her
    place: that the team has got another owner since takes nothing from it. Who agreed before it was
    known that unread records are lost has not agreed to that.
    """
    met = {
        requirement.role: requirement.rules
        for requirement in request.requirements.filter(
            revision=request.revision, review__isnull=False
        )
    }
    known = {*met, *besides, "auto"}
    by_platform = {name for name, _ in met.get("platform", ())}
    return [
        n.role
        for n in examination.needs
        if (n.role in met and not_told(n, met[n.role]))
        or (
            n.role not in known
            and not (n.role.startswith("second:") and by_platform >= {name for name, _ in n.rules})
        )
    ]


def _schedule(request: Request, wait: timing.Wait, by: Actor) -> None:
    """Lets it wait for its time, when it is rechecked; until then it can be withdrawn."""
    move(
        request,
        Move.SCHEDULE,
        by=by,
        scheduled_for=wait.until,
        failure="",
        attempts=0,
        next_attempt_at=None,
        data={"why": wait.why, "until": wait.until.isoformat() if wait.until else None},
    )


def _send_to_author(request: Request, problems: Sequence[Problem], by: Actor) -> None:
    why = refused_sentence(problems)
    Comment.objects.create(
        request=request, author_name="Recheck", body=f"This cannot be applied as it is. {why}"
    )
    move(request, Move.REFUSE, by=by, failure=why, data={"count": len(problems)})


def _send_to_review_of_what_is_now(
    request: Request, examination: Examination, moved: Sequence[str], by: Actor
) -> None:
    """Back to review as a new revision, whose items start from what others made of it meanwhile."""
    for row in request.items.filter(name__in=moved):
        current = kinds.get(row.kind).current(row.place, row.name)
        if current is not None:
            row.before, row.base_generation = current.declared, current.generation
            row.attempts = 0
            row.save(update_fields=["before", "base_generation", "attempts"])
    why = f"Since it was written, somebody changed {', '.join(moved[:5])}. Look at it again."
    _send_to_review(request, examination, why, by, revision=request.revision + 1)
    snapshots.take(request)


def _send_to_review(
    request: Request, examination: Examination, why: str, by: Actor, *, revision: int = 0
) -> None:
    # Written before the move, which tells those who must agree now.
    request.revision = revision or request.revision
    write_requirements(request, examination.before_people())
    move(
        request,
        Move.SEND_BACK,
        by=by,
        data={"why": why},
        failure=why,
        revision=request.revision,
    )
    if not request.requirements.filter(revision=request.revision, review__isnull=True).exists():
        settling.settle(request, by)  # all who are asked today have agreed


# --- Apply ------------------------------------------------------------------------------------


def _apply(request: Request, by: Actor) -> None:
    """Applies kind after kind in the order they depend on each other, then settles the request."""
    names = list(request.items.values_list("kind", flat=True).distinct().order_by())
    for name in kinds.in_order(names):
        _skip_dependants(request, by)
        ready = _ready(request, name)
        if not ready:
            continue
        kinds.get(name).apply(
            ApplyRun(
                request_id=request.pk,
                items=ready,
                actor=by,
                record=lambda outcomes: _record(request, outcomes, by),
            )
        )
    _skip_dependants(request, by)
    states = [ItemState(s) for s in request.items.values_list("state", flat=True)]
    what = settled(states)
    if what is None:
        waiting = request.items.filter(state__in=LEFT)
        why = waiting.exclude(error="").values_list("error", flat=True).first()
        _put_off_or_fail(request, why or "The cluster did not answer yet.", by)
        return
    failed = request.items.filter(state=ItemState.FAILED).values_list("error", flat=True).first()
    _transition(
        request,
        what,
        by=by,
        failure=failed or "",
        attempts=0,
        next_attempt_at=None,
        applied_at=Now() if what is Move.COMPLETE else None,
    )


def _ready(request: Request, kind: str) -> list[ItemView]:
    """Items of that kind that are left to do and wait for nothing any more."""
    states = dict(request.items.values_list("position", "state"))
    rows = [
        row
        for row in request.items.filter(kind=kind, state__in=LEFT)
        if all(states.get(p, ItemState.APPLIED) == ItemState.APPLIED for p in row.depends_on)
    ]
    return views(request, rows)


def _skip_dependants(request: Request, by: Actor) -> None:
    """Items that wait for one that failed are skipped, and say which."""
    failed = {
        i.position: i.name
        for i in request.items.filter(state__in=[ItemState.FAILED, ItemState.SKIPPED])
    }
    if not failed:
        return
    with _owned(request):
        for item in request.items.filter(state=ItemState.PENDING, depends_on__overlap=list(failed)):
            cause = next(failed[p] for p in item.depends_on if p in failed)
            item.state, item.error = ItemState.SKIPPED, f"Not tried, since {cause} failed."
            item.save(update_fields=["state", "error"])
            _event(request, item, "item.skipped", by, {"because": cause})


def _give_up(request: Request, why: str, by: Actor) -> None:
    """Ends a request that was put off too often; what was applied stays applied."""
    with _owned(request):
        for item in request.items.filter(state__in=LEFT):
            item.state, item.error = ItemState.FAILED, item.error or why
            item.save(update_fields=["state", "error"])
            _event(request, item, "item.failed", by, {"error": item.error})
        states = [ItemState(s) for s in request.items.values_list("state", flat=True)]
        move(request, settled(states) or Move.FAIL, by=by, failure=why)


def _record(request: Request, outcomes: Mapping[int, Outcome], by: Actor) -> None:
    """Stores the outcomes of one batch with an event each, while the lease is held."""
    with _owned(request):
        rows = list(request.items.filter(pk__in=list(outcomes)))
        happenings = []
        for row in rows:
            outcome = outcomes[row.pk]
            if row.state == ItemState.APPLIED:
                continue  # a doubled answer: it was recorded, once
            row.state = _state_after(outcome)
            row.error = "" if outcome.state in DONE else outcome.message
            row.outcome = {"state": outcome.state, "message": outcome.message, **outcome.detail}
            if outcome.before_image is not None and row.before_image is None:
                row.before_image = dict(outcome.before_image)
            happenings.append(
                audit.Happening(
                    f"item.{outcome.state.value}",
                    audit.Subject(row.kind, f"{row.place}/{row.name}", row.name),
                    request_id=request.pk,
                    team=request.team.slug,
                    data={"item": row.pk, "message": outcome.message, **outcome.detail},
                )
            )
        Item.objects.bulk_update(
            rows, ["state", "error", "outcome", "before_image"], batch_size=500
        )
        done = [r.pk for r in rows if r.state == ItemState.APPLIED]
        Item.objects.filter(pk__in=done, applied_at__isnull=True).update(applied_at=Now())
        audit.record_many(happenings, by=by)


def _state_after(outcome: Outcome) -> ItemState:
    match outcome.state:
        case OutcomeState.APPLIED | OutcomeState.UNCHANGED:
            return ItemState.APPLIED
        case OutcomeState.FAILED:
            return ItemState.FAILED
        case OutcomeState.RETRY | OutcomeState.UNKNOWN:
            return ItemState.PENDING


def _event(
    request: Request, item: Item, action: str, by: Actor, data: Mapping[str, object]
) -> None:
    audit.record(
        action,
        by=by,
        about=audit.Subject(item.kind, f"{item.place}/{item.name}", item.name),
        request_id=request.pk,
        team=request.team.slug,
        data=data,
    )
