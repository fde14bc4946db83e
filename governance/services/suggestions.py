"""Suggestions: another value for one thing, which the author takes over with one click."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models.functions import Now

from governance import access, audit, kinds, paths
from governance.actors import Actor
from governance.errors import Conflict, Invalid, NotAllowed, NotFound, Problem, Stale
from governance.kinds import DiffRow
from governance.models import Item, Request, Suggestion, SuggestionState
from governance.permissions import Action, allowed
from governance.services import notices, requests, timing
from governance.services.items import NewItem
from governance.workflow import State

MOST_OPEN = 50
LONGEST_VALUE = 1_000
TAKES_SUGGESTIONS = frozenset({State.IN_REVIEW, State.CHANGES_REQUESTED})


def can_suggest(request: Request, *, asked: bool) -> bool:
    """Whether somebody who is asked to agree, or is not, could suggest something now."""
    return asked and State(request.state) in TAKES_SUGGESTIONS


@transaction.atomic
def suggest(
    request: Request,
    *,
    revision: int,
    position: int,
    path: str,
    value: str,
    comment: str = "",
    by: Actor,
) -> Suggestion:
    """Suggests another value for one path of an item. Raises Invalid for what the kind cannot read,
    NotAllowed for whoever is not asked to approve."""
    request = access.lock_request(by, request.pk)
    if State(request.state) not in TAKES_SUGGESTIONS:
        raise Conflict(
            f"Request #{request.pk} is {State(request.state).words.lower()} and takes no "
            "suggestions.",
            request=request.pk,
        )
    if not timing.is_asked(request, by) or by.user_id is None:
        raise NotAllowed(
            "Whoever is asked to approve a request and wrote nothing of it may suggest. Comment "
            "instead, or edit it.",
            request=request.pk,
        )
    if request.revision != revision:
        raise Stale(
            f"Request #{request.pk} was edited since you looked: read the new revision first.",
            revision=request.revision,
        )
    item = request.items.filter(position=position).first()
    if item is None:
        raise Invalid(f"There is no item {position + 1} in this request.", path="position")
    _check(item, path, _text(value))
    if request.suggestions.filter(state=SuggestionState.OPEN).count() >= MOST_OPEN:
        raise Invalid(
            f"{MOST_OPEN} suggestions wait already. Ask for changes in words instead.", path="value"
        )
    made = Suggestion.objects.create(
        request=request,
        revision=revision,
        kind=item.kind,
        place=item.place,
        name=item.name,
        path=path,
        value=_text(value),
        comment=requests.plain_text(comment, "comment").strip(),
        suggested_by_id=by.user_id,
    )
    _record("request.suggested", made, request, by)
    return made


@transaction.atomic
def accept(suggestion: Suggestion, *, revision: int, by: Actor) -> Request:
    """Takes the value over as a new revision. From then on whoever suggested it counts among the
    authors. Raises Stale where somebody edited meanwhile, Conflict where it was settled."""
    found, request = _open(suggestion, by)
    item = request.items.filter(kind=found.kind, place=found.place, name=found.name).first()
    if item is None or not paths.has(item.after, found.path):
        raise Conflict(
            f"{found.name} is no longer asked for with a {found.path}. Dismiss the suggestion.",
            request=request.pk,
        )
    items = [
        NewItem(
            one.kind,
            one.operation,
            one.name,
            one.place,
            paths.with_value(one.after, found.path, found.value)
            if one.pk == item.pk
            else one.after,
        )
        for one in request.items.all()
    ]
    requests.edit(
        request,
        title=request.title,
        reason=request.reason,
        items=items,
        revision=revision,
        also_by={found.suggested_by_id},
        by=by,
    )
    _settle(found, SuggestionState.ACCEPTED, by)
    _record("request.suggestion_accepted", found, request, by)
    return access.get_request(by, request.pk)


@transaction.atomic
def dismiss(suggestion: Suggestion, *, by: Actor) -> Request:
    """Leaves the value as it is."""
    found, request = _open(suggestion, by)
    _settle(found, SuggestionState.DISMISSED, by)
    _record("request.suggestion_dismissed", found, request, by)
    return request


def get(pk: int, by: Actor) -> Suggestion:
    """The suggestion, of a request that this actor may see."""
    found = Suggestion.objects.filter(pk=pk, request__in=access.visible_requests(by)).first()
    if found is None:
        raise NotFound("There is no such suggestion that you can see.", suggestion=pk)
    return found


def settable(item: Item, rows: Sequence[DiffRow]) -> list[tuple[str, str]]:
    """(path, label) of the values of an item that can be suggested; `rows` are its difference."""
    return [(row.path, row.label) for row in rows if paths.has(item.after, row.path)]


def _open(suggestion: Suggestion, by: Actor) -> tuple[Suggestion, Request]:
    """Both locked, for somebody who may edit the request."""
    request = access.lock_request(by, suggestion.request_id)
    may = allowed(by, Action.EDIT, "request", request.team.slug)
    if not may:
        raise NotAllowed(may.why, rule=may.rule, who=may.who)
    found = Suggestion.objects.select_for_update().get(pk=suggestion.pk)
    if found.state != SuggestionState.OPEN:
        raise Conflict(f"This suggestion was {found.state} already.", request=request.pk)
    return found, request


def _check(item: Item, path: str, value: str) -> None:
    if not paths.has(item.after, path):
        raise Invalid(f"{item.name} has no value {path[:80]!r} that can be suggested.", path="path")
    wanted = paths.with_value(item.after, path, value)
    _, wrong = kinds.get(item.kind).parse(item.operation, item.name, item.place, wanted)
    found: list[Problem] = [p for p in wrong if p.path == path] or wrong
    if found:
        raise Invalid(f"{found[0].message} {found[0].way_out}".strip(), path="value")


def _text(value: str) -> str:
    text = " ".join(value.split())
    if len(text) > LONGEST_VALUE or "\x00" in text:
        raise Invalid(
            f"A suggestion is one value of {LONGEST_VALUE:,} characters at most. Shorten it.",
            path="value",
        )
    return text


def _settle(found: Suggestion, state: SuggestionState, by: Actor) -> None:
    Suggestion.objects.filter(pk=found.pk).update(
        state=state, settled_at=Now(), settled_by_name=by.name[:150]
    )
    found.state = state


def _record(action: str, found: Suggestion, request: Request, by: Actor) -> None:
    what = f"{found.path} of {found.name}: {found.value}"
    event = audit.record(
        action,
        by=by,
        about=request,
        request_id=request.pk,
        team=request.team.slug,
        data={
            "suggestion": found.pk,
            "item": found.name,
            "path": found.path,
            "value": found.value,
            "why": what,
        },
    )
    told = f"{what}. {found.comment}" if found.comment else what
    notices.happened(event, request, by=by, detail=told, named=[found.suggested_by_id])
