"""People, teams, applications and environments."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.shared import PersonShown
from governance.api.shapes import Strict
from governance.models import Application, Environment, Membership, Team, TeamRole


class MeShown(serializers.Serializer[Any]):
    """Who calls, as Weir sees it."""

    kind = serializers.CharField(help_text="user or token.")
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    teams = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Roles by team.",
    )
    org_roles = serializers.ListField(child=serializers.CharField())
    scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)
    context = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # a value of the answer


class EnvironmentShown(serializers.ModelSerializer[Environment]):
    """An environment and the limits that hold there."""

    class Meta:
        model = Environment
        fields = [
            "slug",
            "name",
            "colour",
            "time_zone",
            "production",
            "retention_limit_ms",
            "max_partitions",
            "registry_context",
            "position",
        ]
        read_only_fields = fields


class TeamShown(serializers.ModelSerializer[Team]):
    """A team as lists show it."""

    email = serializers.CharField(read_only=True)  # may be empty, which is no address
    people = serializers.IntegerField(read_only=True)
    applications = serializers.IntegerField(source="programs", read_only=True)
    resources = serializers.IntegerField(source="things", read_only=True)

    class Meta:
        model = Team
        fields = [
            "slug",
            "name",
            "on_call",
            "email",
            "description",
            "created_at",
            "people",
            "applications",
            "resources",
        ]
        read_only_fields = fields


class MemberShown(serializers.ModelSerializer[Membership]):
    """One role of one person."""

    person = PersonShown(source="user", read_only=True)

    class Meta:
        model = Membership
        fields = ["person", "role", "created_at"]
        read_only_fields = fields


class ApplicationShown(serializers.ModelSerializer[Application]):
    """A program that acts for a team."""

    team = serializers.SlugField(source="team.slug", read_only=True)
    prefixes = serializers.SerializerMethodField()

    class Meta:
        model = Application
        fields = ["name", "team", "principal", "prefixes", "description", "created_at"]
        read_only_fields = fields

    def get_prefixes(self, application: Application) -> list[str]:
        return [row.prefix for row in application.prefixes.all()]


class TeamPageShown(serializers.Serializer[Any]):
    """A team with its people and applications."""

    team = TeamShown()
    members = MemberShown(many=True)
    applications = ApplicationShown(many=True)
    can_manage = serializers.BooleanField()


class TeamIn(Strict):
    """A new team."""

    slug = serializers.SlugField(max_length=63)
    name = serializers.CharField(max_length=120)
    on_call = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    email = serializers.EmailField(required=False, default="", allow_blank=True)
    description = serializers.CharField(
        max_length=5_000, required=False, default="", allow_blank=True
    )


class MemberIn(Strict):
    """A role for a person."""

    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=TeamRole.choices)


class ApplicationIn(Strict):
    """A new application."""

    name = serializers.CharField(max_length=120)
    principal = serializers.CharField(max_length=250, help_text="User:checkout, for example.")
    prefixes = serializers.ListField(
        child=serializers.CharField(max_length=249), max_length=100, required=False, default=list
    )
    description = serializers.CharField(
        max_length=5_000, required=False, default="", allow_blank=True
    )


class OrgRolesIn(Strict):
    """The roles that a person is to have in the whole installation, all of them."""

    roles = serializers.ListField(child=serializers.CharField(max_length=16), max_length=10)


class OrgRolesShown(serializers.Serializer[Any]):
    """A person and her roles in the whole installation."""

    person = PersonShown()
    roles = serializers.ListField(child=serializers.CharField())
