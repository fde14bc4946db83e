"""Single sign-on through a browser and a provider that really runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings as SettingsWrapper

from governance.models import Event, Identity, Membership, ProviderSession, User
from tests.factories import make_team, make_user
from tests.real.identity.conftest import Provider

pytestmark = [
    pytest.mark.real,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

RULES = """
pay-owners => owner:payments
pay-people => requester:payments
weir-admins => platform
"""
Open = Callable[[str], Page]


def sign_in(page: Page, sub: str) -> None:
    page.get_by_role("link", name="Acme sign-on").click()
    page.locator("input[name=sub]").fill(sub)
    page.get_by_role("button", name="Authorize").click()


def session_of(page: Page, site: str) -> Client:
    """The browser's session, for calls of the API."""
    client = Client(headers={"host": site.removeprefix("http://")})
    for cookie in page.context.cookies():
        client.cookies[str(cookie["name"])] = str(cookie["value"])
    return client


@pytest.fixture
def known(oidc: Provider, settings: SettingsWrapper) -> Provider:
    make_team("payments")
    settings.OIDC = oidc.options(RULES)
    return oidc


def test_a_group_gives_a_role_and_its_loss_takes_it_in_the_next_request(
    known: Provider, open_page: Open, site: str
) -> None:
    claims = {"preferred_username": "priya", "name": "Priya Nair"}
    known.tell("00u1", **claims, groups=["pay-owners", "pay-people", "other"])
    page = open_page("/teams/payments/")
    sign_in(page, "00u1")
    page.wait_for_url(site + "/teams/payments/")
    expect(page.get_by_role("button", name="Add to the team")).to_be_visible()
    identity = Identity.objects.get()
    assert (identity.issuer, identity.subject) == (known.issuer, "00u1")
    assert not identity.user.has_usable_password()
    client = session_of(page, site)
    body = {"username": "priya", "role": "viewer"}
    csrf = {"X-CSRFToken": client.cookies["csrftoken"].value}
    path = "/api/v1/teams/payments/members"
    added = client.post(path, body, content_type="application/json", headers=csrf)
    assert added.status_code == 201, added.content

    known.tell("00u1", **claims, groups=["pay-people"])

    refused = client.post(path, body, content_type="application/json", headers=csrf)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    page.reload()
    expect(page.get_by_role("button", name="Add to the team")).to_have_count(0)
    # What was given by hand stays beside what the provider gives.
    held = set(Membership.objects.values_list("role", "source"))
    assert held == {("viewer", "manual"), ("requester", "oidc")}
    lost = Event.objects.get(action="person.right_lost")
    assert (lost.actor_name, lost.team, lost.data["role"]) == ("oidc", "payments", "owner")
    assert Event.objects.filter(action="person.right_gained").count() == 2


def test_without_the_claim_nobody_comes_in_and_the_platform_team_reads_which(
    known: Provider, open_page: Open, site: str
) -> None:
    known.tell("00u2", preferred_username="tom")
    page = open_page("/sign-in/")
    sign_in(page, "00u2")
    page.get_by_text("sent no usable “groups” of you").wait_for()
    assert not User.objects.filter(username="tom").exists()
    make_user("mara", org=("platform",))
    client = Client()
    client.force_login(User.objects.get(username="mara"))
    told = client.get("/sign-in-setup/").content.decode()
    assert "nothing of that name; the claims that came are" in told
    assert "preferred_username" in told

    # The same claim in another form, and then as it should be.
    known.tell("00u2", preferred_username="tom", groups=7)
    sign_in(page, "00u2")
    page.get_by_text("sent no usable “groups” of you").wait_for()
    assert (
        "a number where a list of names belongs" in client.get("/sign-in-setup/").content.decode()
    )
    known.tell("00u2", preferred_username="tom", groups=[])
    sign_in(page, "00u2")
    page.wait_for_url(site + "/")


def test_a_rule_for_a_team_that_is_not_there_is_told_and_gives_nothing(
    known: Provider, open_page: Open, site: str, settings: SettingsWrapper
) -> None:
    settings.OIDC = known.options(RULES + "ghosts => owner:ghost")
    known.tell("00u3", preferred_username="ida", groups=["ghosts", "pay-people"])
    page = open_page("/sign-in/")
    sign_in(page, "00u3")
    page.wait_for_url(site + "/")
    assert list(Membership.objects.values_list("team__slug", "role")) == [("payments", "requester")]
    told = Event.objects.get(action="sign_in.mapping_failed")
    assert "team ghost, which does not exist" in told.data["received"]


def test_a_name_never_joins_accounts_and_a_platform_reviewer_can(
    known: Provider, open_page: Open, site: str
) -> None:
    make_user("jonas", team="payments", roles=("owner",))
    mara = make_user("mara", org=("platform",))
    known.tell("00u4", preferred_username="jonas", groups=[], email="jonas@acme.example")
    page = open_page("/sign-in/")
    sign_in(page, "00u4")
    page.get_by_text("Names never join accounts").wait_for()
    assert not Identity.objects.exists()

    client = Client()
    client.force_login(mara)
    client.post("/people/jonas/expect/", {"source": "oidc"})
    sign_in(page, "00u4")
    page.wait_for_url(site + "/")
    assert Identity.objects.get().user.username == "jonas"
    assert not User.objects.get(username="jonas").has_usable_password()
    assert Membership.objects.get().source == "manual"


def test_who_is_switched_off_or_whose_tokens_were_taken_back_is_out(
    known: Provider, open_page: Open, site: str
) -> None:
    known.tell("00u5", preferred_username="lena", groups=["pay-people"])
    page = open_page("/sign-in/")
    sign_in(page, "00u5")
    page.wait_for_url(site + "/")
    sealed = ProviderSession.objects.get().tokens
    assert sealed.startswith("fernet:")

    known.revoke("00u5")
    page.goto(site + "/topics/")
    page.get_by_text("does not vouch for your session any more").wait_for()
    assert not ProviderSession.objects.exists()

    User.objects.filter(username="lena").update(is_active=False)
    sign_in(page, "00u5")
    page.get_by_text("The account lena is switched off in Weir").wait_for()
    User.objects.filter(username="lena").update(is_active=True)
    sign_in(page, "00u5")
    page.wait_for_url(site + "/")


def test_while_the_provider_is_away_its_last_word_counts_for_a_while(
    known: Provider, open_page: Open, site: str, settings: SettingsWrapper
) -> None:
    known.tell("00u6", preferred_username="olga", groups=["weir-admins"])
    page = open_page("/people/")
    sign_in(page, "00u6")
    page.wait_for_url(site + "/people/")
    known.stop()
    page.reload()
    expect(page.get_by_role("heading", name="People")).to_be_visible()

    ProviderSession.objects.update(checked_at=timezone.now() - timedelta(minutes=16))
    page.reload()
    page.get_by_text("which is too old to go on with").wait_for()
    page.get_by_role("link", name="Acme sign-on").wait_for()


def test_an_answer_of_another_sign_in_is_not_taken(known: Provider, site: str) -> None:
    client = Client(headers={"host": site.removeprefix("http://")})
    begun = client.get("/sign-in/oidc/?next=//evil.example")
    assert begun["Location"].startswith(f"{known.issuer}/oauth2/authorize?")
    for part in ("code_challenge_method=S256", "state=", "nonce=", "response_type=code"):
        assert part in begun["Location"]
    for query in ("code=x&state=forged", "code=x", "error=access_denied", ""):
        answer = client.get(f"/sign-in/oidc/back/?{query}")
        assert (answer.status_code, answer["Location"]) == (302, "/sign-in/"), query
    assert "_auth_user_id" not in client.session
