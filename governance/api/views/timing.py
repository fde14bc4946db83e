"""When requests are applied: freezes, "not before", and the glass that is broken."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import access, lookups
from governance.api.base import ApiView
from governance.api.idempotency import repeatable
from governance.api.preconditions import seen_revision
from governance.api.serializers import requests as request_shapes
from governance.api.serializers import timing as shapes
from governance.api.shapes import Nothing
from governance.api.views.requests import RequestView
from governance.errors import NotFound
from governance.models import BrokenGlass, Freeze
from governance.services import freezes, glass, timing


class FreezeList(ApiView):
    """Freezes of one environment."""

    kind = "environment"
    queryset = Freeze.objects.none()

    @extend_schema(operation_id="freezes_list", responses=shapes.FreezeShown(many=True))
    def get(self, request: Call, slug: str) -> Response:
        """All freezes, the one that ends last first; those that were lifted too."""
        found = lookups.environments().filter(slug=slug).first()
        if found is None:
            raise NotFound(f"There is no environment {slug}.", environment=slug)
        return self.listed(lookups.freezes(found), shapes.FreezeShown)

    @extend_schema(
        operation_id="freezes_declare",
        request=shapes.FreezeIn,
        responses={201: shapes.FreezeShown},
    )
    @repeatable
    def post(self, request: Call, slug: str) -> Response:
        """Freezes the environment, by the platform team. What is being applied goes on."""
        made = freezes.declare(slug, **self.values(shapes.FreezeIn), by=self.actor)
        return self.shown(shapes.FreezeShown, made, 201)


class FreezeLift(ApiView):
    """Ending a freeze."""

    kind = "environment"
    queryset = Freeze.objects.none()

    @extend_schema(
        operation_id="freezes_lift", request=Nothing, responses={200: shapes.FreezeShown}
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Lifts it; what waited for it alone is applied soon after."""
        self.values(Nothing)
        return self.shown(shapes.FreezeShown, freezes.lift(pk, by=self.actor))


class RequestNotBefore(RequestView):
    """The earliest time of a request."""

    @extend_schema(
        operation_id="requests_not_before",
        request=shapes.NotBeforeIn,
        responses={200: request_shapes.RequestPageShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Has it applied not before that time, or as soon as it may be."""
        typed = self.values(shapes.NotBeforeIn)
        timing.set_not_before(
            access.get_request(self.actor, pk), typed["not_before"], by=self.actor
        )
        return self.page_of(pk)


class RequestBreakGlass(RequestView):
    """Applying a request at once."""

    @extend_schema(
        operation_id="requests_break_glass",
        request=shapes.BreakGlassIn,
        responses={200: request_shapes.RequestPageShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Past missing approvals and freezes; somebody else looks at it within 24 hours."""
        typed = self.values(shapes.BreakGlassIn)
        found = access.get_request(self.actor, pk)
        revision = seen_revision(request, body=typed.get("revision"), stands=found.revision)
        glass.break_glass(found, revision=revision, reason=typed["reason"], by=self.actor)
        return self.page_of(pk)


class GlassList(ApiView):
    """Broken glass that nobody has looked at yet."""

    kind = "request"
    queryset = BrokenGlass.objects.none()

    @extend_schema(operation_id="glass_list", responses=shapes.GlassShown(many=True))
    def get(self, request: Call) -> Response:
        """The most urgent first, for the platform team and auditors; empty for others."""
        found = glass.unreviewed(self.actor).select_related("reviewer")
        return self.listed(found, shapes.GlassShown)


class GlassLook(ApiView):
    """Looking at a broken glass."""

    kind = "request"
    queryset = BrokenGlass.objects.none()

    @extend_schema(
        operation_id="glass_look", request=shapes.LookIn, responses={200: shapes.GlassShown}
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Confirms it or objects, as somebody who neither broke it nor wrote the request."""
        typed = self.values(shapes.LookIn)
        found = access.get_glass(self.actor, pk)
        return self.shown(shapes.GlassShown, glass.look_at(found, **typed, by=self.actor))
