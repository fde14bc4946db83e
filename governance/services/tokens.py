"""Service tokens: issuing, telling who calls, taking back.

A token reads ``weir_<prefix>_<secret>``. The prefix finds the row; of the secret only a SHA-256
digest is kept, which is enough for 256 random bits. The plain text exists in the answer of `issue`
and nowhere else.
"""

from __future__ import annotations

import hmac
import re
import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from governance import access, audit
from governance.actors import Actor, actor_for_token
from governance.errors import Invalid, Taken
from governance.models import ServiceToken, Team
from governance.permissions import Action, Scope, demand

SHAPE = re.compile(r"weir_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")
ALPHABET = string.ascii_lowercase + string.digits
MOST_RATE = 1_000_000  # requests a second
LONGEST_LIFE = timedelta(days=3 * 366)
# Written down this often at most, so that a busy client costs one write a minute.
USE_RESOLUTION = timedelta(minutes=1)


@transaction.atomic
def issue(
    *,
    name: str,
    team: Team,
    scopes: Sequence[str],
    expires_at: datetime | None,
    by: Actor,
    context: str | None = None,
) -> tuple[ServiceToken, str]:
    """A new token of the team, and its plain text, which is not kept.

    `context` binds it to one registry context. Raises Invalid (a value), Taken (the name is
    taken by a token that still works) and NotAllowed.
    """
    demand(by, Action.MANAGE_TOKENS, "token", team.slug)
    cleaned = " ".join(name.split())
    _check(cleaned, scopes, expires_at)
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    token = ServiceToken(
        team=team,
        name=cleaned,
        prefix=prefix,
        digest=_digest(secret),
        scopes=sorted(set(scopes)),
        context=context,
        created_by_id=by.user_id,
        expires_at=expires_at,
    )
    try:
        with transaction.atomic():
            token.save(force_insert=True)
    except IntegrityError:
        raise Taken(
            f"{team.slug} has a token called {cleaned!r} that still works. Choose another name, or "
            "revoke that one first.",
            name=cleaned,
        ) from None
    audit.record(
        "token.issued",
        by=by,
        about=token,
        team=team.slug,
        data={
            "scopes": token.scopes,
            "context": context,
            "expires_at": expires_at.isoformat() if expires_at else None,
        },
    )
    return token, f"weir_{prefix}_{secret}"


def _check(name: str, scopes: Sequence[str], expires_at: datetime | None) -> None:
    if not name or len(name) > 120 or "\x00" in name:
        raise Invalid("A token needs a name of 1 to 120 characters. Say who uses it.", path="name")
    known = [str(s) for s in Scope]
    wrong = [s for s in scopes if s not in known]
    if wrong or not scopes:
        said = (
            f"There is no scope {wrong[0]!r}." if wrong else "A token without scopes does nothing."
        )
        raise Invalid(f"{said} Choose among {', '.join(known)}.", path="scopes")
    now = timezone.now()
    if expires_at is not None and not now < expires_at <= now + LONGEST_LIFE:
        raise Invalid(
            "A token ends between now and three years from now. Choose another day.",
            path="expires_at",
        )


def authenticate(plain: str) -> Actor | None:
    """Who calls with this token; None when it is unknown, revoked or past its end. One query."""
    token = _good(plain)
    if token is None:
        return None
    _note_use(token)
    return actor_for_token(token)


def _good(plain: str) -> ServiceToken | None:
    shape = SHAPE.fullmatch(plain)
    if shape is None:
        return None
    token = (
        ServiceToken.objects.select_related("team")
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))
        .filter(prefix=shape[1], revoked_at__isnull=True)
        .first()
    )
    if token is None or not hmac.compare_digest(bytes(token.digest), _digest(shape[2])):
        return None
    return token


def _note_use(token: ServiceToken) -> None:
    if token.last_used_at and timezone.now() - token.last_used_at < USE_RESOLUTION:
        return
    ServiceToken.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=Now() - USE_RESOLUTION), pk=token.pk
    ).update(last_used_at=Now())


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


@transaction.atomic
def revoke(number: int, *, by: Actor) -> ServiceToken:
    """Ends a token at once. A second call changes nothing."""
    token = access.get_token(by, number, Action.MANAGE_TOKENS)
    ended = ServiceToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(
        revoked_at=Now()
    )
    token.refresh_from_db(fields=["revoked_at"])
    if ended:
        audit.record("token.revoked", by=by, about=token, team=token.team.slug)
    return token


@transaction.atomic
def set_rate(number: int, *, rate: int | None, burst: int | None = None, by: Actor) -> ServiceToken:
    """Gives a token its own limit at the registry: requests a second, and at once after a pause
    (twice the rate where that is left out). A rate of 0 is no limit; None takes that of the
    installation again. Heeded within a second. Raises Invalid, NotFound, NotAllowed."""
    token = access.get_token(by, number, Action.LIMIT_RATE)
    for path, value in (("rate", rate), ("burst", burst)):
        if value is not None and not 0 <= value <= MOST_RATE:
            raise Invalid(f"{value} is out of range: use 0 to {MOST_RATE:,}.", path=path)
    if burst is not None and not rate:
        raise Invalid("Without a rate there is nothing to burst from. Leave it out.", path="burst")
    if burst is not None and rate is not None and burst < rate:
        raise Invalid(f"Fewer at once than {rate} a second is not possible.", path="burst")
    before = [token.registry_rate, token.registry_burst]
    token.registry_rate, token.registry_burst = rate, burst
    token.save(update_fields=["registry_rate", "registry_burst"])
    audit.record(
        "token.limited",
        by=by,
        about=token,
        team=token.team.slug,
        data={"before": before, "after": [rate, burst]},
    )
    return token
