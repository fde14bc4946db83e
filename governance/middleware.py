"""Gives every request its actor."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from governance.actors import ANONYMOUS, Actor, actor_for_user
from governance.models import User


class ActorMiddleware:
    """Sets `request.actor`, read from the database when first asked for.

    The API's token authentication puts its own actor in place of this one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: _actor_behind(request))  # type: ignore[attr-defined]  # ours
        return self.get_response(request)


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a request that passed the middleware."""
    return cast(Actor, request.actor)  # type: ignore[attr-defined]  # set above


def _actor_behind(request: HttpRequest) -> Actor:
    user = request.user
    return actor_for_user(user) if isinstance(user, User) else ANONYMOUS
