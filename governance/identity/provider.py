"""The only door to a provider of OpenID Connect: discovery, keys, userinfo, refreshing.

Addresses come from the discovery document of the one issuer that the installation names, and from
nothing that anybody types. Every call is bounded in time; an answer is read up to a limit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
import requests
from django.conf import settings

from governance.errors import WeirError
from governance.identity.options import OidcOptions

TIMEOUT = 5
DISCOVERY_HOLDS = 600  # seconds
LONGEST_ANSWER = 1024 * 1024
# What a public key verifies; nothing that a shared secret would.
ALGORITHMS = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
]  # fmt: skip


class ProviderAway(WeirError):
    """The provider does not answer, or not as one: what it would say is not known."""

    code = "provider_away"
    retryable = True


class ProviderRefused(WeirError):
    """The provider answered, and vouches no longer."""

    code = "provider_refused"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a provider gave for a session. Kept as ciphertext only."""

    access: str
    refresh: str = ""

    def packed(self) -> str:
        """As one text, to be sealed."""
        return json.dumps([self.access, self.refresh])

    @classmethod
    def unpacked(cls, text: str) -> Tokens:
        """What `packed` made."""
        return cls(*json.loads(text))


def options() -> OidcOptions:
    """What the installation says; raises ProviderRefused where it names no provider any more."""
    found: OidcOptions | None = settings.OIDC
    if found is None:
        raise ProviderRefused("This installation has no single sign-on any more.")
    return found


def discovered() -> Mapping[str, Any]:
    """The provider's own description, read anew every ten minutes."""
    return _discovered(options().issuer, int(time.monotonic() // DISCOVERY_HOLDS))


@lru_cache(maxsize=2)
def _discovered(issuer: str, _period: int) -> Mapping[str, Any]:
    found = _json(_call("GET", f"{issuer}/.well-known/openid-configuration"))
    if str(found.get("issuer", "")).rstrip("/") != issuer:
        raise ProviderAway(
            f"The provider at {issuer} calls itself {str(found.get('issuer'))[:200]!r}. Set "
            "WEIR_OIDC_ISSUER to the name it gives itself."
        )
    return found


def userinfo(access: str) -> Mapping[str, Any]:
    """The claims of the person now. Raises ProviderRefused where the token counts no more."""
    headers = {"Authorization": f"Bearer {access}"}
    return _json(_call("GET", _endpoint("userinfo_endpoint"), headers=headers))


def refreshed(tokens: Tokens) -> tuple[Tokens, Mapping[str, Any]]:
    """New tokens for old ones, and the claims of the new id token; none where none came."""
    if not tokens.refresh:
        raise ProviderRefused("The provider gave no token to ask again with.")
    known = options()
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
    auth = None
    if uses_basic():
        auth = (known.client_id, known.client_secret)
    else:
        form |= {"client_id": known.client_id, "client_secret": known.client_secret}
    answer = _json(_call("POST", _endpoint("token_endpoint"), data=form, auth=auth))
    access = answer.get("access_token")
    if not isinstance(access, str) or not access:
        raise ProviderRefused("The provider gave no new token.")
    id_token = answer.get("id_token")
    claims = verified(id_token) if isinstance(id_token, str) else {}
    return Tokens(access, str(answer.get("refresh_token") or tokens.refresh)), claims


def uses_basic() -> bool:
    """Whether the client's secret goes into a header: the default (OpenID Connect Discovery, 3)."""
    methods = discovered().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return "client_secret_post" not in methods


def verified(id_token: str) -> Mapping[str, Any]:
    """The claims of an id token whose signature, issuer, audience and time are right.

    Raises ProviderRefused for any other.
    """
    known = options()
    try:
        return jwt.decode(
            id_token,
            key=_key_of(id_token),
            algorithms=ALGORITHMS,
            audience=known.client_id,
            issuer=discovered()["issuer"],
            leeway=30,
            options={"require": ["exp", "iat", "sub"]},
        )
    except jwt.PyJWKClientConnectionError as error:
        raise ProviderAway("The provider's keys cannot be read at the moment.") from error
    except jwt.PyJWTError as error:
        raise ProviderRefused(
            f"The provider's answer cannot be trusted ({type(error).__name__})."
        ) from error


def _key_of(id_token: str) -> jwt.PyJWK:
    """The provider's key that signed. A provider with a single one need not name it (OpenID Connect
    Core, 10.1)."""
    keys = _keys(_endpoint("jwks_uri"))
    if "kid" in jwt.get_unverified_header(id_token):
        return keys.get_signing_key_from_jwt(id_token)
    signing = [key for key in keys.get_jwk_set().keys if key.public_key_use in {"sig", None}]
    if len(signing) != 1:
        raise ProviderRefused("The provider's answer does not say which of its keys signed it.")
    return signing[0]


@lru_cache(maxsize=2)
def _keys(address: str) -> jwt.PyJWKClient:
    """The provider's keys: kept for a while, and asked for again when an unknown one signed."""
    return jwt.PyJWKClient(address, timeout=TIMEOUT, lifespan=DISCOVERY_HOLDS)


def forget() -> None:
    """Reads the provider's description and keys anew at the next call."""
    _discovered.cache_clear()
    _keys.cache_clear()


def _endpoint(name: str) -> str:
    found = discovered().get(name)
    if not isinstance(found, str) or not found.startswith(("https://", "http://")):
        raise ProviderAway(f"The provider {options().issuer} names no {name}.")
    return found


def _call(method: str, address: str, **more: Any) -> bytes:
    """The body of a 200. Redirects are not followed: a description names the right address."""
    try:
        with requests.request(
            method, address, timeout=TIMEOUT, allow_redirects=False, stream=True, **more
        ) as answer:
            body = answer.raw.read(LONGEST_ANSWER + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:
        raise ProviderAway(
            f"The provider {options().issuer} does not answer ({type(error).__name__})."
        ) from error
    if answer.status_code in {400, 401, 403}:
        raise ProviderRefused("The provider does not vouch for this session any more.")
    if answer.status_code != 200 or len(body) > LONGEST_ANSWER:
        raise ProviderAway(
            f"The provider {options().issuer} answered {answer.status_code}, {len(body):,} bytes."
        )
    return bytes(body)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProviderAway(f"The provider {options().issuer} answered with something else.")
    return found
