"""People: accounts and passwords, and what ends a session."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from governance.actors import Actor, actor_for_user, system_actor
from governance.errors import Conflict, Invalid, NotAllowed, NotFound
from governance.models import Event, User
from governance.services import people, teams
from tests.factories import Cast, make_cast, make_user

pytestmark = pytest.mark.django_db

GOOD = "correct horse battery"
BETTER = "staple of another colour"


CALLS: tuple[Callable[[Actor], User], ...] = (
    lambda by: people.create(username="x", by=by),
    lambda by: people.change("priya", name="", email="", by=by),
    lambda by: people.switch_off("priya", by=by),
    lambda by: people.switch_on("priya", by=by),
    lambda by: people.set_password("priya", BETTER, by=by),
)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def signs_in(username: str, password: str) -> bool:
    return Client().login(username=username, password=password)


def signed_in(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    assert is_somebody(client)
    return client


def is_somebody(client: Client) -> bool:
    return client.get("/teams/").status_code == 200


def make(cast: Cast, username: str = "priya", **other: Any) -> User:
    return people.create(username=username, by=cast.platform, **other)


def test_the_platform_team_makes_accounts_and_nobody_else(cast: Cast) -> None:
    made = make(cast, name=" Priya  Nair ", email="priya@example.com", password=GOOD)
    assert (made.name, made.email) == ("Priya Nair", "priya@example.com")
    assert signs_in("priya", GOOD)
    told = Event.objects.filter(action="person.created").latest("id")
    assert told.data == {"name": "Priya Nair", "email": "priya@example.com", "password_set": True}
    for actor in (cast.owner, cast.steward, cast.auditor, cast.outsider):
        for call in CALLS:
            with pytest.raises(NotAllowed, match="people's accounts: this takes the platform"):
                call(actor)


def test_the_first_one_is_made_by_the_command_line_with_her_roles(cast: Cast) -> None:
    made = people.create(
        username="root", password=GOOD, org_roles=["platform"], by=system_actor("command line")
    )
    assert actor_for_user(made).org_roles == {"platform"}
    assert [e.action for e in Event.objects.order_by("-id")[:2]] == [
        "person.roles_set",
        "person.created",
    ]


def test_a_wrong_role_makes_nobody(cast: Cast) -> None:
    with pytest.raises(Invalid, match="no role 'king'"):
        make(cast, org_roles=["king"])
    assert not User.objects.filter(username="priya").exists()


def test_without_a_password_nobody_signs_in_until_one_is_set(cast: Cast) -> None:
    made = make(cast)
    assert not made.has_usable_password()
    assert not signs_in("priya", "")
    people.set_password("priya", GOOD, by=cast.platform)
    assert signs_in("priya", GOOD)


@pytest.mark.parametrize("username", ["", "a b", "new", "..", "a/b", "a\x00", "x" * 151, "a\nb"])
def test_a_wrong_username_is_refused(cast: Cast, username: str) -> None:
    with pytest.raises(Invalid, match="cannot be a name to sign in by") as refused:
        make(cast, username)
    assert refused.value.path == "username"


@pytest.mark.parametrize("username", ["priya", "PRIYA", " priya", "\uff50riya"])
def test_names_that_look_alike_are_one(cast: Cast, username: str) -> None:
    make(cast)
    with pytest.raises(Conflict, match="Choose another"):
        make(cast, username)


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "at least 12 characters"),
        ("", "at least 12 characters"),
        ("1q2w3e4r5t6y", "too common"),
        ("priya@example.com", "too similar"),
        ("x" * 1001, "too long"),
    ],
)
def test_the_rules_for_passwords_hold_everywhere(cast: Cast, password: str, sentence: str) -> None:
    make(cast, "other", email="priya@example.com", password=GOOD)
    with pytest.raises(Invalid, match=sentence):
        make(cast, email="priya@example.com", password=password)
    with pytest.raises(Invalid, match=sentence):
        people.set_password("other", password, by=cast.platform)
    own = actor_for_user(User.objects.get(username="other"))
    with pytest.raises(Invalid, match=sentence) as refused:
        people.change_own_password(old=GOOD, new=password, by=own)
    assert refused.value.path == "new"


def test_name_and_mail_change_and_the_same_again_tells_nothing(cast: Cast) -> None:
    make(cast, name="Priya", email="priya@example.com")
    for _ in range(2):
        people.change("priya", name="Priya Nair", email="priya@example.com", by=cast.platform)
    told = Event.objects.get(action="person.changed")
    assert told.data == {"before": {"name": "Priya"}, "after": {"name": "Priya Nair"}}
    with pytest.raises(Invalid, match="is no mail address"):
        people.change("priya", name="", email="priya", by=cast.platform)
    with pytest.raises(NotFound, match="nobody called ghost"):
        people.change("ghost", name="", email="", by=cast.platform)


def test_somebody_switched_off_is_nobody_at_her_next_request(cast: Cast) -> None:
    make_user("priya", team="payments", roles=("owner",))
    browser, other = signed_in("priya"), signed_in("owner")
    for _ in range(2):
        people.switch_off("priya", by=cast.platform)
    assert not is_somebody(browser)
    assert is_somebody(other)
    assert not signs_in("priya", "priya")
    assert not actor_for_user(User.objects.get(username="priya")).signed_in
    for _ in range(2):
        people.switch_on("priya", by=cast.platform)
    assert not is_somebody(browser)  # what was ended stays ended
    assert signs_in("priya", "priya")
    assert actor_for_user(User.objects.get(username="priya")).teams == {"payments": {"owner"}}
    told = Event.objects.filter(action__startswith="person.switched").values_list("action")
    assert sorted(told) == [("person.switched_off",), ("person.switched_on",)]


def test_nobody_switches_herself_off(cast: Cast) -> None:
    with pytest.raises(Conflict, match="cannot switch yourself off"):
        people.switch_off("platform", by=cast.platform)


def test_a_new_password_ends_the_sessions_that_were(cast: Cast) -> None:
    make(cast, password=GOOD)
    browser = signed_in("priya")
    people.set_password("priya", BETTER, by=cast.platform)
    assert not is_somebody(browser)
    assert (signs_in("priya", GOOD), signs_in("priya", BETTER)) == (False, True)
    with pytest.raises(Conflict, match="You change your own password on “Your account”"):
        people.set_password("platform", BETTER, by=cast.platform)


def test_ones_own_password_takes_the_old_one(cast: Cast) -> None:
    own = actor_for_user(make(cast, password=GOOD))
    with pytest.raises(Invalid, match="That is not your password") as refused:
        people.change_own_password(old="wrong", new=BETTER, by=own)
    assert refused.value.path == "old"
    with pytest.raises(Invalid, match="Choose another one"):
        people.change_own_password(old=GOOD, new=GOOD, by=own)
    people.change_own_password(old=GOOD, new=BETTER, by=own)
    assert signs_in("priya", BETTER)
    with pytest.raises(NotAllowed):
        people.change_own_password(old="", new=BETTER, by=system_actor())


def test_guessing_at_the_old_password_is_slowed_down_as_at_the_door(cast: Cast) -> None:
    own = actor_for_user(make(cast, password=GOOD))
    for _ in range(5):
        with pytest.raises(Invalid, match="That is not your password"):
            people.change_own_password(old="wrong", new=BETTER, by=own, address="10.0.0.1")
    with pytest.raises(Invalid, match=r"[Tt]ry again"):
        people.change_own_password(old=GOOD, new=BETTER, by=own, address="10.0.0.1")


def test_no_event_holds_a_password(cast: Cast) -> None:
    own = actor_for_user(make(cast, password=GOOD))
    people.change_own_password(old=GOOD, new=BETTER, by=own)
    people.set_password("priya", GOOD + "!", by=cast.platform)
    written = json.dumps(list(Event.objects.values_list("action", "data", "object_name")))
    assert "person.password_changed" in written
    assert GOOD not in written
    assert BETTER not in written
    assert "md5" not in written


def test_roles_of_the_installation_are_given_by_platform(cast: Cast) -> None:
    user = people.set_org_roles("viewer", ["steward", "auditor"], by=cast.platform)
    assert set(user.org_roles.values_list("role", flat=True)) == {"steward", "auditor"}
    told = Event.objects.order_by("-id")[0]
    assert (told.action, told.data["after"]) == ("person.roles_set", ["auditor", "steward"])
    people.set_org_roles("viewer", ["auditor", "steward"], by=cast.platform)
    assert Event.objects.filter(action="person.roles_set").count() == 1
    people.set_org_roles("viewer", [], by=cast.platform)
    assert not user.org_roles.exists()
    with pytest.raises(NotAllowed):
        people.set_org_roles("owner", ["platform"], by=cast.owner)
    with pytest.raises(Conflict, match="your own platform role"):
        people.set_org_roles("platform", [], by=cast.platform)
    with pytest.raises(Invalid, match="no role 'king'"):
        people.set_org_roles("viewer", ["king"], by=cast.platform)


def test_somebody_switched_off_is_given_nothing(cast: Cast) -> None:
    people.switch_off("viewer", by=cast.platform)
    with pytest.raises(NotFound, match="nobody called viewer"):
        teams.add_member("payments", username="viewer", role="owner", by=cast.owner)
    with pytest.raises(NotFound, match="nobody called viewer"):
        people.set_org_roles("viewer", ["auditor"], by=cast.platform)


def test_the_database_too_takes_a_name_once_in_any_case(cast: Cast) -> None:
    """Two who ask at the same moment both see that the name is free."""
    make(cast)
    with pytest.raises(IntegrityError, match="username_once_in_any_case"), transaction.atomic():
        User.objects.create(username="Priya")
