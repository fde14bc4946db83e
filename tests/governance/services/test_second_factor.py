"""A second factor: set up, asked for, taken once, taken away."""

from __future__ import annotations

import re
import time

import pytest
from django.db.models import F
from django.test import Client
from pytest_django import Settings as SettingsWrapper

from governance import secrets
from governance.actors import actor_for_user
from governance.errors import Invalid, NotAllowed
from governance.identity import totp
from governance.models import Event, SecondFactor, SignInCount, User
from governance.services import second_factor
from tests.factories import make_actor, make_user

pytestmark = pytest.mark.django_db


def code_of(user: User, later: int = 0) -> str:
    factor = SecondFactor.objects.get(user=user)
    secret = secrets.reveal(factor.secret).reveal()
    return totp.code_at(secret, int(time.time()) // totp.STEP_SECONDS + later)


def with_factor(name: str = "priya", **roles: object) -> tuple[User, list[str]]:
    user = make_user(name, **roles)  # type: ignore[arg-type]  # as given
    offer = second_factor.offer(user)
    code = totp.code_at(offer.secret, int(time.time()) // totp.STEP_SECONDS)
    codes = second_factor.set_up(
        sealed=offer.sealed, code=code, password=name, by=actor_for_user(user)
    )
    SecondFactor.objects.update(last_step=F("last_step") - 5)  # that was a while ago
    return user, codes


def sign_in(client: Client, name: str = "priya") -> str:
    return client.post("/sign-in/", {"username": name, "password": name}).content.decode()


def is_in(client: Client) -> bool:
    return bool(client.get("/api/v1/me").status_code == 200)


def test_setting_up_takes_the_password_and_a_code_that_fits() -> None:
    user = make_user("priya")
    by, offer = actor_for_user(user), second_factor.offer(user)
    code = totp.code_at(offer.secret, int(time.time()) // 30)
    with pytest.raises(Invalid, match="not your password"):
        second_factor.set_up(sealed=offer.sealed, code=code, password="x", by=by)
    with pytest.raises(Invalid, match="not the code of this moment"):
        second_factor.set_up(sealed=offer.sealed, code="12345", password="priya", by=by)
    assert second_factor.of(user) is None
    second_factor.set_up(sealed=offer.sealed, code=code, password="priya", by=by)
    kept = SecondFactor.objects.get(user=user)
    assert kept.secret.startswith("fernet:")
    assert offer.secret not in str([*Event.objects.values_list("data", flat=True), kept.secret])
    assert Event.objects.filter(action="second_factor.set_up").exists()


def test_the_code_is_asked_for_and_taken_once() -> None:
    user, _ = with_factor()
    client = Client()
    assert "Six digits from your app" in sign_in(client)
    assert not is_in(client)
    code = code_of(user)
    assert client.post("/sign-in/code/", {"code": "000000"}).status_code == 422
    assert client.post("/sign-in/code/", {"code": code, "next": "/teams/"})["Location"] == "/teams/"
    assert is_in(client)
    assert Event.objects.filter(action="person.signed_in").count() == 1

    again = Client()
    sign_in(again)
    assert again.post("/sign-in/code/", {"code": code}).status_code == 422
    assert not is_in(again)
    assert again.post("/sign-in/code/", {"code": code_of(user, 1)}).status_code == 302


def test_a_recovery_code_is_good_once() -> None:
    _, codes = with_factor()
    for expected in (302, 422):
        client = Client()
        sign_in(client)
        answer = client.post("/sign-in/code/", {"code": codes[0].upper()})
        assert answer.status_code == expected
        assert is_in(client) is (expected == 302)


def test_guessing_codes_becomes_slow_and_half_is_nothing() -> None:
    user, _ = with_factor()
    client = Client()
    sign_in(client)
    for _ in range(5):
        client.post("/sign-in/code/", {"code": "000000"})
    slowed = client.post("/sign-in/code/", {"code": code_of(user)})
    assert slowed.status_code == 429
    assert int(slowed["Retry-After"]) > 0
    assert SignInCount.objects.exists()
    assert client.get("/api/v1/me").status_code == 401
    stranger = Client()
    assert stranger.post("/sign-in/code/", {"code": code_of(user)})["Location"] == "/sign-in/"
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.post("/sign-in/code/", {"code": code_of(user)})["Location"] == "/sign-in/"


@pytest.mark.parametrize(
    ("required", "role", "held_up"),
    [("none", "platform", False), ("platform", "", False), ("platform", "platform", True),
     ("all", "", True)],
)  # fmt: skip
def test_who_must_have_one_does_nothing_else_before(
    settings: SettingsWrapper, required: str, role: str, held_up: bool
) -> None:
    settings.MFA_REQUIRED = required
    make_user("mara", org=(role,) if role else ())
    client = Client()
    sign_in(client, "mara")
    assert client.get("/api/v1/me").status_code == (403 if held_up else 200)
    page = client.get("/teams/")
    assert (page.status_code, page.get("Location", "")) == (
        (302, "/account/second-factor/") if held_up else (200, "")
    )
    offered = client.get("/account/second-factor/").content.decode()
    found = re.search(r'<p class="name">([A-Z2-7]{32})</p>', offered)
    assert found is not None
    code = totp.code_at(found[1], int(time.time()) // 30)
    done = client.post("/account/second-factor/", {"code": code, "password": "mara"})
    assert "this is the only time that they are shown" in done.content.decode()
    assert client.get("/api/v1/me").status_code == 200


def test_a_lost_one_is_reset_by_the_platform_team_alone() -> None:
    user, _ = with_factor()
    client = Client()
    sign_in(client)
    client.post("/sign-in/code/", {"code": code_of(user)})
    assert is_in(client)
    with pytest.raises(NotAllowed):
        second_factor.reset("priya", by=make_actor("jonas", team="payments", roles=("owner",)))
    assert second_factor.of(user) is not None
    second_factor.reset("priya", by=make_actor("mara", org=("platform",)))
    assert second_factor.of(user) is None
    assert not is_in(client)
    assert Event.objects.filter(action="second_factor.reset").count() == 1


def test_removing_ones_own_takes_the_password() -> None:
    user, _ = with_factor()
    by = actor_for_user(user)
    with pytest.raises(Invalid, match="not your password"):
        second_factor.remove(password="wrong", by=by)
    second_factor.remove(password="priya", by=by)
    assert second_factor.of(user) is None


def test_only_break_glass_comes_in_by_password_when_local_sign_in_is_off(
    settings: SettingsWrapper,
) -> None:
    make_user("priya")
    make_user("glass")
    User.objects.filter(username="glass").update(is_superuser=True)
    before = Client()
    sign_in(before, "priya")
    assert is_in(before)
    settings.LOCAL_SIGN_IN = "break-glass"
    assert not is_in(before)
    for name, comes_in in (("priya", False), ("glass", True)):
        client = Client()
        sign_in(client, name)
        assert is_in(client) is comes_in, name
