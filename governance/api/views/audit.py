"""The audit: events and the seals over them."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import access, lookups
from governance.api.base import ApiView
from governance.api.filters import Filters, Moment, Number, Text
from governance.api.serializers import audit as shapes
from governance.models import Event, Seal


class EventFilter(Filters):
    """Narrows the audit."""

    q = Text(method="search", label="Actor, object or action begins so.")
    action = Text("action", label="request.approved, for example.")
    team = Text("team")
    actor = Text("actor_name")
    object_kind = Text("object_kind")
    object_id = Text("object_id")
    request = Number("request_id", label="Number of a request.")
    request_uid = Text("request_uid", label="The X-Request-ID of a call.")
    since = Moment("at", "gte")
    until = Moment("at", "lt")

    class Meta:
        model = Event
        fields: list[str] = []

    def search(self, rows: QuerySet[Event], _name: str, value: str) -> QuerySet[Event]:
        found = lookups.events(self.actor, words=value[:200])
        return rows.filter(pk__in=found.values("pk"))


class EventList(ApiView):
    """What happened."""

    kind = "event"
    queryset = Event.objects.none()
    filterset_class = EventFilter

    @extend_schema(operation_id="audit_events", responses=shapes.EventShown(many=True))
    def get(self, request: Call) -> Response:
        """Events, newest first, for auditors and the platform team."""
        return self.listed(lookups.events(self.actor).order_by("-pk"), shapes.EventShown)


class SealList(ApiView):
    """How it is sealed."""

    kind = "event"
    queryset = Seal.objects.none()

    @extend_schema(operation_id="audit_seals", responses=shapes.SealShown(many=True))
    def get(self, request: Call) -> Response:
        """Seals, newest first."""
        access.visible_events(self.actor)
        return self.listed(Seal.objects.order_by("-pk"), shapes.SealShown)
