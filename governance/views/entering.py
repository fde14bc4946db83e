"""How a session begins, whichever way somebody came: by password, with a code, by a provider."""

from __future__ import annotations

import time
from collections.abc import Mapping

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from governance.identity import provider
from governance.identity.mapping import ClaimWrong
from governance.identity.provider import Tokens
from governance.models import Source, User
from governance.services import identities, second_factor, vouching
from governance.views import carried

PROVIDER_SESSION = "provider_session"
VOUCHED_ELSEWHERE = "vouched_elsewhere"  # the second factor is the provider's business
HALF = "half_signed_in"
HALF_LASTS = 300  # seconds
BY_PROVIDER = "governance.identity.backends.ProviderBackend"
BY_DIRECTORY = "governance.identity.backends.DirectoryBackend"


def by_password(request: HttpRequest, user: User) -> bool:
    """Begins the session of somebody whose password was right; False where a code is still asked
    for, until which she is nobody."""
    if second_factor.of(user) is None:
        _begin(request, user, str(getattr(user, "backend", "")))
        return True
    request.session.cycle_key()
    request.session[HALF] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "backend": str(getattr(user, "backend", "")),
        "until": time.time() + HALF_LASTS,
    }
    return False


def half_signed_in(request: HttpRequest) -> User | None:
    """Whose password was right a short while ago and still is hers."""
    half = request.session.get(HALF)
    if not half or half["until"] < time.time():
        return None
    user = User.objects.filter(pk=half["user"], is_active=True).first()
    return user if user is not None and user.get_session_auth_hash() == half["hash"] else None


def by_code(request: HttpRequest, user: User) -> None:
    """Begins the session of somebody who was half signed in and whose code was right."""
    _begin(request, user, request.session.pop(HALF)["backend"])


def by_provider(
    request: HttpRequest, claims: Mapping[str, object], tokens: Tokens, *, to: str
) -> HttpResponse:
    """Begins the session of somebody whom OpenID Connect vouches for, and leads her where she
    wanted to go. Raises SignInRefused."""
    try:
        arrival = identities.from_claims(provider.options(), claims)
    except ClaimWrong as wrong:
        who = str(claims.get("sub", ""))
        raise identities.refusal(Source.OIDC, wrong, who=who) from wrong
    identity = identities.arrive(arrival)
    auth.login(request, identity.user, backend=BY_PROVIDER)
    request.session[PROVIDER_SESSION] = vouching.begin(identity, tokens).pk
    request.session[VOUCHED_ELSEWHERE] = True
    identities.record_sign_in(identity)
    return HttpResponseRedirect(carried.safe(request, to))


def refused(request: HttpRequest, said: str) -> HttpResponse:
    """Back to the sign-in page, which says why."""
    messages.add_message(request, messages.ERROR, said, extra_tags="bad")
    return HttpResponseRedirect(reverse("login"))


def _begin(request: HttpRequest, user: User, backend: str) -> None:
    auth.login(request, user, backend=backend)
    if backend == BY_DIRECTORY:
        identity = user.identities.get(source=Source.LDAP)
        request.session[PROVIDER_SESSION] = vouching.begin(identity).pk
