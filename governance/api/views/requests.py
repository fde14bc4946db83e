"""Requests: write one, see one, decide on one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import access, queries
from governance.api.base import ApiView
from governance.api.filters import Choices, Filters, Flag, Text
from governance.api.idempotency import repeatable
from governance.api.preconditions import seen_revision, tagged
from governance.api.serializers import requests as shapes
from governance.api.shapes import Nothing
from governance.models import Item, Request
from governance.permissions import Action
from governance.services import requests, reviews
from governance.services.items import NewItem
from governance.services.requests import Preview


class RequestFilter(Filters):
    """Narrows the list of requests."""

    state = Choices(choices=shapes.STATES, label="In one of the states.")
    team = Text("team__slug", label="Asked for by this team.")
    environment = Text("environment__slug", label="In this environment.")
    mine = Flag(method="only_mine", label="Written by the caller.")
    needs_me = Flag(method="only_needs_me", label="The inbox.")
    q = Text(method="search", label="#142, words of the title, or a name.")

    class Meta:
        model = Request
        fields: list[str] = []

    def only_mine(self, rows: QuerySet[Request], _name: str, value: bool) -> QuerySet[Request]:
        if not value:
            return rows
        if self.actor.user_id is None:  # a token is known by its name
            return rows.filter(author__isnull=True, author_name=self.actor.name)
        return rows.filter(author_id=self.actor.user_id)

    def only_needs_me(self, rows: QuerySet[Request], _name: str, value: bool) -> QuerySet[Request]:
        return rows.filter(pk__in=queries.needs_me(self.actor).values("pk")) if value else rows

    def search(self, rows: QuerySet[Request], _name: str, value: str) -> QuerySet[Request]:
        return queries.search(rows, value[:200])


class RequestView(ApiView):
    """A view about requests."""

    kind = "request"
    queryset = Request.objects.none()

    def page_of(self, pk: int, status: int = 200) -> Response:
        """The whole request after something was done with it, with its revision as the ETag."""
        found = access.get_request(self.actor, pk)
        page = queries.request_page(found, self.actor)
        return tagged(self.shown(shapes.RequestPageShown, page, status), found.revision)


class RequestList(RequestView):
    """All requests, and new ones."""

    filterset_class = RequestFilter

    @extend_schema(operation_id="requests_list", responses=shapes.RequestShown(many=True))
    def get(self, request: Call) -> Response:
        """Requests that you may see, newest first."""
        return self.listed(
            queries.with_item_counts(queries.requests(self.actor)), shapes.RequestShown
        )

    @extend_schema(
        operation_id="requests_create",
        request=shapes.DraftIn,
        responses={201: shapes.RequestPageShown},
        filters=False,
    )
    @repeatable
    def post(self, request: Call) -> Response:
        """A new draft. What cannot be read is refused, value by value."""
        typed = self.values(shapes.DraftIn)
        team = access.get_team(self.actor, typed.pop("team"))
        draft = requests.create_draft(**typed, team=team, by=self.actor)
        return self.page_of(draft.pk, 201)


class RequestPreview(RequestView):
    """What would happen."""

    @extend_schema(
        operation_id="requests_preview",
        request=shapes.ItemsIn,
        responses={200: shapes.PreviewShown},
    )
    def post(self, request: Call) -> Response:
        """What the items would meet if they were submitted now. Stores nothing."""
        typed = self.values(shapes.ItemsIn)
        team = access.get_team(self.actor, typed["team"])
        items: list[NewItem] = typed["items"]
        found = requests.preview(items, team=team, by=self.actor)
        return self.shown(shapes.PreviewShown, _preview(found))


class RequestDetail(RequestView):
    """One request."""

    @extend_schema(operation_id="requests_get", responses={200: shapes.RequestPageShown})
    def get(self, request: Call, pk: int) -> Response:
        """Everything about one request. Its ETag is its revision."""
        return self.page_of(pk)

    @extend_schema(
        operation_id="requests_edit",
        request=shapes.EditIn,
        responses={200: shapes.RequestPageShown},
    )
    def put(self, request: Call, pk: int) -> Response:
        """Replaces title, reason and items. Give the revision that you have seen."""
        typed = self.values(shapes.EditIn)
        found = access.get_request(self.actor, pk, Action.EDIT)
        typed["revision"] = seen_revision(
            request, body=typed.get("revision"), stands=found.revision
        )
        requests.edit(found, **typed, by=self.actor)
        return self.page_of(pk)


class RequestItems(RequestView):
    """The items of one request, however many."""

    queryset = Item.objects.none()  # type: ignore[assignment]  # lists items, not requests

    @extend_schema(operation_id="requests_items", responses=shapes.ItemShown(many=True))
    def get(self, request: Call, pk: int) -> Response:
        """All items, in order."""
        found = access.get_request(self.actor, pk)
        return self.listed(found.items.order_by("position", "pk"), shapes.ItemShown)


class RequestComments(RequestView):
    """What is said about one request."""

    @extend_schema(
        operation_id="requests_comment",
        request=shapes.CommentIn,
        responses={201: shapes.CommentShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Adds a comment."""
        typed = self.values(shapes.CommentIn)
        found = access.get_request(self.actor, pk, Action.COMMENT)
        said = requests.comment(found, body=typed["body"], by=self.actor)
        return self.shown(shapes.CommentShown, said, 201)


class RequestSubmit(RequestView):
    """From draft to review."""

    @extend_schema(
        operation_id="requests_submit",
        request=Nothing,
        responses={200: shapes.RequestPageShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Checks the draft and asks those who must agree; refused, it stays a draft."""
        self.values(Nothing)
        requests.submit(access.get_request(self.actor, pk, Action.EDIT), by=self.actor)
        return self.page_of(pk)


class RequestWithdraw(RequestView):
    """Taking a request back."""

    @extend_schema(
        operation_id="requests_withdraw",
        request=Nothing,
        responses={200: shapes.RequestPageShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Ends the request; nothing of it is applied."""
        self.values(Nothing)
        requests.withdraw(access.get_request(self.actor, pk, Action.WITHDRAW), by=self.actor)
        return self.page_of(pk)


class RequestAgain(RequestView):
    """Asking for the same once more."""

    @extend_schema(
        operation_id="requests_again",
        request=Nothing,
        responses={201: shapes.RequestPageShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Makes a new draft of a request that ended with nothing done."""
        self.values(Nothing)
        draft = requests.ask_again(access.get_request(self.actor, pk), by=self.actor)
        return self.page_of(draft.pk, 201)


class RequestRetry(RequestView):
    """Trying again what failed."""

    @extend_schema(
        operation_id="requests_retry",
        request=Nothing,
        responses={200: shapes.RequestPageShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Lets a worker try the failed items again; what was applied stays."""
        self.values(Nothing)
        requests.retry(access.get_request(self.actor, pk, Action.RETRY), by=self.actor)
        return self.page_of(pk)


class DecisionView(RequestView):
    """A decision of a reviewer on the revision that she saw."""

    def decision(self, request: Call, pk: int) -> tuple[Request, dict[str, Any]]:
        """The request, and the arguments of the service."""
        typed = self.values(shapes.DecisionIn)
        found = access.get_request(self.actor, pk)
        revision = seen_revision(request, body=typed.get("revision"), stands=found.revision)
        return found, {"revision": revision, "comment": typed["comment"], "by": self.actor}


class RequestApprove(DecisionView):
    """Agreeing."""

    @extend_schema(
        operation_id="requests_approve",
        request=shapes.DecisionIn,
        responses={200: shapes.RequestPageShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Agrees in one role. Nobody approves what she wrote; no token approves at all."""
        found, said = self.decision(request, pk)
        reviews.approve(found, **said)
        return self.page_of(pk)


class RequestChanges(DecisionView):
    """Asking for changes."""

    @extend_schema(
        operation_id="requests_request_changes",
        request=shapes.DecisionIn,
        responses={200: shapes.RequestPageShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Sends the request back to its author; say what should change."""
        found, said = self.decision(request, pk)
        reviews.request_changes(found, **said)
        return self.page_of(pk)


class RequestDecline(DecisionView):
    """Saying no."""

    @extend_schema(
        operation_id="requests_decline",
        request=shapes.DecisionIn,
        responses={200: shapes.RequestPageShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Ends the request; say why."""
        found, said = self.decision(request, pk)
        reviews.decline(found, **said)
        return self.page_of(pk)


def _preview(found: Preview) -> dict[str, Any]:
    """A preview in the shape that goes out."""
    examined = found.examination
    return {
        "items": [
            {
                "position": item.position,
                "kind": item.kind,
                "operation": item.operation,
                "name": item.name,
                "place": item.place,
                "environment": item.environment,
                "before": item.before,
                "after": item.after,
                "rows": found.rows[item.position],
                "effects": found.effects[item.position],
                "findings": [
                    {
                        "policy": v.policy,
                        "policy_version": v.version,
                        "severity": v.severity,
                        "passed": v.passed,
                        "path": v.path,
                        "message": v.message,
                        "way_out": v.way_out,
                        "owner": v.owner,
                    }
                    for v in (examined.verdicts.get(item.position, ()) if examined else ())
                ],
            }
            for item in found.items
        ],
        "problems": found.problems,
        "needs": examined.needs if examined else (),
        "steps": found.steps,
    }
