"""An installation in which nothing is there yet: each page says the next step."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from config.demo import estate as demo
from tests.browser.conftest import NARROW, WIDE, Visitor
from tests.browser.test_pages import told, wrong

pytestmark = pytest.mark.browser

PAGES = {
    "/": "Connect a cluster",
    "/inbox/": "Nothing waits for you",
    "/requests/": "No requests yet",
    "/topics/": "With no Kafka cluster connected",
    "/topics/?show=unmanaged": "Nothing here",
    "/subjects/": "No schema yet",
    "/drift/": "No drift",
    "/clusters/": "No cluster yet",
    "/policies/": "No policies",
    "/inbox/notices/": "Nothing happened yet",
    "/hooks/": "No webhooks",
    "/tokens/": "No tokens",
    "/requests/new/": "No cluster is connected",
}


@pytest.mark.parametrize(("width", "theme"), [(WIDE, "light"), (NARROW, "dark")])
def test_every_empty_page_says_the_next_step(
    browser: Browser, live_server: LiveServer, transactional_db: None, width: int, theme: str
) -> None:
    demo.make_people(demo.load())
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
    )
    visitor = Visitor(context.new_page(), live_server.url).sign_in("mara")
    found: list[str] = []
    for path, words in PAGES.items():
        page = visitor.open(path)
        expect(page.get_by_role("main")).to_contain_text(words)
        found += wrong(page)
    context.close()
    assert not found, told(found)
