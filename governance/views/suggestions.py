"""Suggestions on a request's page: made by reviewers, taken over or dismissed by its authors."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from governance import access
from governance.errors import Conflict, Invalid, NotAllowed, Refused
from governance.models import Request
from governance.services import suggestions
from governance.views.pages import PageRequest, go, page


@page
@require_POST
def suggest(request: PageRequest, number: int) -> HttpResponse:
    """Another value for one path of an item."""
    found = access.get_request(request.actor, number)
    typed = request.POST
    return _done(
        request,
        number,
        lambda: suggestions.suggest(
            found,
            revision=_number(typed.get("revision", "")),
            position=_number(typed.get("position", "")),
            path=typed.get("path", ""),
            value=typed.get("value", ""),
            comment=typed.get("comment", ""),
            by=request.actor,
        ),
    )


@page
@require_POST
def settle(request: PageRequest, number: int) -> HttpResponse:
    """Takes a suggestion over as a new revision, or dismisses it."""
    found = suggestions.get(number, request.actor)
    revision = _number(request.POST.get("revision", ""))

    def settled() -> Request:
        if request.POST.get("do") == "accept":
            return suggestions.accept(found, revision=revision, by=request.actor)
        return suggestions.dismiss(found, by=request.actor)

    return _done(request, found.request_id, settled)


def _done(request: PageRequest, number: int, what: Callable[[], object]) -> HttpResponse:
    try:
        what()
    except (Conflict, Invalid, NotAllowed, Refused) as error:
        messages.add_message(request, messages.ERROR, error.message, extra_tags="bad")
    return go(request, reverse("request", args=[number]))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
