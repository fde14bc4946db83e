"""Deciding on several requests with one comment: each by itself, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from governance import access, kinds
from governance.actors import Actor
from governance.errors import Invalid, Stale, WeirError
from governance.models import Request
from governance.services import reviews
from governance.services.items import views

MOST = 100
ITEMS_LOOKED_AT = 200


class BulkVerdict(StrEnum):
    """What can be said of several at once; to ask for changes takes words for each."""

    APPROVE = "approve"
    DECLINE = "decline"


class BulkOutcome(StrEnum):
    """What became of one of them."""

    APPROVED = "approved"
    DECLINED = "declined"
    STALE = "stale"  # edited since it was seen
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Picked:
    """A request, and the revision of it that was seen."""

    number: int
    revision: int


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of one request, and why."""

    number: int
    title: str
    outcome: BulkOutcome
    why: str = ""


def needs_number(found: Sequence[Request]) -> str:
    """Why the number of requests has to be typed before they are decided on; empty: it has not."""
    if any(one.environment is not None and one.environment.production for one in found):
        return "Some of it is in production."
    if any(_irreversible(one) for one in found):
        return "Some of it cannot be undone."
    return ""


def decide(
    picked: Sequence[Picked], *, verdict: str, comment: str, by: Actor, typed: int | None = None
) -> list[BulkResult]:
    """Decides on each in a transaction of its own; one that is refused keeps no other back.

    `typed` is the number of requests as the decider wrote it, which is asked for where something
    is in production or cannot be undone. Raises Invalid before anything is decided.
    """
    if verdict not in set(BulkVerdict):
        raise Invalid("Choose to approve or to decline.", path="verdict")
    wanted = list(dict.fromkeys(picked))
    if not wanted:
        raise Invalid("Nothing is selected. Select requests first.", path="requests")
    if len(wanted) > MOST:
        raise Invalid(
            f"These are {len(wanted)} requests; decide on {MOST} at most at once.", path="requests"
        )
    if verdict == BulkVerdict.DECLINE and not comment.strip():
        raise Invalid("Say why they are declined: their authors are owed a reason.", path="comment")
    found = seen(wanted, by)
    why = needs_number(list(found.values())) if verdict == BulkVerdict.APPROVE else ""
    if why and typed != len(wanted):
        raise Invalid(
            f"{why} Type {len(wanted)}, the number of requests, to approve them.", path="typed"
        )
    return [_one(one, found.get(one.number), verdict, comment, by) for one in wanted]


def seen(picked: Sequence[Picked], by: Actor) -> dict[int, Request]:
    """Those of them that this actor may see, by number."""
    rows = access.visible_requests(by).select_related("team", "environment", "author")
    return {one.pk: one for one in rows.filter(pk__in=[p.number for p in picked[: MOST + 1]])}


def _one(
    picked: Picked, found: Request | None, verdict: str, comment: str, by: Actor
) -> BulkResult:
    if found is None:
        why = f"There is no request #{picked.number} that you can see."
        return BulkResult(picked.number, "", BulkOutcome.REFUSED, why)
    try:
        if verdict == BulkVerdict.APPROVE:
            reviews.approve(found, revision=picked.revision, comment=comment, by=by)
            return BulkResult(found.pk, found.title, BulkOutcome.APPROVED)
        reviews.decline(found, revision=picked.revision, comment=comment, by=by)
        return BulkResult(found.pk, found.title, BulkOutcome.DECLINED)
    except Stale as error:
        return BulkResult(found.pk, found.title, BulkOutcome.STALE, error.message)
    except WeirError as error:
        return BulkResult(found.pk, found.title, BulkOutcome.REFUSED, error.message)


def _irreversible(request: Request) -> bool:
    items = views(request, request.items.all()[:ITEMS_LOOKED_AT])
    with kinds.reading((i.kind, i.place, i.name) for i in items):
        return any(row.irreversible for i in items for row in kinds.get(i.kind).rows(i))
