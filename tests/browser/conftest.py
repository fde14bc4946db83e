"""A running site over the estate of `estate.py`, and people who look at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response
from pytest_django.live_server_helper import LiveServer

from config.demo.estate import password_of
from tests.browser.estate import Estate, make_estate

# Playwright's synchronous API runs an event loop in this thread, in which Django would refuse to
# touch the database; the tests wait for each other, so nothing runs at once.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

WIDE = 1440
NARROW = 390
VISITORS = pytest.StashKey["list[Visitor]"]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure says where its visitors went and what they saw; a bare timeout says neither."""
    report = yield
    if report.when == "call" and report.failed:
        for visitor in item.stash.get(VISITORS, []):
            seen = visitor.page.locator("body").text_content(timeout=2_000) or ""
            told = [*visitor.went, " ".join(seen.split())[:3000]]
            report.sections.append((f"Visitor on {visitor.page.url}", "\n".join(told)))
    return report


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Flags for machines without a sandbox, a graphics card, or a network."""
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    return {**browser_type_launch_args, "args": [*browser_type_launch_args.get("args", []), *flags]}


@pytest.fixture
def estate(transactional_db: None) -> Estate:
    return make_estate()


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser. `troubles` are errors that the browser's console told, `went` the
    pages that were asked for and what came of it."""

    page: Page
    site: str
    troubles: list[str] = field(default_factory=list)
    went: list[str] = field(default_factory=list)

    def open(self, path: str, *, status: int = 200) -> Page:
        answer = self.page.goto(self.site + path)
        assert answer is not None
        assert answer.status == status, f"{path} answered {answer.status}"
        return self.page

    def sign_in(self, username: str) -> Visitor:
        self.open("/sign-in/")
        self.page.get_by_label("Name").fill(username)
        self.page.get_by_label("Password").fill(password_of(username))
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(self.site + "/")
        return self

    def hear(self, message: ConsoleMessage) -> None:
        # A page that answers 4xx is told to the console too; whether it should is tested by status.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.troubles.append(f"{self.page.url}: {message.text}")

    def asked(self, request: Request) -> None:
        if request.is_navigation_request():
            self.went.append(f"{request.method} {request.url}")

    def answered(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.went.append(f"{response.request.method} {response.url}: {response.status}")

    def failed(self, request: Request) -> None:
        self.went.append(f"{request.method} {request.url}: {request.failure}")


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(
    browser: Browser, live_server: LiveServer, estate: Estate, request: pytest.FixtureRequest
) -> Iterator[Visit]:
    """Makes visitors: ``visit("priya", width=390, theme="dark", scripts=False)``."""
    contexts: list[BrowserContext] = []
    visitors = request.node.stash[VISITORS] = []

    def make(
        username: str = "", *, width: int = WIDE, theme: str = "light", scripts: bool = True
    ) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=scripts,
            # Without JavaScript, Playwright cannot wait until a button stands still: while the page
            # scrolls smoothly, a box that stays in sight moves, and the click goes past it.
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        visitor = Visitor(page, live_server.url)
        visitors.append(visitor)
        page.on("request", lambda request: visitor.asked(request))
        page.on("response", lambda response: visitor.answered(response))
        page.on("requestfailed", lambda request: visitor.failed(request))
        page.on("console", lambda message: visitor.hear(message))
        page.on("pageerror", lambda error: visitor.troubles.append(str(error)))
        return visitor.sign_in(username) if username else visitor

    yield make
    for context in contexts:
        context.close()
