"""Whether a provider still vouches for a session: asked again and again while it lasts.

A word younger than WEIR_IDENTITY_RECHECK counts. An older one is asked for anew, in the request
that finds it too old, so that what the provider took is gone in that very request. While the
provider is away the last word counts for WEIR_IDENTITY_GRACE, and no longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Now

from governance import secrets
from governance.identity import directory, provider
from governance.identity.directory import DirectoryAway
from governance.identity.mapping import ClaimWrong, groups_in
from governance.identity.provider import ProviderAway, ProviderRefused, Tokens
from governance.models import Identity, ProviderSession, Source
from governance.services import identities

# Within it one request of a session exchanges its refresh token: some providers take a second use
# of one for theft.
ONE_REFRESH = timedelta(seconds=15)
AGE = ExpressionWrapper(Now() - F("checked_at"), output_field=DurationField())


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a session is over, to be told to the person."""

    why: str


def begin(identity: Identity, tokens: Tokens | None = None) -> ProviderSession:
    """A session that the provider has just vouched for."""
    sealed = secrets.seal(tokens.packed()) if tokens is not None else ""
    return ProviderSession.objects.create(identity=identity, tokens=sealed, checked_at=Now())


def end(number: int) -> None:
    """Forgets a session and its tokens."""
    ProviderSession.objects.filter(pk=number).delete()


def tidy() -> int:
    """Removes sessions that nobody can have any more; gives the number of rows."""
    lasts = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    removed, _ = ProviderSession.objects.filter(checked_at__lt=Now() - 2 * lasts).delete()
    return removed


def ended(number: int) -> Ended | None:
    """Why that session is over; None while its provider vouches for it."""
    session = (
        ProviderSession.objects.select_related("identity__user")
        .annotate(age=AGE)
        .filter(pk=number)
        .first()
    )
    if session is None:
        return Ended("Your session has ended. Sign in again.")
    age: timedelta = session.age
    if settings.IDENTITY_RECHECK and age < settings.IDENTITY_RECHECK:
        return None
    label = identities.label_of(session.identity.source)
    try:
        groups = _ask(session)
    except (ProviderAway, DirectoryAway) as away:
        if age < settings.IDENTITY_GRACE:
            return None
        minutes = int(age.total_seconds() // 60)
        return Ended(
            f"{away.message} Its last word on you is {minutes} minutes old, which is too old to "
            "go on with. Sign in again when it is back."
        )
    except ProviderRefused:
        return Ended(f"{label} does not vouch for your session any more. Sign in again.")
    except ClaimWrong as wrong:
        identities.settle(session.identity, ())
        username = session.identity.user.username
        return Ended(identities.refusal(session.identity.source, wrong, who=username).message)
    if groups is None:
        identities.settle(session.identity, ())
        return Ended(f"You are not in {label} any more, so your session has ended.")
    identities.settle(session.identity, groups)
    ProviderSession.objects.filter(pk=number).update(checked_at=Now())
    return None


def _ask(session: ProviderSession) -> tuple[str, ...] | None:
    """The groups now; None for somebody who is not there any more."""
    identity = session.identity
    if identity.source == Source.OIDC:
        return _ask_provider(session)
    known = directory.options()
    if known is None or known.user_base != identity.issuer:
        return None
    entry = directory.looked_up(known, identity.user.username)
    return entry.groups if entry is not None and entry.subject == identity.subject else None


def _ask_provider(session: ProviderSession) -> tuple[str, ...]:
    known = provider.options()
    if known.issuer != session.identity.issuer:
        raise ProviderRefused("The installation has another provider now.")
    tokens = Tokens.unpacked(secrets.reveal(session.tokens).reveal())
    try:
        claims = provider.userinfo(tokens.access)
    except ProviderRefused:
        claims = _refreshed(session, tokens)
    else:
        # Some providers tell groups in the id token alone.
        if known.groups_claim.split(".", 1)[0] not in claims and tokens.refresh:
            claims = {**_refreshed(session, tokens), **claims}
    if claims.get("sub", session.identity.subject) != session.identity.subject:
        raise ProviderRefused("The provider speaks of somebody else.")
    return groups_in(claims, known.groups_claim)


def _refreshed(session: ProviderSession, tokens: Tokens) -> Mapping[str, object]:
    """What new tokens say; they are kept. Where another request does this now, nothing is known."""
    free = Q(refreshing_at__isnull=True) | Q(refreshing_at__lt=Now() - ONE_REFRESH)
    taken = ProviderSession.objects.filter(free, pk=session.pk).update(refreshing_at=Now())
    if not taken:
        raise ProviderAway("Another request of this session asks the provider at the moment.")
    try:
        # Another request may have been here since this one read the row.
        session.refresh_from_db(fields=["tokens"])
        stands = Tokens.unpacked(secrets.reveal(session.tokens).reveal())
        if stands != tokens:
            return provider.userinfo(stands.access)
        new, claims = provider.refreshed(tokens)
        sealed = secrets.seal(new.packed())
        ProviderSession.objects.filter(pk=session.pk).update(tokens=sealed)
    finally:
        ProviderSession.objects.filter(pk=session.pk).update(refreshing_at=None)
    return {**claims, **provider.userinfo(new.access)}
