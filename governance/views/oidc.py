"""The steps of OpenID Connect as allauth does them, and what Weir does instead of its accounts.

From allauth come state, PKCE, the code and its exchange. None of its pages is mounted, nothing of
its tables is written: who may come in is decided by `services.identities`, and where allauth would
go on to an account of its own, Weir's answer takes over.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base.constants import AuthError, AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from governance.errors import WeirError
from governance.identity import provider as door
from governance.identity.provider import ProviderRefused, Tokens
from governance.views import entering

PROVIDER = "oidc"
CANCELLED = "You cancelled signing in. Nothing has changed."
log = structlog.get_logger(__name__)


class Exchange(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # untyped in the library
    """allauth's exchange, with the description and the signatures read by Weir's door."""

    @property
    def openid_config(self) -> Mapping[str, Any]:
        return door.discovered()

    @property
    def basic_auth(self) -> bool:
        return door.uses_basic()

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return settings.BASE_URL + reverse("oidc-callback")

    def _fetch_user_info(self, access_token: str) -> Mapping[str, Any]:
        return door.userinfo(access_token)

    def _decode_id_token(self, app: SocialApp, id_token: str) -> Mapping[str, Any]:
        return door.verified(id_token)


class Provider(OpenIDConnectProvider):  # type: ignore[misc]  # untyped in the library
    """The one provider of an installation."""

    oauth2_adapter_class = Exchange


class Steps(DefaultSocialAccountAdapter):  # type: ignore[misc]  # untyped in the library
    """What allauth asks its installation for (SOCIALACCOUNT_ADAPTER)."""

    def get_provider(self, request: HttpRequest, provider: str, client_id: str = "") -> Provider:
        known = door.options()
        app = SocialApp(
            provider="openid_connect",
            provider_id=PROVIDER,
            name=known.label,
            client_id=known.client_id,
            secret=known.client_secret,
            settings={
                "server_url": known.issuer,
                "oauth_pkce_enabled": True,
                "scope": list(known.scopes),
            },
        )
        return Provider(request, app=app)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: object) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """The code was exchanged and the claims are here; this is as far as allauth goes."""
        raise ImmediateHttpResponse(_arrived(request, sociallogin))

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: object,
        error: object = None,
        exception: Exception | None = None,
        extra_context: object = None,
    ) -> None:
        cancelled = error == AuthError.CANCELLED
        if not cancelled:
            log.warning("oidc_failed", error=type(exception).__name__ if exception else str(error))
        said = CANCELLED if cancelled else "Signing in did not work. Begin once more."
        raise ImmediateHttpResponse(entering.refused(request, said))


def begin(request: HttpRequest, to: str) -> HttpResponse:
    """The redirect to the provider, with state, PKCE and nonce. Raises WeirError."""
    provider = Steps(request).get_provider(request, PROVIDER)
    nonce = secrets.token_urlsafe(24)
    answer: HttpResponse = provider.redirect(
        request, AuthProcess.LOGIN, next_url=to, auth_params={"nonce": nonce}, nonce=nonce
    )
    return answer


def come_back(request: HttpRequest) -> HttpResponse:
    """The answer to somebody who comes back from the provider."""
    try:
        answer: HttpResponse = OAuth2CallbackView.adapter_view(Exchange(request, PROVIDER))(request)
    except WeirError as error:
        log.warning("oidc_failed", error=error.code, why=error.message)
        return entering.refused(request, error.message)
    except (KeyError, ValueError) as error:  # an answer that is none of OpenID Connect
        log.warning("oidc_failed", error=type(error).__name__)
        return entering.refused(request, "The provider's answer cannot be read. Begin once more.")
    return answer


def _arrived(request: HttpRequest, sociallogin: Any) -> HttpResponse:
    told: Mapping[str, Any] = sociallogin.account.extra_data
    id_token, info = told.get("id_token") or {}, told.get("userinfo") or {}
    try:
        # The nonce ties the answer to this browser, the subject the one half to the other
        # (OpenID Connect Core, 3.1.3.7 and 5.3.2).
        if not secrets.compare_digest(
            str(id_token.get("nonce", "")), str(sociallogin.state.get("nonce", "-"))
        ) or info.get("sub", id_token["sub"]) != id_token.get("sub"):
            raise ProviderRefused("The provider's answer belongs to another sign-in. Begin again.")
        tokens = Tokens(sociallogin.token.token, sociallogin.token.token_secret or "")
        claims = {**id_token, **info}
        return entering.by_provider(request, claims, tokens, to=sociallogin.state.get("next", ""))
    except WeirError as error:
        log.warning("oidc_refused", error=error.code, why=error.message)
        return entering.refused(request, error.message)
