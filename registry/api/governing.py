"""How subjects are written, and by whom: gate levels and rights through the management API."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance.api.base import ApiView
from governance.api.idempotency import repeatable
from governance.api.shapes import Strict
from registry import levels, rights
from registry.covering import Covered
from registry.levels import Gate
from registry.models import GateLevel, SubjectRight
from registry.naming import DEFAULT
from registry.rights import Holder, Right

GATES = [(one.value, one.value) for one in Gate]
RIGHTS = [(one.value, one.value) for one in Right]


class Place(Strict):
    """One subject, all that begin with a name, or with the empty one a context."""

    context = serializers.CharField(  # type: ignore[assignment]  # a value of the body
        max_length=120, required=False, default=DEFAULT
    )
    subject = serializers.CharField(
        max_length=1024, allow_blank=True, trim_whitespace=False, help_text="Without its context."
    )
    prefix = serializers.BooleanField(
        required=False, default=False, help_text="All whose name begins so; the empty one is all."
    )


class GateIn(Place):
    """A place and its level."""

    level = serializers.ChoiceField(
        choices=GATES, allow_null=True, help_text="null: that of the wider place."
    )


class GateShown(serializers.ModelSerializer[GateLevel]):
    """A place with a level of its own."""

    class Meta:
        model = GateLevel
        fields = ["context", "subject", "prefix", "level", "changed_at", "changed_by"]
        read_only_fields = fields


class InForceShown(serializers.Serializer[Any]):
    """The level in force at a place. `own` says whether it is the place's own."""

    level = serializers.CharField(source="gate.value")
    own = serializers.BooleanField()


class SubjectRightIn(Place):
    """What a team or a token may do at a place; one of the two is named."""

    team = serializers.SlugField(max_length=63, required=False, default="")
    token = serializers.IntegerField(required=False, default=None, allow_null=True)
    rights = serializers.ListField(
        child=serializers.ChoiceField(choices=RIGHTS), min_length=1, max_length=len(RIGHTS)
    )
    until = serializers.DateTimeField(required=False, default=None, allow_null=True)


class SubjectRightShown(serializers.ModelSerializer[SubjectRight]):
    """A right. `team` is null where it is a token's alone."""

    team = serializers.SlugField(source="team.slug", default=None, allow_null=True, read_only=True)
    token = serializers.IntegerField(source="token_id", allow_null=True, read_only=True)
    rights = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = SubjectRight
        fields = [
            "id",
            "team",
            "token",
            "context",
            "subject",
            "prefix",
            "rights",
            "until",
            "created_at",
            "created_by",
        ]
        read_only_fields = fields


class GoverningView(ApiView):
    """A view about how subjects are written. A token that is bound to a context sees no other."""

    kind = "subject"

    def own(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        bound = self.actor.context
        return rows if bound is None else rows.filter(context=bound)


class GateList(GoverningView):
    """Gate levels."""

    queryset = GateLevel.objects.none()

    @extend_schema(operation_id="gates_list", responses=GateShown(many=True))
    def get(self, request: Call) -> Response:
        """Places that have a level of their own, by context and name."""
        rows = GateLevel.objects.order_by("context", "subject", "prefix")
        return self.listed(self.own(rows), GateShown)

    @extend_schema(
        operation_id="gates_set", request=GateIn, responses={200: InForceShown}, filters=False
    )
    def put(self, request: Call) -> Response:
        """Sets or clears the level of a place. An owner does so for a subject, the platform team
        for prefixes and contexts; no token may."""
        typed = self.values(GateIn)
        gate = typed.pop("level")
        place = Covered(**typed)
        if gate is None:
            levels.clear_level(place, by=self.actor)
        else:
            levels.set_level(place, gate, by=self.actor)
        found = levels.in_force(place.name)
        return self.shown(InForceShown, {"gate": found.gate, "own": found.place == place})


class RightList(GoverningView):
    """Rights to subjects."""

    queryset = SubjectRight.objects.none()

    @extend_schema(operation_id="rights_list", responses=SubjectRightShown(many=True))
    def get(self, request: Call) -> Response:
        """Rights that were given, newest first; ended ones too. Owning a subject gives most rights
        without any."""
        rows = SubjectRight.objects.select_related("team").order_by("-pk")
        return self.listed(self.own(rows), SubjectRightShown)

    @extend_schema(
        operation_id="rights_give",
        request=SubjectRightIn,
        responses={201: SubjectRightShown},
        filters=False,
    )
    @repeatable
    def post(self, request: Call) -> Response:
        """Gives rights, in the place of those that the same had there."""
        typed = self.values(SubjectRightIn)
        place = Covered(typed["context"], typed["subject"], typed["prefix"])
        row = rights.give(
            Holder(typed["team"], typed["token"]),
            place,
            typed["rights"],
            until=typed["until"],
            by=self.actor,
        )
        return self.shown(SubjectRightShown, row, 201)


class RightDetail(GoverningView):
    """One right."""

    queryset = SubjectRight.objects.none()

    @extend_schema(operation_id="rights_take", responses={204: None})
    def delete(self, request: Call, pk: int) -> Response:
        """Takes a right away."""
        rights.take(pk, by=self.actor)
        return Response(status=204)
