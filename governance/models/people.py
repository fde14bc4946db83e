"""People, the teams they belong to, and the applications that act for a team."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from governance.models.identity import Source


class TeamRole(models.TextChoices):
    """What a person may be in a team. Several at once are possible."""

    VIEWER = "viewer", "Viewer"
    REQUESTER = "requester", "Requester"
    APPROVER = "approver", "Approver"
    OWNER = "owner", "Owner"


class OrgRoleName(models.TextChoices):
    """Roles that hold for the whole installation."""

    PLATFORM = "platform", "Platform reviewer"
    STEWARD = "steward", "Data steward"
    AUDITOR = "auditor", "Auditor"


class User(AbstractUser):
    """A person who signs in."""

    first_name = None  # type: ignore[assignment]  # one name, as people write it
    last_name = None  # type: ignore[assignment]
    name = models.CharField(max_length=150, blank=True)
    # Grows when all sessions must end though the password stays: somebody was switched off.
    session_epoch = models.PositiveIntegerField(default=0, db_default=0)

    class Meta(AbstractUser.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Two that look alike would be mistaken for each other.
            models.UniqueConstraint(Lower("username"), name="username_once_in_any_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def held(self) -> QuerySet[Membership, tuple[str, str]]:
        """(team, role) of every role held; those of the whole installation have no team. One
        query."""
        of_teams = Membership.objects.filter(user=self).annotate(
            where=F("team__slug"), what=F("role")
        )
        of_all = OrgRole.objects.filter(user=self).annotate(
            where=Value("", output_field=models.CharField()), what=F("role")
        )
        return of_teams.values_list("where", "what").union(
            of_all.values_list("where", "what"),
            all=True,
        )

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must carry to go on; Django asks for it with each key that is valid."""
        return salted_hmac(
            "governance.User.session",
            f"{self.session_epoch} {self.password}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()


class Team(models.Model):
    """Who owns things: every resource has exactly one team."""

    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=120)
    on_call = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    chat = models.CharField(max_length=200, blank=True, default="", db_default="")
    cost_centre = models.CharField(max_length=80, blank=True, default="", db_default="")
    # Who takes over what this team owns when it is closed; asked for before it can be.
    successor = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class Membership(models.Model):
    """One role of one person in one team."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=TeamRole.choices)
    # What a provider gave it takes away; what a person gave by hand stays beside it.
    source = models.CharField(
        max_length=8, choices=Source.choices, default=Source.MANUAL, db_default=Source.MANUAL
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user", "team", "role", "source"], name="membership_once"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=TeamRole.values), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} of {self.team_id}"


class OrgRole(models.Model):
    """One installation-wide role of one person."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="org_roles")
    role = models.CharField(max_length=16, choices=OrgRoleName.choices)
    source = models.CharField(
        max_length=8, choices=Source.choices, default=Source.MANUAL, db_default=Source.MANUAL
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "role", "source"], name="org_role_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=OrgRoleName.values), name="org_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class Application(models.Model):
    """A program of a team: it acts on clusters as `principal` ("User:checkout")."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="applications")
    name = models.CharField(max_length=120, unique=True)
    principal = models.CharField(max_length=250, unique=True)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ApplicationPrefix(models.Model):
    """A prefix of names that belongs to one application.

    That prefixes of two applications never overlap is kept by a trigger (migration
    ``0002_guards``): PostgreSQL's exclusion constraints would need an extension.
    """

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="prefixes")
    prefix = models.CharField(max_length=249, unique=True)

    class Meta:
        ordering = ["prefix"]

    def __str__(self) -> str:
        return self.prefix
