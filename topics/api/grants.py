"""Access through the API: grants, and who may do what. Nothing here waits on a cluster."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance.api.base import ApiView
from governance.api.errors import BadAddress
from governance.errors import NotFound
from topics import grant_queries as queries
from topics.kinds.grant.explain import Answer
from topics.kinds.grant.model import DeclaredGrant
from topics.models import Cluster

LONGEST = 400


class GrantShown(serializers.ModelSerializer[DeclaredGrant]):
    """A grant. `applied` says whether the cluster has it so."""

    cluster = serializers.SlugField(source="cluster.slug", read_only=True)
    environment = serializers.SlugField(source="environment.slug", read_only=True)
    application = serializers.CharField(source="application.name", read_only=True)
    principal = serializers.CharField(source="application.principal", read_only=True)
    team = serializers.SlugField(source="application.team.slug", read_only=True)
    topic = serializers.SerializerMethodField(help_text="A star ends a beginning of names.")
    group = serializers.SerializerMethodField()
    transactional_id = serializers.SerializerMethodField()
    access = serializers.SerializerMethodField()
    purpose = serializers.SerializerMethodField()
    applied = serializers.SerializerMethodField()

    class Meta:
        model = DeclaredGrant
        fields = [
            "cluster",
            "name",
            "environment",
            "application",
            "principal",
            "team",
            "role",
            "topic",
            "group",
            "transactional_id",
            "access",
            "purpose",
            "state",
            "applied",
            "ends_at",
            "ended_at",
            "generation",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_topic(self, row: DeclaredGrant) -> str:
        return str(row.pattern)

    def get_group(self, row: DeclaredGrant) -> str | None:
        return _text(row, "group")

    def get_transactional_id(self, row: DeclaredGrant) -> str | None:
        return _text(row, "transactional_id")

    def get_access(self, row: DeclaredGrant) -> str | None:
        return _text(row, "access")

    def get_purpose(self, row: DeclaredGrant) -> str:
        return _text(row, "purpose") or ""

    def get_applied(self, row: DeclaredGrant) -> bool:
        return row.last_applied_generation == row.generation


def _text(row: DeclaredGrant, key: str) -> str | None:
    value = row.spec.get(key)
    return None if value is None else str(value)


class LineShown(serializers.Serializer[Any]):
    """One ACL line that a grant takes."""

    resource = serializers.CharField(source="binding.resource.value")
    pattern = serializers.CharField(source="binding.pattern.__str__")
    operation = serializers.CharField(source="binding.operation.value")
    seen = serializers.BooleanField(help_text="Whether the cluster has it.")
    shared_with = serializers.ListField(
        child=serializers.CharField(), help_text="Other grants that need it."
    )


class GrantPageShown(GrantShown):
    """A grant with its ACL lines."""

    lines = serializers.SerializerMethodField()

    class Meta(GrantShown.Meta):
        fields = [*GrantShown.Meta.fields, "lines"]
        read_only_fields = fields

    @extend_schema_field(LineShown(many=True))
    def get_lines(self, row: DeclaredGrant) -> Any:
        return LineShown(queries.lines_of(row), many=True).data


class ThroughShown(serializers.Serializer[Any]):
    """A line that lets somebody, and the grants it comes from; none: it was made outside Weir."""

    line = serializers.CharField(source="binding.words")
    grants = serializers.SerializerMethodField()

    def get_grants(self, found: queries.Through) -> list[str]:
        return [row.name for row in found.grants]


class UseShown(serializers.Serializer[Any]):
    """What one principal may do with a topic."""

    principal = serializers.CharField(source="who.principal")
    application = serializers.CharField(source="who.application")
    team = serializers.CharField(source="who.team")
    reads = serializers.BooleanField(source="reads.allowed")
    writes = serializers.BooleanField(source="writes.allowed")
    through = ThroughShown(many=True)
    denied_by = serializers.SerializerMethodField()

    def get_denied_by(self, use: queries.Use) -> list[str]:
        return [line.words() for line in use.denied_by]


class HeldRightShown(serializers.Serializer[Any]):
    """What a principal may do with what a line covers."""

    resource = serializers.CharField(source="resource.value")
    pattern = serializers.CharField()
    operations = serializers.ListField(child=serializers.CharField())
    allow = serializers.BooleanField()
    through = ThroughShown(many=True)


class NeededShown(serializers.Serializer[Any]):
    """One thing that a client needs, and whether it has it."""

    words = serializers.CharField()
    allowed = serializers.BooleanField(source="answer.allowed")
    through = ThroughShown(many=True)
    denied_by = serializers.SerializerMethodField()

    def get_denied_by(self, step: queries.Step) -> list[str]:
        answer: Answer = step.answer
        return [line.words() for line in answer.denied_by]


class ExplanationShown(serializers.Serializer[Any]):
    """Whether a principal may read and write a topic, step by step."""

    may_read = serializers.BooleanField()
    may_write = serializers.BooleanField()
    reads = NeededShown(many=True)
    writes = NeededShown(many=True)


class AccessShown(serializers.Serializer[Any]):
    """The answer to what was asked; the other members are null."""

    cluster = serializers.SlugField()
    seen_at = serializers.DateTimeField(allow_null=True, help_text="When the ACLs were read.")
    uses = UseShown(many=True, allow_null=True, help_text="Who can use the topic.")
    rights = HeldRightShown(many=True, allow_null=True, help_text="What the principal can do.")
    explanation = ExplanationShown(allow_null=True, help_text="Why it can, or cannot.")


class GrantList(ApiView):
    """Who has access to what."""

    kind = "grant"
    parameters = ("q", "team", "cluster", "state", "topic")
    queryset = DeclaredGrant.objects.none()

    @extend_schema(
        operation_id="grants_list",
        parameters=[
            OpenApiParameter("q", OpenApiTypes.STR, description="Words of the name."),
            OpenApiParameter("team", OpenApiTypes.STR, description="Whose application it is."),
            OpenApiParameter("cluster", OpenApiTypes.STR),
            OpenApiParameter("topic", OpenApiTypes.STR, description="Without a star."),
            OpenApiParameter("state", OpenApiTypes.STR, enum=["", *queries.STATES]),
        ],
        responses=GrantShown(many=True),
    )
    def get(self, request: Call) -> Response:
        """Grants by name. They are asked for as items of a request, of kind `grant`."""
        asked = {
            name: request.query_params.get(name, "")[:LONGEST]
            for name in ("team", "cluster", "topic")
        }
        state = self.choice("state", ["", *queries.STATES])
        words = request.query_params.get("q", "")[:LONGEST]
        return self.listed(queries.listed(words=words, state=state, **asked), GrantShown)


class GrantDetail(ApiView):
    """One grant."""

    kind = "grant"

    @extend_schema(operation_id="grants_get", responses={200: GrantPageShown})
    def get(self, request: Call, cluster: str, name: str) -> Response:
        """One grant, with the ACL lines it takes."""
        found = queries.grant(cluster, name)
        if found is None:
            raise NotFound(f"There is no grant {name} on a cluster {cluster}.")
        return self.shown(GrantPageShown, found)


class Access(ApiView):
    """Who may do what, and why."""

    kind = "grant"

    @extend_schema(
        operation_id="access_explain",
        parameters=[
            OpenApiParameter("cluster", OpenApiTypes.STR, required=True),
            OpenApiParameter("topic", OpenApiTypes.STR),
            OpenApiParameter(
                "principal", OpenApiTypes.STR, description="User:name, or an application's name."
            ),
            OpenApiParameter("group", OpenApiTypes.STR),
        ],
        responses={200: AccessShown},
    )
    def get(self, request: Call) -> Response:
        """A topic alone: who can use it. A principal alone: what it can do. Both: why it can, or
        cannot. From the ACLs as they were last read."""
        asked = {
            name: request.query_params.get(name, "").strip()[:LONGEST]
            for name in ("cluster", "topic", "principal", "group")
        }
        cluster = Cluster.objects.filter(slug=asked["cluster"]).first()
        if cluster is None:
            raise NotFound(f"There is no cluster {asked['cluster']!r}.")
        topic, principal = asked["topic"], queries.principal_of(asked["principal"])
        if not topic and not principal:
            raise BadAddress("Ask about a topic, a principal, or both.", path="topic")
        answer = {
            "cluster": cluster.slug,
            "seen_at": cluster.acls_seen_at,
            "uses": queries.uses(cluster, topic) if not principal else None,
            "rights": queries.rights(cluster, principal) if not topic else None,
            "explanation": (
                queries.explain(cluster, principal, topic, asked["group"])
                if topic and principal
                else None
            ),
        }
        return self.shown(AccessShown, answer)
