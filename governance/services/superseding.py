"""Replacing a request by another: the new one is submitted and the old one ends, at once."""

from __future__ import annotations

from django.db import transaction

from governance import access
from governance.actors import Actor
from governance.errors import Conflict
from governance.models import Request
from governance.permissions import Action, allowed
from governance.services import requests
from governance.workflow import TRANSITIONS, Move, State


def can_replace(request: Request, by: Actor) -> bool:
    """Whether this actor could start a replacement now."""
    may = allowed(by, Action.SUPERSEDE, "request", request.team.slug)
    return may.ok and (State(request.state), Move.SUPERSEDE) in TRANSITIONS


@transaction.atomic
def replace(request: Request, *, by: Actor) -> Request:
    """A draft of the same, of the same team, that takes the request's place when it is submitted.

    Until then the old one goes on. Who wrote the old one counts among the authors of the new: its
    content is hers. Raises Conflict for a request that nobody waits for any more.
    """
    request = access.get_request(by, request.pk, Action.SUPERSEDE)
    if not can_replace(request, by):
        raise Conflict(
            f"Request #{request.pk} is {State(request.state).words.lower()} and can no longer be "
            "replaced. Start a new request instead.",
            request=request.pk,
        )
    return requests.write_same(request, replaces=request, by=by)
