"""The pages of people and environments: who is let in, who is refused, and that it is said why."""

from __future__ import annotations

import pytest
from django.test import Client

from governance.models import Environment, Event, User
from governance.permissions import Action, allowed
from tests.factories import Cast, make_cast, make_environment

pytestmark = pytest.mark.django_db

ROLES = ("requester", "owner", "viewer", "platform", "steward", "auditor", "outsider")
ENVIRONMENT = {
    "slug": "new-one",
    "colour": "teal",
    "position": "1",
    "time_zone": "UTC",
    "registry_context": ".",
}
PASSWORD = "correct horse battery"
READ = {
    "/people/": (Action.VIEW, "account"),
    "/people/viewer/": (Action.VIEW, "account"),
    "/people/new/": (Action.MANAGE_PEOPLE, "person"),
    "/environments/": (Action.VIEW, "environment"),
    "/environments/new/": (Action.MANAGE_ENVIRONMENTS, "environment"),
    "/environments/staging/": (Action.MANAGE_ENVIRONMENTS, "environment"),
}
WRITE = {
    "/people/new/": ({"username": "somebody"}, Action.MANAGE_PEOPLE, "person"),
    "/people/viewer/": ({"name": "Vera"}, Action.MANAGE_PEOPLE, "person"),
    "/people/viewer/roles/": ({"roles": ["auditor"]}, Action.MANAGE_ORG_ROLES, "person"),
    "/people/viewer/password/": ({"password": PASSWORD}, Action.MANAGE_PEOPLE, "person"),
    "/people/viewer/off/": ({}, Action.MANAGE_PEOPLE, "person"),
    "/people/viewer/on/": ({}, Action.MANAGE_PEOPLE, "person"),
    "/environments/new/": (ENVIRONMENT, Action.MANAGE_ENVIRONMENTS, "environment"),
    "/environments/staging/": (ENVIRONMENT, Action.MANAGE_ENVIRONMENTS, "environment"),
}


@pytest.fixture
def cast() -> Cast:
    make_environment("staging")
    return make_cast()


def signed_in(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


@pytest.mark.parametrize("address", READ)
def test_each_page_opens_for_those_who_may(cast: Cast, address: str) -> None:
    action, kind = READ[address]
    for role in ROLES:
        expected = 200 if allowed(getattr(cast, role), action, kind).ok else 403
        answer = signed_in(role).get(address)
        assert answer.status_code == expected, role
        assert expected == 200 or "the platform team" in answer.content.decode(), role


@pytest.mark.parametrize("address", WRITE)
def test_each_form_is_taken_from_those_who_may(cast: Cast, address: str) -> None:
    values, action, kind = WRITE[address]
    # The one who may comes last: before her nobody has changed anything.
    for role in sorted(ROLES, key=lambda role: role == "platform"):
        before = _state()
        may = allowed(getattr(cast, role), action, kind).ok
        answer = signed_in(role).post(address, values)
        assert answer.status_code == (302 if may else 403), (role, answer.content)
        assert may or _state() == before, role
    assert may


def test_an_account_is_switched_by_its_buttons(cast: Cast) -> None:
    platform = signed_in("platform")
    assert "Switch viewer off" in platform.get("/people/viewer/").content.decode()
    platform.post("/people/viewer/off/")
    page = platform.get("/people/viewer/").content.decode()
    assert "Switched off" in page
    assert "Switch viewer on" in page
    assert "Save the roles" not in page  # roles are given to those who can use them
    answer = platform.post("/people/platform/off/")
    assert answer.status_code == 409
    assert "You cannot switch yourself off" in answer.content.decode()


def test_everybody_has_an_account_page_and_nobody_signed_out(cast: Cast) -> None:
    for role in ROLES:
        assert signed_in(role).get("/account/").status_code == 200
    assert Client().get("/account/").status_code == 302


def _state() -> tuple[object, ...]:
    """What these pages can change, and what is told of it."""
    people = User.objects.order_by("pk").values_list("name", "is_active", "password")
    return list(people), list(Environment.objects.values()), Event.objects.count()
