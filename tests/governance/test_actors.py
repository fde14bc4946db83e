"""Actors: who stands behind a user, a token, a request."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from governance.actors import ANONYMOUS, actor_for_token, actor_for_user, system_actor
from governance.middleware import ActorMiddleware, actor_of
from governance.models import Membership, User
from governance.services import tokens
from tests.factories import make_cast, make_team, make_user

pytestmark = pytest.mark.django_db


def test_a_person_has_her_roles_in_each_team_in_two_queries() -> None:
    user = make_user("bo", team="payments", roles=("viewer", "owner"), org=("steward",))
    for number in range(10):
        other = make_team(f"team-{number}")
        Membership.objects.create(user=user, team=other, role="requester")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        actor = actor_for_user(user)
    assert len(queries) == 2
    assert actor.teams["payments"] == {"viewer", "owner"}
    assert actor.teams["team-9"] == {"requester"}
    assert actor.org_roles == {"steward"}
    assert (actor.user_id, actor.name) == (user.pk, "bo")


def test_somebody_switched_off_is_nobody_and_the_first_account_is_platform() -> None:
    user = make_user("gone", team="payments", roles=("owner",))
    user.is_active = False
    assert actor_for_user(user) is ANONYMOUS
    assert actor_for_user(User.objects.create_superuser("root")).org_roles == {"platform"}


def test_a_token_is_a_requester_of_its_team_within_its_scopes() -> None:
    cast = make_cast()
    made, _ = tokens.issue(
        name="ci",
        team=cast.team,
        scopes=["api:write"],
        expires_at=None,
        context=".prod",
        by=cast.owner,
    )
    actor = actor_for_token(made)
    assert (actor.kind, actor.name, actor.team) == ("token", "payments/ci", "payments")
    assert actor.teams == {"payments": {"requester"}}
    assert actor.scopes == frozenset({"api:write"})
    assert (actor.context, actor.user_id) == (".prod", None)
    assert system_actor().team is None


def test_the_middleware_asks_the_database_when_the_actor_is_used_and_once() -> None:
    user = make_user("vera", team="payments", roles=("viewer",))

    def view(request: HttpRequest) -> HttpResponse:
        with CaptureQueriesContext(connection) as before:
            actor = actor_of(request)
        assert len(before) == 0
        with CaptureQueriesContext(connection) as after:
            assert actor.name == "vera"
            assert actor.teams == {"payments": {"viewer"}}
        assert len(after) == 2
        return HttpResponse()

    request = RequestFactory().get("/")
    request.user = user
    assert ActorMiddleware(view)(request).status_code == 200


def test_nobody_signed_in_is_anonymous() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        assert not actor_of(request).signed_in
        return HttpResponse()

    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert ActorMiddleware(view)(request).status_code == 200
