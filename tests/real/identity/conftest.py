"""A provider of OpenID Connect and a directory that really run, and browsers that go there."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django import Settings as SettingsWrapper
from pytest_django.live_server_helper import LiveServer

from config.stack import ports
from governance.identity import directory as door
from governance.identity import mapping, provider
from governance.identity.options import OidcOptions
from tests.real.estate import eventually
from tests.real.identity import directory
from tests.real.identity.directory import Directory

# As in tests/browser: Playwright's loop runs in this thread, and the tests wait for each other.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    return {**browser_type_launch_args, "args": [*browser_type_launch_args.get("args", []), *flags]}


@dataclass(frozen=True, slots=True)
class Provider:
    """An authorization server with discovery, keys and userinfo, on a port of its own."""

    issuer: str
    stop: Callable[[], None]

    def tell(self, sub: str, **claims: object) -> None:
        """What it says of somebody from now on."""
        answer = requests.put(f"{self.issuer}/users/{sub}", json=claims, timeout=10)
        answer.raise_for_status()

    def revoke(self, sub: str) -> None:
        """Takes back every token of somebody."""
        requests.post(f"{self.issuer}/users/{sub}/revoke-tokens", timeout=10).raise_for_status()

    def options(self, rules: str = "", **other: object) -> OidcOptions:
        said: dict[str, object] = {
            "issuer": self.issuer,
            "client_id": "weir",
            "client_secret": "swordfish-1",
            "label": "Acme sign-on",
            "rules": mapping.parse(rules),
        }
        return OidcOptions(**(said | other))  # type: ignore[arg-type]  # fields by name


@pytest.fixture
def oidc() -> Iterator[Provider]:
    provider.forget()
    (port,) = ports.free_block(1)
    argv = [
        sys.executable,
        "-m",
        "oidc_provider_mock",
        "--port",
        str(port),
        "--require-nonce",
        "true",
    ]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop() -> None:
        process.kill()
        process.wait()

    try:
        eventually(lambda: ports.answers(port))
        yield Provider(f"http://localhost:{port}", stop)
    finally:
        stop()


@pytest.fixture
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    door.forget()
    with directory.running(tmp_path_factory.mktemp("acme")) as service:
        yield service
    door.forget()
    with warnings.catch_warnings():
        # When a connection fails, ldap3 2.9.1 leaves the socket to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def site(live_server: LiveServer, settings: SettingsWrapper, transactional_db: None) -> str:
    """The pages, at whose address people come back; every request asks the provider anew."""
    settings.BASE_URL = live_server.url
    settings.IDENTITY_RECHECK = timedelta(0)
    return str(live_server.url)


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Callable[[str], Page]]:
    contexts: list[BrowserContext] = []

    def make(path: str) -> Page:
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        page.set_default_timeout(15_000)
        page.goto(site + path)
        return page

    yield make
    for context in contexts:
        context.close()
