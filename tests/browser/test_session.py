"""A session that ends while somebody types, as she meets it: with JavaScript and without."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from config.demo.estate import password_of
from governance.models import Request
from tests.browser.conftest import NARROW, WIDE, Visit, Visitor
from tests.browser.test_pages import told, wrong

pytestmark = pytest.mark.browser

NAME = "payments.typed"
WATCH_A_CHECK = """() => {
  window.checked = new Promise((done) =>
    document.addEventListener("htmx:afterRequest", done, { once: true }));
}"""


def write(page: Page) -> None:
    page.get_by_label("Name", exact=True).first.fill(NAME)
    page.get_by_label("Partitions").fill("6")
    page.get_by_label("Why").fill("For the tills,\nuntil March.")


def sign_in_on(page: Page) -> None:
    page.get_by_label("Name").fill("priya")
    page.get_by_label("Password").fill(password_of("priya"))
    page.get_by_role("button", name="Sign in").click()


def is_there(page: Page) -> None:
    expect(page.get_by_label("Name", exact=True).first).to_have_value(NAME)
    expect(page.get_by_label("Partitions")).to_have_value("6")
    expect(page.get_by_label("Why")).to_have_value("For the tills,\nuntil March.")


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_what_was_typed_is_there_after_signing_in(visit: Visit, scripts: bool, width: int) -> None:
    visitor = visit("priya", scripts=scripts, width=width)
    page = visitor.open("/requests/new/")
    write(page)
    Session.objects.all().delete()
    there = Request.objects.count()

    page.get_by_role("button", name="Save draft").press("Enter")
    page.get_by_text("What you typed is kept").wait_for()
    found = wrong(page) if scripts else []
    sign_in_on(page)
    page.wait_for_url("**/requests/new/")

    is_there(page)
    page.get_by_text("Here is what you had typed").wait_for()
    assert Request.objects.count() == there
    found += wrong(page) if scripts else []
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/requests/*/")
    assert Request.objects.latest("pk").items.filter(name=NAME).exists()
    assert not found, told(found)
    assert not visitor.troubles


def test_a_live_check_says_so_and_another_tab_helps(visit: Visit) -> None:
    visitor: Visitor = visit("priya")
    page = visitor.open("/requests/new/")
    write(page)
    Session.objects.all().delete()
    page.get_by_label("Title").fill("A topic")
    note = page.locator("#notes")
    expect(note).to_contain_text("Your session has ended")
    is_there(page)
    found = wrong(page)

    # Leaving the field is a change, so the form is checked once more while the link is clicked.
    link = note.get_by_role("link", name="sign in in another tab")
    link.hover()
    page.evaluate(WATCH_A_CHECK)
    page.mouse.down()
    page.evaluate("() => window.checked.then(() => true)")
    with page.context.expect_page() as opened:
        page.mouse.up()
    sign_in_on(opened.value)
    opened.value.wait_for_url(visitor.site + "/")
    page.bring_to_front()
    page.get_by_label("Title").fill("A topic of tills")
    expect(note).to_contain_text("You signed in again")
    page.get_by_role("button", name="Save draft").click()
    page.get_by_text("Here is what you had typed").wait_for()
    is_there(page)
    expect(page.get_by_label("Title")).to_have_value("A topic of tills")
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/requests/*/")
    assert not found, told(found)
