"""Which ways in there are: a password of Weir's own, one of the directory's, a provider's word."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from governance.identity import directory
from governance.models import Identity, Source, User
from governance.services import identities


class LocalBackend(ModelBackend):
    """A password that Weir keeps.

    With WEIR_LOCAL_SIGN_IN=break-glass only a superuser's counts, and sessions that began with
    another end at their next request. Nobody whom a provider vouches for has one.
    """

    def user_can_authenticate(self, user: User | AnonymousUser | None) -> bool:
        opens = settings.LOCAL_SIGN_IN == "all" or getattr(user, "is_superuser", False)
        return bool(opens) and super().user_can_authenticate(user)

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        found = super().authenticate(request, username=username, password=password, **kwargs)
        if not isinstance(found, User):
            return None
        vouched = Identity.objects.filter(user=found, subject__isnull=False).exists()
        return None if vouched and not found.is_superuser else found


class DirectoryBackend(ModelBackend):
    """A password that the directory keeps. Where there is an account of Weir's own with that name,
    the directory is not asked: what was typed is that account's business."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        known = directory.options()
        if known is None or not username or not password or _is_local(username):
            return None
        return identities.by_directory(known, username, password)


class ProviderBackend(ModelBackend):
    """Somebody whom OpenID Connect vouched for: there is nothing to type."""

    def authenticate(self, request: HttpRequest | None, **kwargs: Any) -> None:  # type: ignore[override]  # nobody
        return None


def _is_local(username: str) -> bool:
    known = User.objects.filter(username__iexact=username)
    return known.exists() and not known.filter(identities__source=Source.LDAP).exists()
