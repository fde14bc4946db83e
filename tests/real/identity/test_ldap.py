"""Signing in by a directory that really runs, over StartTLS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings as SettingsWrapper

from governance.identity import directory as door
from governance.models import Event, Identity, Membership, OrgRole, ProviderSession, User
from tests.factories import make_team, make_user
from tests.real.identity.directory import Directory

pytestmark = [
    pytest.mark.real,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Until the garbage collector has been: see `acme`.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

RULES = "PAY-owners => owner:payments\nweir-auditors => auditor"
Open = Callable[[str], Page]


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def attempt(name: str, password: str) -> str:
    """What the sign-in page says; empty for somebody who came in."""
    answer = Client().post("/sign-in/", {"username": name, "password": password})
    return "" if answer.status_code == 302 else answer.content.decode()


@pytest.fixture
def known(acme: Directory, settings: SettingsWrapper) -> Directory:
    make_team("payments")
    settings.LDAP = acme.options(RULES)
    return acme


def test_a_group_gives_a_role_and_its_loss_takes_it_in_the_next_request(
    known: Directory, open_page: Open, site: str
) -> None:
    ada = known.add_person("ada", "correct-horse", cn="Ada Brook")
    owners = known.add_group("pay-owners", ada)
    known.add_group("weir-auditors", ada)
    page = open_page("/teams/payments/")
    sign_in(page, "ada", "wrong-horse")
    page.get_by_text("do not fit together").wait_for()
    sign_in(page, "ada", "correct-horse")
    page.wait_for_url(site + "/teams/payments/")
    expect(page.get_by_role("button", name="Add to the team")).to_be_visible()
    user = User.objects.get(username="ada")
    assert (user.name, user.email, user.has_usable_password()) == (
        "Ada Brook", "ada@acme.example", False,
    )  # fmt: skip
    assert OrgRole.objects.get().source == "ldap"

    known.take_out(owners, ada)

    page.reload()
    expect(page.get_by_role("heading", name="payments")).to_be_visible()
    expect(page.get_by_role("button", name="Add to the team")).to_have_count(0)
    assert not Membership.objects.exists()
    lost = Event.objects.get(action="person.right_lost")
    assert (lost.actor_name, lost.data["role"], lost.data["team"]) == ("ldap", "owner", "payments")

    known.remove(ada)
    page.reload()
    page.get_by_text("You are not in the Acme directory any more").wait_for()
    assert not OrgRole.objects.exists()


def test_nobody_comes_in_by_a_trick(known: Directory, site: str) -> None:
    known.add_person("ada", "correct-horse")
    for name in ("ada", "*", "ada)(uid=*", "ad*", "ada\\2a", "nobody"):
        for password in ("", "wrong", "*"):
            assert attempt(name, password), (name, password)
        if name != "ada":
            assert attempt(name, "correct-horse"), name
    assert not User.objects.exists()
    assert attempt("ada", "correct-horse") == ""


def test_a_directory_that_is_away_is_said_and_local_accounts_still_work(
    known: Directory, site: str, settings: SettingsWrapper
) -> None:
    make_user("jonas")
    known.add_person("ada", "correct-horse")
    settings.LDAP = known.options(RULES, url="ldap://127.0.0.1:1")
    said = attempt("ada", "correct-horse")
    assert "The Acme directory at ldap://127.0.0.1:1 does not answer" in said
    assert "Local accounts can sign in meanwhile" in said
    assert attempt("jonas", "jonas") == ""
    door.forget()
    settings.LDAP = known.options(RULES)
    assert attempt("ada", "correct-horse") == ""


def test_while_it_is_away_its_last_word_counts_for_a_while(
    known: Directory, site: str, settings: SettingsWrapper
) -> None:
    ada = known.add_person("ada", "correct-horse")
    known.add_group("pay-owners", ada)
    client = Client()
    client.post("/sign-in/", {"username": "ada", "password": "correct-horse"})
    settings.LDAP = known.options(RULES, url="ldap://127.0.0.1:1")
    assert client.get("/api/v1/me").json()["teams"] == {"payments": ["owner"]}
    ProviderSession.objects.update(checked_at=timezone.now() - timedelta(minutes=16))
    ended = client.get("/api/v1/me")
    assert ended.status_code == 401
    assert "which is too old to go on with" in ended.json()["detail"]
    assert "_auth_user_id" not in client.session


def test_a_certificate_that_nobody_vouches_for_is_not_taken(
    known: Directory, site: str, settings: SettingsWrapper
) -> None:
    known.add_person("ada", "correct-horse")
    for wrong in ({"ca_file": ""}, {"url": f"ldap://localhost:{known.port}"}):
        door.forget()
        settings.LDAP = known.options(RULES, **wrong)
        assert "does not answer" in attempt("ada", "correct-horse")
    door.forget()
    settings.LDAP = known.options(RULES)
    assert attempt("ada", "correct-horse") == ""


def test_an_entry_without_its_id_is_refused_and_the_attribute_is_named(
    known: Directory, site: str, settings: SettingsWrapper
) -> None:
    known.add_person("ada", "correct-horse")
    settings.LDAP = known.options(RULES, id_attribute="employeeNumber")
    assert "sent no usable “employeeNumber” of you" in attempt("ada", "correct-horse")
    told = Event.objects.get(action="sign_in.mapping_failed")
    assert told.data["claim"] == "employeeNumber"
    assert "uid=ada" in told.data["received"]
    assert not Identity.objects.exists()


def test_a_password_of_a_local_account_is_never_shown_to_the_directory(
    known: Directory, site: str
) -> None:
    make_user("ada")
    known.add_person("ada", "correct-horse")
    assert "do not fit together" in attempt("ada", "correct-horse")
    assert attempt("ada", "ada") == ""
    assert not Identity.objects.exists()
