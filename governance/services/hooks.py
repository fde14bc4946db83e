"""Webhooks: registering one, pausing it, trying it, and switching off what does not answer."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse

from governance import access, audit, dispatch
from governance.actors import Actor, system_actor
from governance.errors import Conflict, Invalid, Taken
from governance.models import Delivery, DeliveryState, Hook, Team
from governance.notices import addresses, chat
from governance.notices.table import FOR_HOOKS, OUTSIDE, Happening
from governance.permissions import Action, demand
from governance.secrets import Secret, seal
from governance.services import circles, notices

MOST_OF_A_TEAM = 20
SWITCHED_OFF_AFTER = 20  # failures in a row
TESTS_WAITING = 3


@transaction.atomic
def create(
    *, name: str, team: Team | None, address: str, happenings: Sequence[str], by: Actor
) -> tuple[Hook, str]:
    """A new webhook and its signing secret, which is shown this once ("" for a chat service).

    An address with http(s) gets our signed JSON; any other is one of apprise's and is kept as a
    secret. No `happenings` means all. Raises Invalid, Taken, NotAllowed, and SecretError where
    nothing can be encrypted.
    """
    demand(by, Action.MANAGE_HOOKS, "hook", team.slug if team else None)
    hook = Hook(
        name=_name(name),
        team=team,
        happenings=_happenings(happenings),
        created_by_id=by.user_id,
    )
    _within_limit(team)
    secret = _aim(hook, address.strip())
    try:
        with transaction.atomic():
            hook.save(force_insert=True)
    except IntegrityError:
        raise Taken(
            f"There is a webhook called {hook.name!r} here already. Choose another name.",
            path="name",
        ) from None
    _record("hook.created", hook, by)
    return hook, secret


@transaction.atomic
def pause(pk: int, *, by: Actor) -> Hook:
    """Stops a webhook; what waits for it is left out. A second call changes nothing."""
    hook = _locked(pk, by)
    if hook.paused_at is None:
        Hook.objects.filter(pk=pk).update(paused_at=Now(), paused_why="")
        waiting = Delivery.objects.filter(hook=hook, state=DeliveryState.WAITING)
        waiting.exclude(happening=Happening.TEST).update(
            state=DeliveryState.DROPPED, settled_at=Now(), last_error="The webhook was paused."
        )
        _record("hook.paused", hook, by)
    return access.get_hook(by, pk)


@transaction.atomic
def resume(pk: int, *, by: Actor) -> Hook:
    """Lets it go on, from now: what happened meanwhile is not sent."""
    hook = _locked(pk, by)
    if hook.paused_at is not None:
        Hook.objects.filter(pk=pk).update(paused_at=None, paused_why="", failures=0, retry_at=None)
        _record("hook.resumed", hook, by)
    return access.get_hook(by, pk)


@transaction.atomic
def delete(pk: int, *, by: Actor) -> None:
    """Removes it with its deliveries; the audit keeps that it was there."""
    hook = _locked(pk, by)
    _record("hook.deleted", hook, by)
    hook.delete()


@transaction.atomic
def send_test(pk: int, *, by: Actor) -> Delivery:
    """A delivery that says it is a test, tried once; paused or not. Raises Conflict while several
    wait already."""
    hook = _locked(pk, by)
    tests = Delivery.objects.filter(hook=hook, happening=Happening.TEST, state="waiting")
    if tests.count() >= TESTS_WAITING:
        raise Conflict(f"{TESTS_WAITING} tests of it wait already. See how these end first.")
    made = Delivery.objects.create(
        key=f"test:{hook.pk}:{secrets.token_hex(8)}",
        hook=hook,
        happening=Happening.TEST.value,
        told={"who": by.name, "sentence": OUTSIDE[Happening.TEST]},
    )
    _record("hook.tested", hook, by)
    dispatch.after_commit("governance.deliver", made.pk, queue="notices")
    return made


def failed(hook: Hook, why: str, *, final: bool, wait: timedelta) -> None:
    """Holds the next delivery back; switches the webhook off after the last failure in a row, or
    one that settles it, and tells its owners. In the caller's transaction."""
    Hook.objects.filter(pk=hook.pk).update(failures=F("failures") + 1, retry_at=Now() + wait)
    off = Hook.objects.filter(pk=hook.pk, paused_at__isnull=True)
    if not final:
        off = off.filter(failures__gte=SWITCHED_OFF_AFTER)
    if not off.update(paused_at=Now(), paused_why=why[:400]):
        return
    by = system_actor("notices")
    _record("hook.switched_off", hook, by, why=why)
    notices.tell(
        Happening.HOOK_OFF,
        people=circles.owners_of(hook.team.slug if hook.team else None),
        key=f"hook_off:{hook.pk}:{secrets.token_hex(6)}",
        by=by,
        title=hook.name,
        url=reverse("hook", args=[hook.pk]),
        detail=why,
    )


def _locked(pk: int, by: Actor) -> Hook:
    access.get_hook(by, pk, Action.MANAGE_HOOKS)
    return Hook.objects.select_related("team").select_for_update(of=("self",)).get(pk=pk)


def _aim(hook: Hook, address: str) -> str:
    """Sets where it goes and its sealed secret; gives back the secret that is to be shown."""
    if address.lower().startswith(("http:", "https:")):
        target = addresses.read(address)
        if addresses.in_the_open(target, settings.WEBHOOK_PRIVATE_HOSTS):
            raise Invalid(
                "The address begins with http://, so anybody on the way would read what is sent. "
                "Write https://, or have the host listed in WEIR_WEBHOOK_PRIVATE_HOSTS.",
                path="address",
            )
        hook.scheme, hook.address = target.scheme, address
        secret = f"whs_{secrets.token_urlsafe(32)}"
        hook.secret_ref = seal(secret)
        return secret
    hook.scheme = chat.check(Secret(address))
    hook.secret_ref = seal(address)
    return ""


def _within_limit(team: Team | None) -> None:
    if Hook.objects.filter(team=team).count() >= MOST_OF_A_TEAM:
        raise Conflict(f"There are {MOST_OF_A_TEAM} webhooks here, which is all. Delete one first.")


def _name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > 120 or "\x00" in cleaned:
        raise Invalid("A webhook needs a name of 1 to 120 characters.", path="name")
    return cleaned


def _happenings(given: Sequence[str]) -> list[str]:
    known = [h.value for h in FOR_HOOKS]
    wrong = [name for name in given if name not in known]
    if wrong:
        raise Invalid(
            f"There is no happening {wrong[0][:40]!r}. Choose among {', '.join(known)}.",
            path="happenings",
        )
    return [name for name in known if name in given] or known


def _record(action: str, hook: Hook, by: Actor, **data: object) -> None:
    team = hook.team.slug if hook.team else ""
    said = {"scheme": hook.scheme, "happenings": hook.happenings, **data}
    audit.record(action, by=by, about=hook, team=team, data=said)
