"""Gives every request its actor; ends sessions that nobody vouches for any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve, reverse
from django.utils.functional import SimpleLazyObject

from governance.actors import ANONYMOUS, Actor, actor_for_user
from governance.api.problems import plain_answer
from governance.errors import NotAllowed
from governance.models import User
from governance.services import second_factor, vouching
from governance.views.entering import PROVIDER_SESSION, VOUCHED_ELSEWHERE

API = "/api/"
# What somebody who still has to set up her second factor can open.
BEFORE_THE_SECOND_FACTOR = frozenset({"second-factor", "logout", "login", "theme"})
SET_IT_UP = "This installation wants a second factor of you. Set it up here, then go on."


class ActorMiddleware:
    """Sets `request.actor`, read from the database when first asked for.

    The API's token authentication puts its own actor in place of this one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: _actor_behind(request))  # type: ignore[attr-defined]  # ours
        return self.get_response(request)


class StillVouchedForMiddleware:
    """Asks the provider of somebody who came through one, when its last word is too old.

    A session that is over is ended before any view, page or API, sees it; the sentence why is on
    the sign-in page, and in the API's answer.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        number = request.session.get(PROVIDER_SESSION)
        ended = vouching.ended(number) if number is not None else None
        if number is not None and ended is not None:
            vouching.end(number)
            auth.logout(request)
            request.ended_because = ended.why  # type: ignore[attr-defined]  # ours
            if not request.path.startswith(API):
                messages.add_message(request, messages.ERROR, ended.why, extra_tags="bad")
        return self.get_response(request)


class SecondFactorMiddleware:
    """Lets nobody on who must have a second factor and has not set one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _lacks_a_second_factor(request):
            return self.get_response(request)
        if request.path.startswith(API):
            where = request.build_absolute_uri(reverse("second-factor"))
            return plain_answer(NotAllowed(f"{SET_IT_UP.split('.')[0]}. Set it up at {where}."))
        if _name_of(request.path) in BEFORE_THE_SECOND_FACTOR:
            return self.get_response(request)
        messages.add_message(request, messages.WARNING, SET_IT_UP)
        return HttpResponseRedirect(reverse("second-factor"))


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a request that passed the middleware."""
    return cast(Actor, request.actor)  # type: ignore[attr-defined]  # set above


def _actor_behind(request: HttpRequest) -> Actor:
    user = request.user
    return actor_for_user(user) if isinstance(user, User) else ANONYMOUS


def _lacks_a_second_factor(request: HttpRequest) -> bool:
    if not second_factor.wanted_of_some() or not request.user.is_authenticated:
        return False
    if request.session.get(VOUCHED_ELSEWHERE):
        return False
    user = request.user
    assert isinstance(user, User)  # noqa: S101 -- for the type checker
    return second_factor.needed(actor_of(request)) and second_factor.of(user) is None


def _name_of(path: str) -> str:
    try:
        return resolve(path).url_name or ""
    except Resolver404:
        return ""
