"""Several requests at once: what is selected, with brakes, and what became of each."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from governance.errors import Invalid
from governance.services import bulk
from governance.services.bulk import Picked
from governance.views.pages import PageRequest, page, show
from governance.views.requests import rows


@page
@require_POST
def decide(request: PageRequest) -> HttpResponse:
    """What was selected, to be looked at once more; with a verdict, what became of each."""
    picked = _picked(request.POST.getlist("pick"))
    verdict, comment = request.POST.get("verdict", ""), request.POST.get("comment", "")
    if not verdict:
        return _show(request, picked)
    try:
        results = bulk.decide(
            picked,
            verdict=verdict,
            comment=comment,
            typed=_number(request.POST.get("typed", "").strip()),
            by=request.actor,
        )
    except Invalid as error:
        return _show(request, picked, comment=comment, refused=error)
    done = sum(result.outcome in _DONE for result in results)
    context = {"results": results, "done": done, "left": len(results) - done}
    return show(request, "requests/decided.html", context)


_DONE = frozenset({bulk.BulkOutcome.APPROVED, bulk.BulkOutcome.DECLINED})


def _show(
    request: PageRequest,
    picked: list[Picked],
    *,
    comment: str = "",
    refused: Invalid | None = None,
) -> HttpResponse:
    wanted = list(dict.fromkeys(picked))
    found = list(bulk.seen(wanted, request.actor).values())
    too_many = len(wanted) > bulk.MOST
    context = {
        "picked": [] if too_many else wanted,
        "rows": [] if too_many else rows(found),
        "count": len(wanted),
        "most": bulk.MOST,
        "too_many": too_many,
        "why_number": "" if too_many else bulk.needs_number(found),
        "comment": comment,
        "refused": refused,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return show(request, "requests/decide_many.html", context, status=status)


def _picked(values: list[str]) -> list[Picked]:
    """Pairs of number and revision, as the boxes of a list send them; others are left out."""
    found = []
    for value in values[: bulk.MOST * 10]:
        number, _, revision = value.partition(":")
        pair = _number(number), _number(revision)
        if pair[0] is not None and pair[1] is not None:
            found.append(Picked(pair[0], pair[1]))
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
