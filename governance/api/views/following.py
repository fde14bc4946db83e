"""Requests that follow from another: one that takes it back, one that takes its place."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import access
from governance.api.idempotency import repeatable
from governance.api.serializers.requests import RequestPageShown
from governance.api.serializers.rollback import OutlookShown
from governance.api.shapes import Nothing
from governance.api.views.requests import RequestView
from governance.services import rollback, superseding


class RequestRollBack(RequestView):
    """Taking back what was applied."""

    @extend_schema(operation_id="requests_roll_back_outlook", responses={200: OutlookShown})
    def get(self, request: Call, pk: int) -> Response:
        """What can be taken back of it, and what cannot and why."""
        found = access.get_request(self.actor, pk)
        return self.shown(OutlookShown, rollback.outlook(found))

    @extend_schema(
        operation_id="requests_roll_back",
        request=Nothing,
        responses={201: RequestPageShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Makes a draft that restores what was declared before."""
        self.values(Nothing)
        draft = rollback.roll_back(access.get_request(self.actor, pk), by=self.actor)
        return self.page_of(draft.pk, 201)


class RequestReplace(RequestView):
    """Replacing a request."""

    @extend_schema(
        operation_id="requests_replace",
        request=Nothing,
        responses={201: RequestPageShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Makes a draft of the same, which takes its place when it is submitted."""
        self.values(Nothing)
        draft = superseding.replace(access.get_request(self.actor, pk), by=self.actor)
        return self.page_of(draft.pk, 201)
