"""About the API itself: what its problems mean, its description, and addresses without a view."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance.actors import Actor
from governance.api.base import ApiView
from governance.api.problems import every_sort
from governance.api.serializers.problems import SortShown


class ProblemList(ApiView):
    """What the codes of problem documents mean."""

    authentication_classes = []
    permission_classes = [AllowAny]
    pagination_class = None

    def enter(self, actor: Actor) -> None:
        """Open to everybody: it says nothing of this installation."""

    @extend_schema(
        operation_id="problems", auth=[], filters=False, responses={200: SortShown(many=True)}
    )
    def get(self, request: Call) -> Response:
        """Every code with its status, by status."""
        return self.shown(SortShown, every_sort(), many=True)


class Description(SpectacularJSONAPIView):
    """The OpenAPI document, open to everybody."""

    authentication_classes = []
    permission_classes = [AllowAny]


class NoSuchAddress(ApiView):
    """Every other address under /api/: a problem document, where Django would show a page."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def initial(self, request: Call, *args: Any, **kwargs: Any) -> None:
        raise Http404
