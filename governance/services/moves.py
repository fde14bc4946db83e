"""Moving a request from state to state: one guarded update and one event a move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from governance import audit
from governance.actors import Actor
from governance.errors import Overtaken
from governance.models import Request
from governance.services import notices
from governance.services.deadlines import first_reminder
from governance.workflow import WAITING, Move, State, target


def move(
    request: Request,
    what: Move,
    *,
    by: Actor,
    data: Mapping[str, object] | None = None,
    said: str = "",
    **fields: Any,
) -> None:
    """Makes the move on the row and on `request`, and tells people, in the caller's transaction.

    The update names the state it starts from, so of two that move at once one wins; the other
    gets Overtaken. A move that the workflow does not know is a Conflict. `fields` are set in the
    same update; `said` is what the person wrote with it, for those who are told.
    """
    before = State(request.state)
    after = target(before, what)
    if (after in WAITING) != (before in WAITING):
        # From now on it waits for people, or no longer.
        until = Now() + settings.REQUEST_LIFETIME if after in WAITING else None
        fields = {"expires_at": until, **fields}
    if after is not before and (after in WAITING or before in WAITING):
        fields = {"remind_at": first_reminder(before, after), **fields}
    changed = Request.objects.filter(pk=request.pk, state=before, lease=request.lease).update(
        state=after, state_at=Now(), **fields
    )
    if changed != 1:
        raise Overtaken(
            f"Request #{request.pk} has moved on since you looked. Reload it and decide again.",
            request=request.pk,
        )
    request.state = after
    for name, value in fields.items():
        setattr(request, name, value)
    event = audit.record(
        f"request.{what.value}",
        by=by,
        about=request,
        request_id=request.pk,
        team=request.team.slug,
        data={"from": before.value, "to": after.value, **(data or {})},
    )
    notices.happened(event, request, by=by, detail=said or _why(data, fields))


def _why(data: Mapping[str, object] | None, fields: Mapping[str, object]) -> str:
    """Why Weir itself made a move, where it says so."""
    why = (data or {}).get("why") or fields.get("failure")
    return why if isinstance(why, str) else ""
