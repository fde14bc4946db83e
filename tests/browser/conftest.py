"""A running site over the estate of `estate.py`, and people who look at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from pytest_django.live_server_helper import LiveServer

from config.demo.estate import password_of
from tests.browser.estate import Estate, make_estate

# Playwright's synchronous API runs an event loop in this thread, in which Django would refuse to
# touch the database; the tests wait for each other, so nothing runs at once.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

WIDE = 1440
NARROW = 390


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
    """Somebody with a browser. `troubles` are errors that the browser's console told."""

    page: Page
    site: str
    troubles: list[str] = field(default_factory=list)

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


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer, estate: Estate) -> Iterator[Visit]:
    """Makes visitors: ``visit("priya", width=390, theme="dark", scripts=False)``."""
    contexts: list[BrowserContext] = []

    def make(
        username: str = "", *, width: int = WIDE, theme: str = "light", scripts: bool = True
    ) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        visitor = Visitor(page, live_server.url)
        page.on("console", lambda message: visitor.hear(message))
        page.on("pageerror", lambda error: visitor.troubles.append(str(error)))
        return visitor.sign_in(username) if username else visitor

    yield make
    for context in contexts:
        context.close()
