"""Environments and the limits that hold there."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import lookups
from governance.api.base import ApiView
from governance.api.idempotency import repeatable
from governance.api.serializers import people as shapes
from governance.models import Environment
from governance.services import environments
from governance.services.environments import EnvironmentSpec


class EnvironmentList(ApiView):
    """Environments."""

    kind = "environment"
    queryset = Environment.objects.none()

    @extend_schema(operation_id="environments_list", responses=shapes.EnvironmentShown(many=True))
    def get(self, request: Call) -> Response:
        """All environments, in their order."""
        return self.listed(lookups.environments(), shapes.EnvironmentShown)

    @extend_schema(
        operation_id="environments_create",
        request=shapes.EnvironmentIn,
        responses={201: shapes.EnvironmentShown},
    )
    @repeatable
    def post(self, request: Call) -> Response:
        """A new environment, by the platform team. Its slug never changes."""
        typed = self.values(shapes.EnvironmentIn)
        slug = typed.pop("slug")
        made = environments.create(slug, EnvironmentSpec(**typed), by=self.actor)
        return self.shown(shapes.EnvironmentShown, made, 201)


class EnvironmentDetail(ApiView):
    """One environment."""

    kind = "environment"
    queryset = Environment.objects.none()

    @extend_schema(
        operation_id="environments_change",
        request=shapes.EnvironmentValues,
        responses={200: shapes.EnvironmentShown},
    )
    def put(self, request: Call, slug: str) -> Response:
        """Changes all of it but the slug; what is left out takes its default."""
        spec = EnvironmentSpec(**self.values(shapes.EnvironmentValues))
        changed = environments.change(slug, spec, by=self.actor)
        return self.shown(shapes.EnvironmentShown, changed)
