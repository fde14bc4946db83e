"""Several requests at once."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance.api.idempotency import repeatable
from governance.api.serializers import requests as shapes
from governance.api.views.requests import RequestView
from governance.services import bulk
from governance.services.bulk import Picked


class RequestsDecide(RequestView):
    """One decision on several."""

    @extend_schema(
        operation_id="requests_decide",
        request=shapes.DecideManyIn,
        responses={200: shapes.DecidedManyShown},
    )
    @repeatable
    def post(self, request: Call) -> Response:
        """Approves or declines each by itself; the answer says what became of which."""
        typed = self.values(shapes.DecideManyIn)
        picked = [Picked(one["id"], one["revision"]) for one in typed.pop("requests")]
        results = bulk.decide(picked, **typed, by=self.actor)
        return self.shown(shapes.DecidedManyShown, {"results": results})
