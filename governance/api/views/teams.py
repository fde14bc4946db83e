"""Who calls; teams with their people and applications."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import access, lookups
from governance.api.base import ApiView
from governance.api.filters import Filters, Text
from governance.api.idempotency import repeatable
from governance.api.serializers import people as shapes
from governance.api.shapes import Nothing
from governance.models import Team
from governance.permissions import Action, allowed
from governance.services import team_life, teams


class Me(ApiView):
    """Who calls."""

    kind = "person"

    @extend_schema(operation_id="me", responses={200: shapes.MeShown})
    def get(self, request: Call) -> Response:
        """The caller's teams, roles and scopes."""
        actor = self.actor
        return self.shown(
            shapes.MeShown,
            {
                "kind": actor.kind,
                "id": actor.id,
                "name": actor.name,
                "teams": {team: sorted(roles) for team, roles in sorted(actor.teams.items())},
                "org_roles": sorted(actor.org_roles),
                "scopes": sorted(actor.scopes) if actor.scopes is not None else None,
                "context": actor.context,
            },
        )


class TeamFilter(Filters):
    """Narrows the list of teams."""

    q = Text(method="search", label="Words of the name.")

    class Meta:
        model = Team
        fields: list[str] = []

    def search(self, rows: QuerySet[Team], _name: str, value: str) -> QuerySet[Team]:
        return rows.filter(pk__in=lookups.teams(value[:80]).values("pk"))


class TeamView(ApiView):
    """A view about teams."""

    kind = "team"
    queryset = Team.objects.none()

    def page_of(self, slug: str, status: int = 200) -> Response:
        """The whole team."""
        team = access.get_team(self.actor, slug)
        page: dict[str, Any] = {
            "team": lookups.teams().get(pk=team.pk),
            "members": lookups.people_of(team),
            "applications": lookups.applications_of(team),
            "can_manage": allowed(self.actor, Action.MANAGE_TEAM, "team", slug).ok,
        }
        return self.shown(shapes.TeamPageShown, page, status)


class TeamList(TeamView):
    """All teams, and new ones."""

    filterset_class = TeamFilter

    @extend_schema(operation_id="teams_list", responses=shapes.TeamShown(many=True))
    def get(self, request: Call) -> Response:
        """All teams, by name."""
        return self.listed(lookups.teams(), shapes.TeamShown)

    @extend_schema(
        operation_id="teams_create",
        request=shapes.TeamIn,
        responses={201: shapes.TeamPageShown},
        filters=False,
    )
    @repeatable
    def post(self, request: Call) -> Response:
        """A new team, by the platform team."""
        made = teams.create(**self.values(shapes.TeamIn), by=self.actor)
        return self.page_of(made.slug, 201)


class TeamDetail(TeamView):
    """One team."""

    @extend_schema(operation_id="teams_get", responses={200: shapes.TeamPageShown})
    def get(self, request: Call, slug: str) -> Response:
        """A team with its people and applications."""
        return self.page_of(slug)

    @extend_schema(
        operation_id="teams_change",
        request=shapes.TeamChange,
        responses={200: shapes.TeamPageShown},
    )
    def put(self, request: Call, slug: str) -> Response:
        """Changes all that is said of a team but its slug."""
        team_life.change(slug, **self.values(shapes.TeamChange), by=self.actor)
        return self.page_of(slug)


class TeamHandOver(TeamView):
    """Giving all that a team owns to its successor."""

    @extend_schema(
        operation_id="teams_hand_over", request=Nothing, responses={200: shapes.TeamPageShown}
    )
    @repeatable
    def post(self, request: Call, slug: str) -> Response:
        """What the team owns, and its applications, belong to its successor then."""
        self.values(Nothing)
        team_life.hand_over(slug, by=self.actor)
        return self.page_of(slug)


class TeamClose(TeamView):
    """The end of a team."""

    @extend_schema(
        operation_id="teams_close", request=Nothing, responses={200: shapes.TeamPageShown}
    )
    @repeatable
    def post(self, request: Call, slug: str) -> Response:
        """Closes a team that owns nothing any more; its tokens are revoked."""
        self.values(Nothing)
        team_life.close(slug, by=self.actor)
        return self.page_of(slug)


class TeamMembers(TeamView):
    """Roles in one team."""

    @extend_schema(
        operation_id="teams_add_member",
        request=shapes.MemberIn,
        responses={201: shapes.TeamPageShown},
    )
    @repeatable
    def post(self, request: Call, slug: str) -> Response:
        """Gives a person a role in the team; a role that she has already stays."""
        teams.add_member(slug, **self.values(shapes.MemberIn), by=self.actor)
        return self.page_of(slug, 201)


class TeamMember(TeamView):
    """One role of one person."""

    @extend_schema(operation_id="teams_remove_member", request=None, responses={204: None})
    def delete(self, request: Call, slug: str, username: str, role: str) -> Response:
        """Takes the role away. The last owner stays."""
        teams.remove_member(slug, username=username, role=role, by=self.actor)
        return Response(status=204)


class TeamApplications(TeamView):
    """Applications of one team."""

    @extend_schema(
        operation_id="teams_create_application",
        request=shapes.ApplicationIn,
        responses={201: shapes.ApplicationShown},
    )
    @repeatable
    def post(self, request: Call, slug: str) -> Response:
        """An application that acts for the team; its prefixes overlap no other's."""
        typed = self.values(shapes.ApplicationIn)
        made = teams.create_application(slug, **typed, by=self.actor)
        return self.shown(shapes.ApplicationShown, made, 201)


class TeamApplication(TeamView):
    """One application."""

    @extend_schema(
        operation_id="teams_change_application",
        request=shapes.ApplicationValues,
        responses={200: shapes.ApplicationShown},
    )
    def put(self, request: Call, slug: str, name: str) -> Response:
        """Changes what it acts as and the names that it may use."""
        typed = self.values(shapes.ApplicationValues)
        changed = team_life.change_application(slug, name, **typed, by=self.actor)
        changed = lookups.applications_of(changed.team).get(pk=changed.pk)
        return self.shown(shapes.ApplicationShown, changed)

    @extend_schema(operation_id="teams_delete_application", request=None, responses={204: None})
    def delete(self, request: Call, slug: str, name: str) -> Response:
        """Removes it, unless something still refers to it."""
        team_life.delete_application(slug, name, by=self.actor)
        return Response(status=204)
