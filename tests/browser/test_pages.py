"""Every page with data on it and with errors showing, wide and narrow, light and dark."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import NARROW, WIDE, Visit, Visitor
from tests.browser.estate import Estate

pytestmark = pytest.mark.browser

# Every width and every theme: the layout knows nothing of the theme, nor the colours of the width.
LOOKS = [(WIDE, "light"), (NARROW, "dark")]


def pages(estate: Estate) -> list[tuple[str, str, int]]:
    """(who looks, address, status) of every page."""
    topic = f"/topics/{estate.cluster}/{estate.topic}/"
    change = f"/requests/new/?change=topic&place={estate.cluster}&name={estate.quiet_topic}"
    return [
        ("mara", "/", 200),
        ("priya", "/", 200),
        ("jonas", "/inbox/", 200),
        ("priya", "/inbox/", 200),
        ("priya", "/inbox/?view=mine", 200),
        ("priya", "/requests/", 200),
        ("priya", "/requests/?q=nothing-like-this", 200),
        ("jonas", f"/requests/{estate.review.pk}/", 200),
        ("priya", f"/requests/{estate.failed.pk}/", 200),
        ("priya", f"/requests/{estate.draft.pk}/", 200),
        ("priya", f"/requests/{estate.back.pk}/", 200),
        ("ines", f"/requests/{estate.applied.pk}/", 200),
        ("priya", f"/requests/{estate.draft.pk}/edit/", 200),
        ("priya", "/requests/new/", 200),
        ("priya", change, 200),
        ("ines", "/requests/new/", 403),
        ("priya", "/topics/", 200),
        ("priya", "/topics/?sort=-partitions&q=owner:payments+odd:thing", 200),
        ("priya", "/topics/?q=no-such-topic", 200),
        ("priya", "/topics/?show=unmanaged", 200),
        ("jonas", topic, 200),
        ("ines", topic, 200),
        ("jonas", f"{topic}?keys=all", 200),
        ("jonas", f"{topic}?tab=history", 200),
        ("jonas", f"{topic}?tab=requests", 200),
        ("jonas", f"/topics/{estate.cluster}/{estate.unmanaged}/", 200),
        ("jonas", f"/topics/{estate.cluster}/not-there/", 404),
        ("jonas", f"{topic}?tab=access", 200),
        ("jonas", f"{topic}?tab=measures", 200),
        ("jonas", f"/topics/{estate.cluster}/{estate.quiet_topic}/?tab=measures", 200),
        ("priya", "/grants/", 200),
        ("priya", "/grants/?state=ended", 200),
        ("priya", "/grants/?q=nothing-like-this", 200),
        ("priya", f"/grants/{estate.cluster}/checkout/consumer/payments.captured/", 200),
        ("jonas", f"/grants/{estate.cluster}/checkout/consumer/payments.refunded/", 200),
        ("priya", f"/grants/{estate.cluster}/checkout/consumer/not-there/", 404),
        ("priya", f"/access/?cluster={estate.cluster}", 200),
        ("priya", f"/access/?cluster={estate.cluster}&topic={estate.topic}", 200),
        ("priya", f"/access/?cluster={estate.cluster}&principal=checkout", 200),
        (
            "priya",
            f"/access/?cluster={estate.cluster}&topic={estate.topic}&principal=checkout&group=x",
            200,
        ),
        ("priya", f"/requests/new/?kind=grant&place={estate.cluster}&topic={estate.topic}", 200),
        (
            "priya",
            f"/requests/new/?change=grant&place={estate.cluster}"
            "&name=checkout/consumer/payments.captured&operation=revoke",
            200,
        ),
        ("jonas", "/drift/", 200),
        ("jonas", "/drift/?state=reverted", 200),
        ("priya", "/clusters/", 200),
        ("mara", f"/clusters/{estate.cluster}/", 200),
        ("mara", "/clusters/demo-dev/", 200),
        ("mara", "/clusters/new/", 200),
        ("mara", f"/clusters/{estate.cluster}/change/", 200),
        ("mara", f"/clusters/{estate.cluster}/prices/", 200),
        ("priya", "/clusters/new/", 403),
        ("priya", "/policies/", 200),
        ("priya", "/policies/retention-limit/", 200),
        ("ines", "/audit/", 200),
        ("priya", "/audit/", 403),
        ("priya", "/teams/", 200),
        ("jonas", "/teams/payments/", 200),
        ("jonas", "/tokens/", 200),
        ("ines", "/tokens/", 200),
        ("jonas", "/inbox/notices/", 200),
        ("priya", "/inbox/notices/?show=unread&sort=endings", 200),
        ("jonas", "/hooks/", 200),
        ("ines", "/hooks/", 200),
        ("jonas", f"/hooks/{estate.hook}/", 200),
        ("ines", f"/hooks/{estate.hook}/", 200),
        ("priya", "/subjects/", 200),
        ("priya", "/subjects/?q=none", 200),
        ("priya", f"/subjects/~/{estate.subject}/", 200),
        ("priya", "/subjects/~/payments.refunded-value/", 200),
        ("priya", "/subjects/~/payments.refunded-value/?tab=schema", 200),
        ("priya", f"/subjects/~/{estate.subject}/?tab=requests", 200),
        ("priya", "/subjects/~/payments.refunded-value/?tab=changes&view=split", 200),
        ("priya", "/subjects/~/payments.refunded-value/?tab=versions", 200),
        ("priya", "/subjects/~/payments.captured-com.acme.Refund/?tab=references", 200),
        ("priya", "/subjects/~/com.acme.Money/?tab=references", 200),
        ("priya", "/subjects/~/com.acme.Money/?tab=use", 200),
        ("priya", "/subjects/~/payments.gone-value/", 200),
        ("priya", "/subjects/?show=deleted&owner=payments&format=AVRO", 200),
        ("priya", "/subjects/sandbox/?subject=payments.refunded-value", 200),
        ("priya", "/subjects/~/nothing/", 404),
        ("priya", f"/requests/new/?kind=subject&place=.&name={estate.subject}", 200),
        ("mara", "/teams/new/", 200),
        ("mara", "/people/", 200),
        ("mara", "/people/?q=nobody-like-this", 200),
        ("ines", "/people/", 200),
        ("priya", "/people/", 403),
        ("mara", "/people/new/", 200),
        ("mara", "/people/jonas/", 200),
        ("mara", "/people/mara/", 200),
        ("ines", "/people/jonas/", 200),
        ("mara", "/environments/", 200),
        ("priya", "/environments/", 200),
        ("mara", "/environments/new/", 200),
        ("mara", "/environments/production/", 200),
        ("priya", "/environments/new/", 403),
        ("priya", "/account/", 200),
        ("priya", "/account/second-factor/", 200),
        ("priya", "/account/delegations/", 200),
        ("jonas", "/account/delegations/", 200),
        ("mara", "/sign-in-setup/", 200),
        ("priya", "/sign-in-setup/", 403),
        ("mara", "/teams/payments/change/", 200),
        ("ines", "/account/", 200),
        ("ines", "/teams/payments/", 200),
        ("mara", "/policies/naming/", 200),
        ("priya", "/search/?q=pay", 200),
        ("priya", "/search/?q=zzz", 200),
        ("priya", "/keyboard/", 200),
        ("priya", "/no/such/page/", 404),
    ]


def overflows(page: Page) -> bool:
    """Whether something makes the page scroll sideways."""
    wider: bool = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    return wider


def told(found: list[str]) -> str:
    """What was found, one a line."""
    return "\n" + "\n".join(found)


def wrong(page: Page) -> list[str]:
    """What axe objects to on the page, one line an element, and whether it scrolls sideways."""
    found = [
        f"{page.url} {violation['id']}: {node['html'][:160]}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]
    return [*found, f"{page.url} scrolls sideways"] if overflows(page) else found


@pytest.mark.parametrize(("width", "theme"), LOOKS)
@pytest.mark.timeout(900)  # of many pages, on a machine that others use as well
def test_every_page_is_accessible_and_fits(
    visit: Visit, estate: Estate, width: int, theme: str
) -> None:
    visitors: dict[str, Visitor] = {}
    found: list[str] = []
    for username, path, status in pages(estate):
        if username not in visitors:
            visitors[username] = visit(username, width=width, theme=theme)
        found += wrong(visitors[username].open(path, status=status))
    assert not found, told(found)
    assert [t for visitor in visitors.values() for t in visitor.troubles] == []


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_sign_in_is_accessible_with_and_without_an_error(
    visit: Visit, width: int, theme: str
) -> None:
    visitor = visit(width=width, theme=theme)
    found = wrong(visitor.open("/sign-in/"))
    visitor.page.get_by_label("Name").fill("priya")
    visitor.page.get_by_label("Password").fill("not it")
    visitor.page.get_by_role("button", name="Sign in").click()
    visitor.page.get_by_role("alert").wait_for()
    assert visitor.page.get_by_label("Name").input_value() == "priya"
    found += wrong(visitor.page)
    assert not found, told(found)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_open_menus_and_decisions_are_accessible(visit: Visit, estate: Estate, width: int) -> None:
    visitor = visit("jonas", width=width)
    page = visitor.open(f"/topics/{estate.cluster}/{estate.topic}/")
    page.get_by_text("Ignore…").first.click()
    found = wrong(page)
    page.get_by_label("Jonas Weber: your menu").click()
    found += wrong(page)
    if width == NARROW:
        page.locator("summary[aria-label=Menu]").click()
        found += wrong(page)
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Policies").click()
        page.wait_for_url("**/policies/")
    assert not found, told(found)
