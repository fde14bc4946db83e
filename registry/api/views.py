"""Subjects through the management API: reads, and the sandbox. Writing goes by request, or the
wire API."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance.api.base import ApiView
from governance.api.errors import BadAddress
from governance.errors import Invalid, NotFound
from registry import catalogue, lookup, queries, trial
from registry.api import serializers as shapes
from registry.candidates import Asked
from registry.catalogue import Wanted
from registry.errors import RegistryError
from registry.formats import base
from registry.formats.base import Reference
from registry.lookup import Stored
from registry.models import Subject
from registry.naming import DEFAULT, LATEST, SubjectName, qualify, version_number
from registry.queries import SubjectDetail as Detail

SORTS = [sign + name for name in catalogue.SORTS for sign in ("", "-")]
STATES = ["live", "deleted"]
SHOWN_VERSIONS = 100
SHOWN_BYTES = 4 * 2**20
QUERY = [
    OpenApiParameter("q", OpenApiTypes.STR, description="The name begins so."),
    OpenApiParameter("context", OpenApiTypes.STR, description="In this context only."),
    OpenApiParameter("type", OpenApiTypes.STR, description="AVRO, JSON or PROTOBUF."),
    OpenApiParameter("owner", OpenApiTypes.STR, description="Owned by this team, by name."),
    OpenApiParameter("state", OpenApiTypes.STR, enum=STATES, default=STATES[0]),
    OpenApiParameter("sort", OpenApiTypes.STR, enum=SORTS, default="name"),
]
NAME = "name, or :.context:name outside the default context."
SUBJECT = OpenApiParameter(
    "subject", OpenApiTypes.STR, OpenApiParameter.QUERY, required=True, description=NAME
)


def version(name: str, words: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.QUERY, description=words)


class SubjectView(ApiView):
    """A view about subjects. A token that is bound to a context sees no other."""

    kind = "subject"
    queryset = Subject.objects.none()

    def target(self, text: str) -> SubjectName:
        """The subject of that name. Raises NotFound outside the caller's context."""
        target = qualify(text, self.actor.context or DEFAULT)
        if self.actor.context not in (None, target.context):
            raise self.missing(target)
        return target

    def missing(self, target: SubjectName) -> NotFound:
        return NotFound(f"There is no subject {target}, or all of its versions were deleted.")

    def asked_version(self, target: SubjectName, name: str, otherwise: int) -> Stored:
        """The version that a parameter names."""
        text = self.request.query_params.get(name) or str(otherwise)
        try:
            number = version_number(text)
        except RegistryError as error:
            raise BadAddress(error.message, path=name) from error
        found = lookup.find_version(target, number)
        if found is None:
            raise NotFound(f"The subject {target} has no version {text}.")
        return found


class SubjectList(SubjectView):
    """Subjects of all contexts."""

    parameters = ("q", "context", "type", "owner", "state", "sort")

    @extend_schema(
        operation_id="subjects_list", parameters=QUERY, responses=shapes.SubjectShown(many=True)
    )
    def get(self, request: Call) -> Response:
        """Subjects with a live version (or without any), by name unless sorted otherwise."""
        asked = request.query_params
        wanted = Wanted(
            words=asked.get("q", "")[:300],
            context=asked.get("context", ""),
            type=self.choice("type", ["", *base.names()]),
            team=asked.get("owner", ""),
            deleted=self.choice("state", STATES) == "deleted",
        )
        rows = catalogue.subjects(wanted, self.choice("sort", SORTS))
        if self.actor.context is not None:
            rows = rows.filter(context__name=self.actor.context)
        return self.listed(rows, shapes.SubjectShown, queries.owned)


class SubjectDetail(SubjectView):
    """One subject."""

    @extend_schema(
        operation_id="subjects_get",
        parameters=[
            OpenApiParameter("subject", OpenApiTypes.STR, OpenApiParameter.PATH, description=NAME)
        ],
        responses={200: shapes.SubjectPageShown},
    )
    def get(self, request: Call, subject: str) -> Response:
        """A subject with its newest versions, whose it is and why, and what is in force."""
        target = self.target(subject)
        found = queries.subject(target.context, target.name)
        if found is None or not found.live:
            raise self.missing(target)
        return self.shown(shapes.SubjectPageShown, _page(found))


def _page(found: Detail) -> dict[str, Any]:
    live = found.live
    sizes = accumulate(version.size for version in live[:SHOWN_VERSIONS])
    # Of large ones fewer are shown, but the latest in any case.
    shown = max(sum(size <= SHOWN_BYTES for size in sizes), 1)
    return {
        "subject": str(found.name),
        "context": found.name.context,
        "name": found.name.name,
        "compatibility": found.scope.level,
        "mode": found.scope.mode,
        "settings": found.settings,
        "owner": found.belonging.owner,
        "naming": found.belonging.naming,
        "associations": found.belonging.associations,
        "versions": list(lookup.with_texts(live[:shown])),
        "more_versions": len(live) - shown,
        "deleted_versions": len(found.versions) - len(live),
    }


class SchemaChanges(SubjectView):
    """Two versions beside each other."""

    @extend_schema(
        operation_id="schemas_changes",
        parameters=[
            SUBJECT,
            version("older", "A number. The version before the newer one where it is left out."),
            version("newer", "A number, or latest, which it is where it is left out."),
        ],
        responses={200: shapes.ComparisonShown},
    )
    def get(self, request: Call) -> Response:
        """What changed from one version to another by meaning, and what stands in the way of
        either reading the other's data."""
        target = self.target(request.query_params.get("subject", ""))
        newer = self.asked_version(target, "newer", LATEST)
        if newer.version == 1 and not request.query_params.get("older"):
            raise NotFound(f"The subject {target} has no version before 1.")
        older = self.asked_version(target, "older", self._before(target, newer))
        policy = lookup.in_scope(target).policy
        found = catalogue.compare(older, newer, policy)
        out = {
            "subject": str(target),
            "older": older.version,
            "newer": newer.version,
            "changes": found.changes,
            "backward": found.backward,
            "forward": found.forward,
            "unreadable": found.unreadable,
        }
        return self.shown(shapes.ComparisonShown, out)

    def _before(self, target: SubjectName, newer: Stored) -> int:
        live = [n for n, deleted in lookup.versions(target) if not deleted and n < newer.version]
        return live[-1] if live else max(newer.version - 1, 1)


class SchemaReferences(SubjectView):
    """Who uses whom."""

    @extend_schema(
        operation_id="schemas_references",
        parameters=[SUBJECT, version("version", "A number, or latest, which it is otherwise.")],
        responses={200: shapes.ReferencesShown},
    )
    def get(self, request: Call) -> Response:
        """The schemas that a version uses and those that use it, directly or through others. A
        token that is bound to a context sees those of its context."""
        target = self.target(request.query_params.get("subject", ""))
        chosen = self.asked_version(target, "version", LATEST)
        graph = queries.around(chosen, self.actor.context)
        out = {
            "subject": str(target),
            "version": chosen.version,
            "uses": graph.column(uses=True),
            "used_by": graph.column(uses=False),
            "complete": graph.whole,
        }
        return self.shown(shapes.ReferencesShown, out)


class SchemaTest(SubjectView):
    """The sandbox."""

    @extend_schema(
        operation_id="schemas_test",
        request=shapes.TrialIn,
        responses={200: shapes.TrialShown},
    )
    def post(self, request: Call) -> Response:
        """How a schema would fare as the next version of a subject, or after an earlier schema, at
        each level. Stores nothing."""
        typed = self.values(shapes.TrialIn)
        references = tuple(Reference(**one) for one in typed["references"])
        for reference in references:
            self.target(reference.subject)
        try:
            if typed["subject"]:
                target = self.target(typed["subject"])
                asked = Asked(typed["schema"], typed["type"], references)
                found = trial.in_subject(target, asked)
            else:
                found = trial.after(
                    typed["type"],
                    typed["earlier"],
                    typed["schema"],
                    references,
                    context=self.actor.context or DEFAULT,
                )
        except trial.Unreadable as error:
            raise Invalid(error.message, path=error.field) from error
        return self.shown(shapes.TrialShown, found)
