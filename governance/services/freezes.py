"""Freezes: times in which nothing is applied in an environment, declared and lifted by platform."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from governance import audit
from governance.actors import Actor
from governance.clock import database_now
from governance.errors import Conflict, Invalid, NotFound
from governance.models import Environment, Freeze
from governance.permissions import Action, demand
from governance.services import timing

LONGEST = timedelta(days=366)
MOST_STANDING = 100
MAX_REASON = 300


@transaction.atomic
def declare(
    slug: str, *, starts_at: datetime | None, ends_at: datetime, reason: str, by: Actor
) -> Freeze:
    """Nothing is applied there from `starts_at` (now, without one) until `ends_at`.

    What is being applied goes on. Raises Invalid for a time that is over or too long.
    """
    demand(by, Action.FREEZE, "environment")
    environment = Environment.objects.select_for_update().filter(slug=slug).first()
    if environment is None:
        raise NotFound(f"There is no environment {slug}.", environment=slug)
    now = database_now()
    freeze = Freeze(
        environment=environment,
        starts_at=starts_at or now,
        ends_at=ends_at,
        reason=_reason(reason),
        declared_by_id=by.user_id,
    )
    _check(freeze, now)
    freeze.save(force_insert=True)
    timing.wake(environment)
    audit.record(
        "environment.frozen",
        by=by,
        about=environment,
        data={
            "freeze": freeze.pk,
            "from": freeze.starts_at.isoformat(),
            "until": freeze.ends_at.isoformat(),
            "reason": freeze.reason,
        },
    )
    return freeze


@transaction.atomic
def lift(pk: int, *, by: Actor) -> Freeze:
    """Ends the freeze now, or calls it off. What waited for it alone is applied soon after."""
    demand(by, Action.FREEZE, "environment")
    freeze = (
        Freeze.objects.select_related("environment")
        .select_for_update(of=("self",))
        .filter(pk=pk)
        .first()
    )
    if freeze is None:
        raise NotFound("There is no such freeze.", freeze=pk)
    if freeze.lifted_at is not None or freeze.ends_at <= database_now():
        raise Conflict("This freeze is over already; there is nothing to lift.", freeze=pk)
    Freeze.objects.filter(pk=pk).update(lifted_at=Now(), lifted_by=by.user_id)
    freeze.refresh_from_db()
    timing.wake(freeze.environment)
    audit.record(
        "environment.freeze_lifted",
        by=by,
        about=freeze.environment,
        data={"freeze": pk, "reason": freeze.reason},
    )
    return freeze


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason:
        raise Invalid("Say what the freeze is for: everybody who waits reads it.", path="reason")
    if len(reason) > MAX_REASON or "\x00" in reason:
        raise Invalid(
            f"The reason is one sentence of {MAX_REASON} characters at most. Shorten it.",
            path="reason",
        )
    return reason


def _check(freeze: Freeze, now: datetime) -> None:
    if freeze.ends_at <= freeze.starts_at:
        raise Invalid(
            "The freeze ends before it begins. Choose an end after its start.", path="ends_at"
        )
    if freeze.ends_at <= now:
        raise Invalid("This time is over. Choose an end that is to come.", path="ends_at")
    if freeze.ends_at - freeze.starts_at > LONGEST or freeze.starts_at > now + LONGEST:
        raise Invalid(
            "A freeze begins within a year and lasts a year at most. Choose a nearer end.",
            path="ends_at",
        )
    standing = Freeze.objects.filter(
        environment=freeze.environment, lifted_at__isnull=True, ends_at__gt=Now()
    ).count()
    if standing >= MOST_STANDING:
        raise Invalid(
            f"{freeze.environment.slug} has {standing} freezes already. Lift those that are no "
            "longer meant.",
            path="ends_at",
        )
