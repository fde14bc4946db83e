"""What becomes of a request in review that everybody has agreed to, and asking again whom the rules
ask where those who were asked cannot answer any more."""

from __future__ import annotations

from django.db.models.functions import Now

from governance import audit, dispatch
from governance.actors import Actor, system_actor
from governance.models import Request
from governance.services import approvals, notices
from governance.services.checks import examine
from governance.services.items import views
from governance.services.moves import move
from governance.services.requests import write_requirements
from governance.workflow import Move, State


def settle(request: Request, by: Actor, comment: str = "") -> None:
    """All have agreed: approved, if each of them could agree today as well. Otherwise whoever the
    rules ask today is asked."""
    gone = approvals.lapsed(request)
    if not gone:
        move(request, Move.APPROVE, by=by, said=comment, approved_at=Now(), failure="")
        dispatch.after_commit("governance.advance", request.pk)
        return
    request.failure = approvals.reopen(gone)
    request.save(update_fields=["failure"])
    policies = system_actor("policies")
    event = audit.record(
        "request.approval_lapsed",
        by=policies,
        about=request,
        request_id=request.pk,
        team=request.team.slug,
        data={"why": request.failure, "roles": [one.requirement.role for one in gone]},
    )
    ask_again(request, by=policies, why=request.failure)
    if State(request.state) is State.IN_REVIEW:
        notices.happened(event, request, by=policies, detail=request.failure)


def ask_again(request: Request, *, by: Actor, why: str) -> None:
    """Has a request in review, locked by the caller, ask whom the rules ask today. What was agreed
    to stays; an owner who is not needed any more is not waited for."""
    if State(request.state) is not State.IN_REVIEW:
        return
    examination = examine(views(request, request.items.all()), team=request.team.slug)
    if examination.refusals:
        return  # its recheck tells the author
    of_revision = request.requirements.filter(revision=request.revision)
    before = set(of_revision.values_list("role", "review"))
    write_requirements(request, examination.before_people())
    after = set(of_revision.values_list("role", "review"))
    if after == before:
        return
    event = audit.record(
        "request.rerouted",
        by=by,
        about=request,
        request_id=request.pk,
        team=request.team.slug,
        data={
            "why": why,
            "before": sorted(role for role, _ in before),
            "after": sorted(role for role, _ in after),
        },
    )
    notices.happened(event, request, by=by)
    if not of_revision.filter(review__isnull=True).exists():
        settle(request, by)
