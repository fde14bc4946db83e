"""Suggestions of reviewers."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import access
from governance.api.idempotency import repeatable
from governance.api.preconditions import seen_revision
from governance.api.serializers import suggestions as shapes
from governance.api.serializers.requests import RequestPageShown
from governance.api.shapes import Nothing
from governance.api.views.requests import RequestView
from governance.models import Suggestion
from governance.services import suggestions


class SuggestionList(RequestView):
    """Suggestions about one request."""

    queryset = Suggestion.objects.none()  # type: ignore[assignment]  # lists suggestions

    @extend_schema(operation_id="suggestions_list", responses=shapes.SuggestionShown(many=True))
    def get(self, request: Call, pk: int) -> Response:
        """All of them, in the order they were made."""
        found = access.get_request(self.actor, pk)
        rows = found.suggestions.select_related("suggested_by").order_by("pk")
        return self.listed(rows, shapes.SuggestionShown)

    @extend_schema(
        operation_id="suggestions_make",
        request=shapes.SuggestionIn,
        responses={201: shapes.SuggestionShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Suggests another value, as somebody who is asked to approve and wrote nothing of it."""
        typed = self.values(shapes.SuggestionIn)
        found = access.get_request(self.actor, pk)
        typed["revision"] = seen_revision(
            request, body=typed.get("revision"), stands=found.revision
        )
        made = suggestions.suggest(found, **typed, by=self.actor)
        return self.shown(shapes.SuggestionShown, made, 201)


class SuggestionAccept(RequestView):
    """Taking a suggestion over."""

    @extend_schema(
        operation_id="suggestions_accept",
        request=shapes.SeenIn,
        responses={200: RequestPageShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Makes a new revision with that value; who suggested it is an author from then on."""
        typed = self.values(shapes.SeenIn)
        found = suggestions.get(pk, self.actor)
        stands = access.get_request(self.actor, found.request_id).revision
        revision = seen_revision(request, body=typed.get("revision"), stands=stands)
        return self.page_of(suggestions.accept(found, revision=revision, by=self.actor).pk)


class SuggestionDismiss(RequestView):
    """Leaving it as it is."""

    @extend_schema(
        operation_id="suggestions_dismiss", request=Nothing, responses={200: RequestPageShown}
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Dismisses a suggestion."""
        self.values(Nothing)
        found = suggestions.get(pk, self.actor)
        return self.page_of(suggestions.dismiss(found, by=self.actor).pk)
