"""The first hour of an installation, people's accounts and one's own password, without scripts."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from governance.models import Environment, Membership, User
from tests.browser.conftest import NARROW, WIDE, Visit
from tests.browser.estate import Estate
from tests.browser.test_pages import told, wrong

pytestmark = pytest.mark.browser

GOOD = "correct horse battery"
BETTER = "staple of another colour"


def sign_in(page: Page, site: str, username: str, password: str) -> None:
    page.goto(f"{site}/sign-in/")
    page.get_by_label("Name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize(("width", "theme"), [(WIDE, "light"), (NARROW, "dark")])
def test_from_the_first_administrator_to_a_team(
    browser: Browser,
    live_server: LiveServer,
    transactional_db: None,
    tmp_path_factory: pytest.TempPathFactory,
    width: int,
    theme: str,
) -> None:
    """An installation without anything: the command, then the first steps of the start page."""
    secret = tmp_path_factory.mktemp("secret") / "password"
    secret.write_text(GOOD)
    call_command("person", "add", "root", "--role", "platform", "--password-file", str(secret))
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
        java_script_enabled=False,
    )
    page, site = context.new_page(), live_server.url
    page.set_default_timeout(15_000)
    sign_in(page, site, "root", GOOD)
    steps = page.get_by_role("main").get_by_role("listitem")
    for number, words in enumerate(
        ("Make an environment", "Connect a cluster", "Make a team", "Ask for a topic")
    ):
        expect(steps.nth(number)).to_contain_text(words)
    page.get_by_role("link", name="Environments").click()
    expect(page.get_by_role("main")).to_contain_text("No environment yet")
    page.goto(f"{site}/clusters/new/")
    page.get_by_role("link", name="Make the first environment").click()
    page.get_by_label("Short name").fill("production")
    page.get_by_label("This is production").check()
    page.get_by_label("Topics keep records").fill("1 month")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Make the environment").click()
    expect(page.locator("#id_retention_limit_says")).to_contain_text("has no fixed length")
    page.get_by_label("Topics keep records").fill("30 d")
    page.get_by_role("button", name="Make the environment").click()
    expect(page.locator("tr[data-row]")).to_contain_text("30 d")
    assert Environment.objects.get().production
    page.goto(f"{site}/")
    expect(steps.first).not_to_contain_text("how strict the rules are")

    page.goto(f"{site}/teams/new/")
    page.get_by_label("Short name").fill("payments")
    page.get_by_role("button", name="Make the team").click()
    page.goto(f"{site}/people/new/")
    page.get_by_label("Signs in as").fill("jonas")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Add the person").click()
    expect(page.locator("#id_password_says")).to_contain_text("at least 12 characters")
    page.get_by_label("Password").fill(BETTER)
    page.get_by_role("button", name="Add the person").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("jonas")
    page.goto(f"{site}/teams/payments/")
    page.get_by_label("Signs in as").fill("jonas")
    page.get_by_label("Is", exact=True).select_option("owner")
    page.get_by_role("button", name="Add to the team").click()
    expect(page.get_by_role("row", name="jonas")).to_contain_text("owner")
    assert Membership.objects.get().user.username == "jonas"
    context.close()


@pytest.mark.parametrize(("width", "theme"), [(WIDE, "light"), (NARROW, "dark")])
def test_what_is_wrong_stands_beside_its_field(
    visit: Visit, estate: Estate, width: int, theme: str
) -> None:
    visitor = visit("mara", width=width, theme=theme)
    found: list[str] = []

    page = visitor.open("/environments/new/")
    page.get_by_label("Short name").fill("Prod 1")
    page.get_by_label("Partitions at most").fill("many")
    page.get_by_role("button", name="Make the environment").click()
    expect(page.locator("#id_max_partitions_says")).not_to_be_empty()
    found += wrong(page)
    page.get_by_label("Partitions at most").fill("12")
    page.get_by_role("button", name="Make the environment").click()
    expect(page.locator("#id_slug_says")).to_contain_text("cannot be the short name")

    page = visitor.open("/people/new/")
    page.get_by_label("Signs in as").fill("PRIYA")
    page.get_by_role("button", name="Add the person").click()
    expect(page.locator("#id_username_says")).to_contain_text("already")
    found += wrong(page)

    page = visitor.open("/people/jonas/")
    page.get_by_label("Mail").fill("nowhere")
    page.get_by_role("button", name="Save name and mail").click()
    expect(page.locator("#id_email_says")).to_contain_text("is no mail address")
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Set the password").click()
    expect(page.locator("#id_password_says")).to_contain_text("at least 12 characters")
    found += wrong(page)

    page = visitor.open("/people/mara/")
    page.get_by_label("Platform reviewer").uncheck()
    page.get_by_role("button", name="Save the roles").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot take your own platform role")
    found += wrong(page)

    page = visitor.open("/account/")
    page.get_by_label("Your password now").fill("wrong")
    page.get_by_label("New password").fill(BETTER)
    page.get_by_label("The new one again").fill(BETTER)
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator("#id_old_says")).to_contain_text("That is not your password")
    found += wrong(page)
    assert not found, told(found)
    assert visitor.troubles == []


def test_somebody_switched_off_is_out_at_her_next_click(visit: Visit, estate: Estate) -> None:
    mara, jonas = visit("mara", scripts=False), visit("jonas", scripts=False)
    page = mara.open("/people/jonas/")
    page.get_by_role("button", name="Switch jonas off").click()
    expect(page.get_by_role("main")).to_contain_text("Switched off")
    jonas.open("/teams/")
    assert "/sign-in/" in jonas.page.url
    page.get_by_role("button", name="Switch jonas on").click()
    expect(page.get_by_role("button", name="Switch jonas off")).to_be_visible()
    jonas.open("/teams/")
    assert "/sign-in/" in jonas.page.url
    jonas.sign_in("jonas")


def test_ones_own_password_changes_and_the_session_goes_on(visit: Visit, estate: Estate) -> None:
    here, there = visit("priya", scripts=False), visit("priya", scripts=False)
    page = here.open("/account/")
    page.get_by_label("Your password now").fill("priya-weir-demo")
    page.get_by_label("New password").fill(GOOD)
    page.get_by_label("The new one again").fill(BETTER)
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator("#id_again_says")).to_contain_text("not the same")
    page.get_by_label("Your password now").fill("priya-weir-demo")
    page.get_by_label("New password").fill(GOOD)
    page.get_by_label("The new one again").fill(GOOD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("Your new password holds")).to_be_visible()
    assert User.objects.get(username="priya").check_password(GOOD)
    there.open("/teams/")
    assert "/sign-in/" in there.page.url
    sign_in(there.page, there.site, "priya", GOOD)
    expect(there.page.get_by_role("heading", level=1)).to_contain_text("Hello")
