"""Writing a request: what the rules say while one types, and that nothing typed is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from governance.models import Request
from tests.browser.conftest import NARROW, Visit
from tests.browser.estate import Estate
from tests.browser.test_pages import told, wrong

pytestmark = pytest.mark.browser


def start(page: Page, name: str = "payments.authorized") -> None:
    page.get_by_label("Cluster").select_option("demo")
    page.get_by_label("Name", exact=True).press_sequentially(name)
    page.get_by_label("Partitions", exact=True).fill("6")


def test_the_rule_that_objects_is_named_while_one_types(visit: Visit, estate: Estate) -> None:
    visitor = visit("priya")
    page = visitor.open("/requests/new/")
    start(page)
    page.get_by_label("Kept for").press_sequentially("400 d")
    beside = page.locator("#id_i0-retention_says")
    expect(beside).to_contain_text("400 d is above production's limit of 30 d")
    expect(beside.get_by_role("link")).to_have_text(["retention-limit v1", "retention-reason v1"])
    expect(page.locator("#verdict")).to_contain_text("would be refused")
    page.get_by_text("Kept longer for a while").click()
    page.get_by_label("Longer because of").select_option("replay")
    page.get_by_label("Which one").fill("Disputes of last year")
    page.get_by_label("Until").fill("60 d")
    expect(beside.get_by_role("link").first).to_have_text("retention-limit v1")
    expect(page.locator("#verdict")).to_contain_text("a data steward")
    page.get_by_label("Kept for").fill("7 d")
    expect(beside).not_to_contain_text("above")
    expect(page.locator("#verdict")).not_to_contain_text("a data steward")
    assert visitor.troubles == []


def test_fields_that_are_still_empty_are_not_complained_about(visit: Visit, estate: Estate) -> None:
    page = visit("priya").open("/requests/new/")
    page.get_by_label("Kept for").fill("7 d")
    expect(page.locator("#verdict")).to_contain_text("once what it needs")
    expect(page.locator("#id_i0-name_says")).to_have_text("")


@pytest.mark.parametrize("width", [1440, NARROW])
def test_what_was_typed_stays_when_something_objects(
    visit: Visit, estate: Estate, width: int
) -> None:
    page = visit("priya", width=width).open("/requests/new/")
    start(page, "Not a name")
    page.get_by_label("Kept for").fill("as long as it takes")
    page.get_by_label("Why").fill("Authorizations for billing.")
    page.get_by_role("button", name="Ask for review").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved yet")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Not a name")
    expect(page.get_by_label("Kept for")).to_have_value("as long as it takes")
    expect(page.get_by_label("Why")).to_have_value("Authorizations for billing.")
    expect(page.locator("#id_i0-name_says")).to_contain_text("not a legal topic name")
    assert page.get_by_label("Kept for").get_attribute("aria-invalid") == "true"
    found = wrong(page)
    assert not found, told(found)


def test_a_refusing_rule_stops_it_before_anybody_is_asked(visit: Visit, estate: Estate) -> None:
    before = Request.objects.count()
    page = visit("priya").open("/requests/new/")
    start(page)
    page.get_by_label("Partitions", exact=True).fill("90")
    page.get_by_role("button", name="Ask for review").click()
    expect(page.locator("#id_i0-partitions_says")).to_contain_text("more than production allows")
    assert Request.objects.count() == before


def test_a_request_is_sent_and_shown(visit: Visit, estate: Estate) -> None:
    page = visit("priya").open("/requests/new/")
    start(page)
    page.get_by_label("Kept for").fill("7 d")
    page.get_by_role("button", name="Ask for review").click()
    page.wait_for_url("**/requests/*/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("payments.authorized")
    expect(page.locator("#needs")).to_contain_text("Jonas Weber")
    expect(page.locator("#decision")).to_contain_text("You wrote or edited this request")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_an_override_is_removed_by_emptying_it(visit: Visit, estate: Estate) -> None:
    page = visit("priya").open(f"/topics/{estate.cluster}/{estate.topic}/")
    page.get_by_role("link", name="Change…").click()
    expect(page.get_by_label("Kept for")).to_have_value("7 d")
    page.get_by_label("Kept for").fill("")
    expect(page.locator("#verdict")).to_contain_text("broker's default")
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/requests/*/")
    draft = Request.objects.latest("pk")
    assert draft.items.get().after["configs"] == {}


def test_an_edit_makes_a_new_revision(visit: Visit, estate: Estate) -> None:
    page = visit("priya").open(f"/requests/{estate.back.pk}/")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("payments.misc")
    page.get_by_label("Name", exact=True).fill("payments.fee-notices")
    page.get_by_role("button", name="Ask for review").click()
    page.wait_for_url(f"**/requests/{estate.back.pk}/")
    edited = Request.objects.get(pk=estate.back.pk)
    assert (edited.state, edited.revision) == ("in_review", 2)
    assert edited.items.get().name == "payments.fee-notices"
