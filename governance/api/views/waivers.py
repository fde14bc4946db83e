"""Waivers: those there are. One is asked for by a request with an item of the kind `waiver`."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import access
from governance.api.base import ApiView
from governance.api.filters import Choices, Filters, Text
from governance.api.serializers import waivers as shapes
from governance.models import Waiver
from governance.waivers import inforce


class WaiverFilter(Filters):
    """Narrows the list of waivers."""

    policy = Text("policy__name", label="Of this policy.")
    owner = Text("team__slug", label="Of this team.")
    state = Choices(method="in_state", choices=shapes.STATES, label="In one of the states.")

    class Meta:
        model = Waiver
        fields: list[str] = []

    def in_state(
        self, rows: QuerySet[Waiver], _name: str, value: Sequence[str]
    ) -> QuerySet[Waiver]:
        found = rows.none()
        for state in value:
            found = found | rows.filter(inforce.STATES[state])
        return found if value else rows


class WaiverView(ApiView):
    """A view about waivers."""

    kind = "waiver"
    queryset = Waiver.objects.none()


class WaiverList(WaiverView):
    """All waivers."""

    filterset_class = WaiverFilter

    @extend_schema(operation_id="waivers_list", responses=shapes.WaiverShown(many=True))
    def get(self, request: Call) -> Response:
        """All waivers, those that end last first."""
        rows = access.visible_waivers(self.actor).order_by("-ends_at", "-id")
        return self.listed(rows, shapes.WaiverShown, shapes.with_states)


class WaiverDetail(WaiverView):
    """One waiver."""

    @extend_schema(operation_id="waivers_get", responses={200: shapes.WaiverShown})
    def get(self, request: Call, pk: int) -> Response:
        """A waiver: the object, the policy, its last day, who asked and who granted."""
        (found,) = shapes.with_states([access.get_waiver(self.actor, pk)])
        return self.shown(shapes.WaiverShown, found)
