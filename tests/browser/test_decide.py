"""Reading and deciding: by mouse, by keyboard, and without any script."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from governance.models import Request
from tests.browser.conftest import NARROW, Visit
from tests.browser.estate import Estate, finish, rewrite, start_applying
from topics.models import Drift

pytestmark = pytest.mark.browser


def test_without_scripts_one_can_read_and_decide(visit: Visit, estate: Estate) -> None:
    page = visit("jonas", scripts=False).open("/inbox/")
    page.get_by_role("link", name="Replay disputes").click()
    expect(page.locator("#items")).to_contain_text("retention-limit v1")
    page.get_by_label("Why", exact=True).fill("Only until March.")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#timeline")).to_contain_text("Only until March.")
    expect(page.locator("#needs")).to_contain_text("agreed: Owner, payments")
    page = visit("mara", scripts=False).open(f"/requests/{estate.review.pk}/")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#headline")).to_contain_text("Approved")
    assert Request.objects.get(pk=estate.review.pk).state == "approved"


def test_without_scripts_one_can_write_a_request(visit: Visit, estate: Estate) -> None:
    page = visit("priya", scripts=False).open("/requests/new/")
    page.get_by_label("Cluster").select_option("demo")
    page.get_by_label("Name", exact=True).fill("payments.authorized")
    page.get_by_label("Kept for").fill("400 d")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#id_i0-retention_says")).to_contain_text("retention-limit v1")
    expect(page.locator("#id_i0-retention_says")).to_contain_text("retention-reason v1")
    page.get_by_label("Longer because of").select_option("replay")
    page.get_by_label("Which one").fill("Disputes of last year")
    page.get_by_label("Until").fill("60 d")
    page.get_by_role("button", name="Ask for review").click()
    expect(page.locator("#headline")).to_contain_text("In review")
    row = page.locator("tr", has_text="Falls back to").last
    expect(row).to_contain_text("30 d")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_narrow_menu_leads_everywhere(visit: Visit, estate: Estate, scripts: bool) -> None:
    page = visit("priya", width=NARROW, scripts=scripts).open("/")
    page.locator("summary[aria-label=Menu]").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Topics").click()
    page.wait_for_url("**/topics/")


def test_a_decline_without_a_reason_keeps_the_page(visit: Visit, estate: Estate) -> None:
    page = visit("jonas").open(f"/requests/{estate.review.pk}/")
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("alert")).to_contain_text("the author is owed a reason")
    page.get_by_label("Why", exact=True).fill("The warehouse has it.")
    page.get_by_role("button", name="Decline").click()
    expect(page.locator("#headline")).to_contain_text("Declined")


def test_an_approval_of_an_older_revision_is_not_taken(visit: Visit, estate: Estate) -> None:
    page = visit("jonas").open(f"/requests/{estate.review.pk}/")
    rewrite(estate.review)
    page.get_by_label("Why", exact=True).fill("Fine.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("was edited since you looked")
    expect(page.get_by_label("Why", exact=True)).to_have_value("Fine.")


def test_keys_lead_to_places_and_buttons(visit: Visit, estate: Estate) -> None:
    visitor = visit("jonas")
    page = visitor.open("/")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/inbox/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests/*/")
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Approve")).to_be_focused()
    page.keyboard.press("c")
    expect(page.get_by_label("Comment")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("[data-search]:visible")).to_be_focused()
    assert visitor.troubles == []


def test_single_keys_can_be_switched_off(visit: Visit, estate: Estate) -> None:
    page = visit("jonas").open("/keyboard/")
    page.get_by_role("button", name="Turn them off").click()
    page.get_by_role("button", name="Turn them on").wait_for()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_theme_switches_and_stays(visit: Visit, estate: Estate, scripts: bool) -> None:
    page = visit("jonas", scripts=scripts).open("/topics/")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_page_follows_a_request_to_its_end(visit: Visit, estate: Estate) -> None:
    start_applying(estate.review)
    visitor = visit("priya")
    page = visitor.open(f"/requests/{estate.review.pk}/")
    expect(page.locator("#headline")).to_contain_text("Applying")
    finish(estate.review)
    expect(page.locator("#headline")).to_contain_text("Applied")
    expect(page.locator("#items")).to_contain_text("Applied")
    assert page.locator("#poll").get_attribute("hx-get") is None
    assert visitor.troubles == []


def test_drift_is_decided_on_the_topics_page(visit: Visit, estate: Estate) -> None:
    page = visit("jonas").open(f"/topics/{estate.cluster}/{estate.topic}/")
    page.get_by_role("button", name="Revert").first.click()
    expect(page.get_by_role("status").first).to_contain_text("A worker puts")
    page.get_by_text("Ignore…").click()
    page.get_by_label("Ignore, because").fill("The consumer is migrated in March.")
    page.get_by_label("until").fill("2027-03-01")
    page.get_by_role("button", name="Ignore until then").click()
    expect(page.get_by_role("status").first).to_contain_text("is left as it is until")
    states = set(Drift.objects.filter(name=estate.topic).values_list("state", flat=True))
    assert states == {"reverting", "ignored"}


def test_accepting_drift_asks_for_it(visit: Visit, estate: Estate) -> None:
    page = visit("priya").open(f"/topics/{estate.cluster}/{estate.topic}/")
    page.get_by_role("button", name="Accept").first.click()
    page.wait_for_url("**/requests/*/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Accept")


def test_a_token_is_shown_once(visit: Visit, estate: Estate) -> None:
    page = visit("jonas").open("/tokens/")
    page.get_by_label("Name", exact=True).fill("nightly build")
    page.get_by_label("Team", exact=True).select_option("payments")
    page.get_by_label("read schemas").check()
    page.get_by_role("button", name="Issue the token").click()
    expect(page.locator("#secret")).to_contain_text("weir_")
    page.goto(page.url)
    expect(page.locator("#secret")).to_have_count(0)
    row = page.get_by_role("row").filter(has_text="nightly build")
    row.get_by_text("Revoke…").click()
    row.get_by_role("button", name="Revoke nightly build").click()
    expect(page.get_by_role("status").first).to_contain_text("no longer works")
