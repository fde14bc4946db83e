"""Headers that every answer carries, and the one that says who really calls."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase


class ContentSecurityPolicyMiddleware:
    """Nothing inline, nothing from elsewhere; no page needs an exception."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        )
        return response


class ClientAddressMiddleware:
    """Takes the caller's address from X-Forwarded-For, behind proxies that are trusted.

    Each proxy appends the address it was called from, so with n proxies of ours the n-th entry from
    the end is the last one that a caller could not write. Anything else leaves the connection's
    address as it is.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.TRUSTED_PROXIES:
            told = request.headers.get("X-Forwarded-For", "").split(",")
            if len(told) >= settings.TRUSTED_PROXIES:
                self._believe(request, told[-settings.TRUSTED_PROXIES].strip())
        return self.get_response(request)

    def _believe(self, request: HttpRequest, address: str) -> None:
        try:
            request.META["REMOTE_ADDR"] = str(ip_address(address))
        except ValueError:
            return  # no address: the proxy is not set up as it was said to be
