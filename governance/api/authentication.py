"""Who calls: a service token, or somebody signed in to the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from governance.actors import Actor
from governance.api.errors import CsrfFailed
from governance.services import tokens

SCHEME = "bearer"
LONGEST = 512


@dataclass(frozen=True, slots=True)
class TokenUser:
    """What the REST framework takes for a user when a token calls; the actor has the rights."""

    actor: Actor
    is_authenticated: bool = True
    is_active: bool = True
    pk: None = None


class TokenAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer weir_…``. A token that is no good is refused, never ignored."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        secret = secret.strip()
        actor = tokens.authenticate(secret) if 0 < len(secret) <= LONGEST else None
        if actor is None:
            raise AuthenticationFailed(
                "The token is unknown, revoked or expired. An owner of its team can issue another."
            )
        request._request.actor = actor  # type: ignore[attr-defined]  # in place of the session's
        return TokenUser(actor), None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="weir"'


def _no_view(request: Any) -> HttpResponse:
    """The check asks for a view, to see whether it is exempt. Ours is not."""
    return HttpResponse()


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of the pages; every write needs their CSRF token."""

    def authenticate(self, request: Request) -> Any:
        """As the framework does; a session that has just ended says why."""
        because = getattr(request._request, "ended_because", "")
        if because:
            raise AuthenticationFailed(because)
        return super().authenticate(request)

    def enforce_csrf(self, request: Request) -> None:
        check = authentication.CSRFCheck(lambda _: None)  # type: ignore[arg-type]  # as DRF does
        check.process_request(request)
        reason = check.process_view(request, _no_view, (), {})
        if reason:
            raise CsrfFailed(
                "A write within a session needs the header X-CSRFToken with the value of the "
                "csrftoken cookie. Programs use a service token instead."
            )
