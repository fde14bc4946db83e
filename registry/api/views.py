"""Subjects through the management API: reads only. Writing goes by request, or the wire API."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance.api.base import ApiView
from governance.errors import NotFound
from registry import catalogue, lookup
from registry.api import serializers as shapes
from registry.models import Subject
from registry.naming import DEFAULT, qualify

SORTS = [sign + name for name in catalogue.SORTS for sign in ("", "-")]
SHOWN_VERSIONS = 100
QUERY = [
    OpenApiParameter("q", OpenApiTypes.STR, description="The name begins so."),
    OpenApiParameter("context", OpenApiTypes.STR, description="In this context only."),
    OpenApiParameter("sort", OpenApiTypes.STR, enum=SORTS, default="name"),
]


class SubjectView(ApiView):
    """A view about subjects. A token that is bound to a context sees no other."""

    kind = "subject"
    queryset = Subject.objects.none()


class SubjectList(SubjectView):
    """Subjects of all contexts."""

    parameters = ("q", "context", "sort")

    @extend_schema(
        operation_id="subjects_list", parameters=QUERY, responses=shapes.SubjectShown(many=True)
    )
    def get(self, request: Call) -> Response:
        """Subjects with a live version, by name unless sorted otherwise."""
        asked = request.query_params
        sort = self.choice("sort", SORTS)
        rows = catalogue.subjects(
            words=asked.get("q", "")[:300], context=asked.get("context", ""), sort=sort
        )
        if self.actor.context is not None:
            rows = rows.filter(context__name=self.actor.context)
        return self.listed(rows, shapes.SubjectShown)


class SubjectDetail(SubjectView):
    """One subject."""

    @extend_schema(
        operation_id="subjects_get",
        parameters=[
            OpenApiParameter(
                "subject",
                OpenApiTypes.STR,
                OpenApiParameter.PATH,
                description="name, or :.context:name outside the default context.",
            )
        ],
        responses={200: shapes.SubjectPageShown},
    )
    def get(self, request: Call, subject: str) -> Response:
        """A subject with its newest versions, the compatibility level and the mode in force."""
        target = qualify(subject, self.actor.context or DEFAULT)
        hidden = self.actor.context is not None and target.context != self.actor.context
        versions = [] if hidden else lookup.all_versions(target)
        if not versions:
            raise NotFound(f"There is no subject {target}, or all of its versions were deleted.")
        scope = lookup.in_scope(target)
        page = {
            "subject": str(target),
            "context": target.context,
            "name": target.name,
            "compatibility": scope.level,
            "mode": scope.mode,
            "versions": versions[:SHOWN_VERSIONS],
            "more_versions": max(len(versions) - SHOWN_VERSIONS, 0),
        }
        return self.shown(shapes.SubjectPageShown, page)
