"""People, teams, applications and environments."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.shared import PersonShown
from governance.api.shapes import Strict
from governance.models import Application, Environment, Membership, Team, TeamRole, User
from governance.services.environments import COLOURS
from governance.services.people import LONGEST_PASSWORD
from governance.windows import MOST_WINDOWS


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

    change_windows = serializers.ListField(child=serializers.CharField(), read_only=True)
    retention_limits_ms = serializers.DictField(
        child=serializers.IntegerField(),
        read_only=True,
        help_text="By data class, where one has a limit of its own; -1: none for that class.",
    )

    class Meta:
        model = Environment
        fields = [
            "slug",
            "name",
            "colour",
            "time_zone",
            "production",
            "retention_limit_ms",
            "retention_limits_ms",
            "max_partitions",
            "registry_context",
            "position",
            "change_windows",
        ]
        read_only_fields = fields


class EnvironmentValues(Strict):
    """What of an environment can change: all but its slug. What is left out takes its default."""

    name = serializers.CharField(max_length=80)
    colour = serializers.ChoiceField(choices=COLOURS, required=False, default="teal")
    time_zone = serializers.CharField(
        max_length=64, required=False, default="UTC", help_text="Europe/Berlin, for example."
    )
    production = serializers.BooleanField(required=False, default=False)
    retention_limit = serializers.CharField(
        max_length=80,
        required=False,
        default="",
        allow_blank=True,
        help_text="In words, 30 d for example; empty for no limit. A bare number is milliseconds.",
    )
    retention_limits = serializers.DictField(
        child=serializers.CharField(max_length=80, allow_blank=True),
        required=False,
        default=dict,
        help_text="In words by data class (none, internal, personal, sensitive): 7 d, unlimited. "
        "For a class that is left out, the general limit holds.",
    )
    max_partitions = serializers.IntegerField(
        required=False, default=None, allow_null=True, min_value=1, max_value=1_000_000
    )
    registry_context = serializers.CharField(max_length=120, required=False, default=".")
    position = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=1_000,
        help_text="Its place in lists; the strictest environment comes last.",
    )
    change_windows = serializers.ListField(
        child=serializers.CharField(max_length=80),
        required=False,
        default=list,
        max_length=MOST_WINDOWS,
        help_text="Weekly rules by the environment's clock: Mon–Thu 09:00–16:00. None: always.",
    )


class EnvironmentIn(EnvironmentValues):
    """A new environment."""

    slug = serializers.SlugField(max_length=40)


class AccountShown(serializers.ModelSerializer[User]):
    """A person's account. Of a password only whether there is one is ever told."""

    email = serializers.CharField(read_only=True)  # may be empty, which is no address
    active = serializers.BooleanField(source="is_active", read_only=True)
    has_password = serializers.BooleanField(source="has_usable_password", read_only=True)
    org_roles = serializers.SerializerMethodField()
    teams = serializers.SerializerMethodField(help_text="Roles by team.")

    class Meta:
        model = User
        fields = [
            "username",
            "name",
            "email",
            "active",
            "has_password",
            "org_roles",
            "teams",
            "date_joined",
            "last_login",
        ]
        read_only_fields = fields

    def get_org_roles(self, user: User) -> list[str]:
        return sorted({row.role for row in user.org_roles.all()})

    def get_teams(self, user: User) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in user.memberships.all():
            found.setdefault(row.team.slug, []).append(row.role)
        return {team: sorted(set(roles)) for team, roles in sorted(found.items())}


def _password(**other: Any) -> serializers.CharField:
    """A password as it comes in: every space of it counts, and no answer tells it."""
    return serializers.CharField(
        max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True, **other
    )


class PersonValues(Strict):
    """What of a person's account can change."""

    name = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    email = serializers.CharField(max_length=254, required=False, default="", allow_blank=True)


class PersonIn(PersonValues):
    """A new account. Without a password nobody can sign in to it until one is set."""

    username = serializers.CharField(max_length=150)
    password = _password(required=False, default=None, allow_null=True)
    org_roles = serializers.ListField(
        child=serializers.CharField(max_length=16), max_length=10, required=False, default=list
    )


class PasswordIn(Strict):
    """A new password for somebody else."""

    password = _password()


class OwnPasswordIn(Strict):
    """A new password for oneself."""

    old = _password()
    new = _password()


class TeamShown(serializers.ModelSerializer[Team]):
    """A team as lists show it."""

    email = serializers.CharField(read_only=True)  # may be empty, which is no address
    people = serializers.IntegerField(read_only=True)
    applications = serializers.IntegerField(source="programs", read_only=True)
    resources = serializers.IntegerField(source="things", read_only=True)
    successor = serializers.SerializerMethodField(
        help_text="Who takes over what it owns when it is closed."
    )

    class Meta:
        model = Team
        fields = [
            "slug",
            "name",
            "on_call",
            "email",
            "chat",
            "cost_centre",
            "successor",
            "description",
            "created_at",
            "closed_at",
            "people",
            "applications",
            "resources",
        ]
        read_only_fields = fields

    def get_successor(self, team: Team) -> str | None:
        return team.successor.slug if team.successor else None


class MemberShown(serializers.ModelSerializer[Membership]):
    """One role of one person."""

    person = PersonShown(source="user", read_only=True)

    class Meta:
        model = Membership
        fields = ["person", "role", "source", "created_at"]
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


class TeamValues(Strict):
    """What of a team can change: all but its slug. What is left out becomes empty."""

    name = serializers.CharField(max_length=120)
    on_call = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    email = serializers.EmailField(required=False, default="", allow_blank=True)
    chat = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    cost_centre = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    description = serializers.CharField(
        max_length=5_000, required=False, default="", allow_blank=True
    )


class TeamIn(TeamValues):
    """A new team."""

    slug = serializers.SlugField(max_length=63)


class TeamChange(TeamValues):
    """A team as it is to be."""

    successor = serializers.SlugField(
        max_length=63,
        required=False,
        default="",
        allow_blank=True,
        help_text="The team that takes over what this one owns when it is closed.",
    )


class MemberIn(Strict):
    """A role for a person."""

    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=TeamRole.choices)


class ApplicationValues(Strict):
    """What of an application can change: all but its name."""

    principal = serializers.CharField(max_length=250, help_text="User:checkout, for example.")
    prefixes = serializers.ListField(
        child=serializers.CharField(max_length=249), max_length=100, required=False, default=list
    )
    description = serializers.CharField(
        max_length=5_000, required=False, default="", allow_blank=True
    )


class ApplicationIn(ApplicationValues):
    """A new application."""

    name = serializers.CharField(max_length=120)


class OrgRolesIn(Strict):
    """The roles that a person is to have in the whole installation, all of them."""

    roles = serializers.ListField(child=serializers.CharField(max_length=16), max_length=10)


class OrgRolesShown(serializers.Serializer[Any]):
    """A person and her roles in the whole installation."""

    person = PersonShown()
    roles = serializers.ListField(child=serializers.CharField())
