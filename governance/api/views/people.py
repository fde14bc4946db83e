"""People: their accounts, their roles in the whole installation, one's own password."""

from __future__ import annotations

from django.contrib import auth
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance import lookups
from governance.api.base import ApiView
from governance.api.filters import Filters, Flag, Text
from governance.api.idempotency import repeatable
from governance.api.serializers import people as shapes
from governance.api.serializers.audit import EventShown
from governance.api.shapes import Nothing
from governance.models import Event, User
from governance.services import identities, people, second_factor


class PersonFilter(Filters):
    """Narrows the list of people."""

    q = Text(method="search", label="Words of the name, the sign-in name or the mail.")
    active = Flag(field_name="is_active", label="Whether they can sign in.")

    class Meta:
        model = User
        fields: list[str] = []

    def search(self, rows: QuerySet[User], _name: str, value: str) -> QuerySet[User]:
        return rows.filter(pk__in=lookups.people(self.actor, value[:80]).values("pk"))


class PersonView(ApiView):
    """A view about accounts, for those who may see them."""

    kind = "account"
    queryset = User.objects.none()

    def account(self, username: str, status: int = 200) -> Response:
        """The account as it stands now."""
        found = lookups.people(self.actor).get(username=username)
        return self.shown(shapes.AccountShown, found, status)


class PersonList(PersonView):
    """All people, and new ones."""

    filterset_class = PersonFilter

    @extend_schema(operation_id="people_list", responses=shapes.AccountShown(many=True))
    def get(self, request: Call) -> Response:
        """All accounts, by the name that people sign in by."""
        return self.listed(lookups.people(self.actor), shapes.AccountShown)

    @extend_schema(
        operation_id="people_create",
        request=shapes.PersonIn,
        responses={201: shapes.AccountShown},
        filters=False,
    )
    @repeatable
    def post(self, request: Call) -> Response:
        """A new account, by the platform team."""
        made = people.create(**self.values(shapes.PersonIn), by=self.actor)
        return self.account(made.username, 201)


class PersonDetail(PersonView):
    """One account."""

    @extend_schema(
        operation_id="people_change",
        request=shapes.PersonValues,
        responses={200: shapes.AccountShown},
    )
    def put(self, request: Call, username: str) -> Response:
        """Changes name and mail, both of them. The name that she signs in by stays."""
        people.change(username, **self.values(shapes.PersonValues), by=self.actor)
        return self.account(username)


class PersonDeactivate(PersonView):
    """Switching off."""

    @extend_schema(
        operation_id="people_deactivate",
        request=Nothing,
        responses={200: shapes.AccountShown},
    )
    @repeatable
    def post(self, request: Call, username: str) -> Response:
        """Ends a person's access and her sessions. Nobody switches herself off."""
        self.values(Nothing)
        people.switch_off(username, by=self.actor)
        return self.account(username)


class PersonActivate(PersonView):
    """Switching on."""

    @extend_schema(
        operation_id="people_activate",
        request=Nothing,
        responses={200: shapes.AccountShown},
    )
    @repeatable
    def post(self, request: Call, username: str) -> Response:
        """Lets a person sign in again, with the password and the roles that she had."""
        self.values(Nothing)
        people.switch_on(username, by=self.actor)
        return self.account(username)


class PersonPassword(PersonView):
    """Somebody else's password."""

    @extend_schema(
        operation_id="people_set_password",
        request=shapes.PasswordIn,
        responses={204: None},
    )
    def put(self, request: Call, username: str) -> Response:
        """Gives somebody else a new password; her sessions end."""
        password = self.values(shapes.PasswordIn)["password"]
        people.set_password(username, password, by=self.actor)
        return Response(status=204)


class PersonSecondFactor(PersonView):
    """Somebody else's second factor."""

    @extend_schema(operation_id="people_reset_second_factor", request=None, responses={204: None})
    def delete(self, request: Call, username: str) -> Response:
        """Takes a lost one away; her sessions end."""
        second_factor.reset(username, by=self.actor)
        return Response(status=204)


class IdentityTroubles(ApiView):
    """What providers sent of people that could not be used."""

    kind = "identity"
    queryset = Event.objects.none()

    @extend_schema(operation_id="identity_troubles", responses=EventShown(many=True), filters=False)
    def get(self, request: Call) -> Response:
        """Which claim of which provider, and what came, the newest first."""
        return self.listed(identities.troubles(self.actor), EventShown)


class OwnPassword(ApiView):
    """The caller's own password."""

    kind = "person"

    @extend_schema(
        operation_id="me_set_password",
        request=shapes.OwnPasswordIn,
        responses={204: None},
    )
    def put(self, request: Call) -> Response:
        """Changes it, for people: a token has none. Other sessions end, this one goes on."""
        address = request.META.get("REMOTE_ADDR", "")
        typed = self.values(shapes.OwnPasswordIn)
        user = people.change_own_password(**typed, by=self.actor, address=address)
        auth.update_session_auth_hash(request._request, user)
        return Response(status=204)


class OrgRoles(ApiView):
    """Roles of a person in the whole installation."""

    kind = "person"

    @extend_schema(
        operation_id="people_set_roles",
        request=shapes.OrgRolesIn,
        responses={200: shapes.OrgRolesShown},
    )
    def put(self, request: Call, username: str) -> Response:
        """Sets them, by the platform team. Nobody takes her own platform role."""
        roles = self.values(shapes.OrgRolesIn)["roles"]
        person = people.set_org_roles(username, roles, by=self.actor)
        return self.shown(shapes.OrgRolesShown, {"person": person, "roles": sorted(set(roles))})
