"""Pictures of the main pages of a running stack: ``python -m tests.browser.screenshots OUTDIR``.

Looks at the demo estate of `make up`, at both widths and in both themes: ``request.png``,
``request-dark.png``, ``request-narrow.png``, ``request-narrow-dark.png`` and so on. Names after the
folder limit it to those pages, as for the README: ``… docs/images request compose topic sandbox``.
Another address than http://localhost:8000 is taken from WEIR_BASE_URL.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from config.stack import chromium

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDE, NARROW = 1440, 390
LOOKS = [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")]


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: who looks, where she starts, and the link she follows from there."""

    name: str
    username: str
    path: str
    link: str = ""


SHOTS = (
    Shot("home", "priya", "/"),
    Shot("inbox", "jonas", "/inbox/"),
    Shot("request", "jonas", "/requests/?state=in_review", "Keep chargebacks for a year"),
    Shot("request-applied", "priya", "/requests/?q=checkout", "Topics of the checkout flow"),
    Shot("compose", "priya", "/requests/new/"),
    Shot("topics", "priya", "/topics/"),
    Shot("topic", "jonas", "/topics/", "payments.captured"),
    Shot("topic-measures", "jonas", "/topics/demo/payments.captured/?tab=measures"),
    Shot("grants", "priya", "/grants/"),
    Shot("grant", "jonas", "/grants/", "checkout"),
    Shot("who-may", "priya", "/access/?topic=payments.captured"),
    Shot("topic-access", "jonas", "/topics/demo/payments.captured/?tab=access"),
    Shot("ask-access", "priya", "/requests/new/?kind=grant&place=demo&topic=payments.captured"),
    Shot("subjects", "priya", "/subjects/"),
    Shot("subject", "priya", "/subjects/", "payments.captured-value"),
    Shot("sandbox", "priya", "/subjects/sandbox/?subject=payments.captured-value"),
    Shot("drift", "jonas", "/drift/"),
    Shot("clusters", "mara", "/clusters/"),
    Shot("cluster", "mara", "/clusters/", "demo"),
    Shot("prices", "mara", "/clusters/demo/prices/"),
    Shot("policies", "mara", "/policies/"),
    Shot("policy", "mara", "/policies/retention-limit/"),
    Shot("audit", "ines", "/audit/"),
    Shot("teams", "priya", "/teams/"),
    Shot("team", "jonas", "/teams/payments/"),
    Shot("people", "mara", "/people/"),
    Shot("person", "mara", "/people/", "Jonas Weber"),
    Shot("environments", "mara", "/environments/"),
    Shot("account", "priya", "/account/"),
    Shot("tokens", "jonas", "/tokens/"),
    Shot("notices", "jonas", "/inbox/notices/"),
    Shot("webhooks", "jonas", "/hooks/"),
)


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit("Say where the pictures go: python -m tests.browser.screenshots OUTDIR")
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    shots = [shot for shot in SHOTS if not names or shot.name in names]
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium.find_or_install()), args=FLAGS
        )
        for width, theme in LOOKS:
            for picture in _take(browser, shots, folder, width, theme):
                sys.stdout.write(f"{picture}\n")
        browser.close()


def _take(
    browser: Browser, shots: Sequence[Shot], folder: Path, width: int, theme: str
) -> Iterator[Path]:
    suffix = ("-narrow" if width == NARROW else "") + ("-dark" if theme == "dark" else "")
    pages: dict[str, Page] = {}
    for shot in shots:
        page = pages.get(shot.username) or _sign_in(browser, shot.username, width, theme)
        pages[shot.username] = page
        page.goto(shot.path)
        if shot.link:
            page.get_by_role("link", name=shot.link, exact=True).first.click()
        if shot.name in ACTIONS:
            ACTIONS[shot.name](page)
        page.wait_for_load_state("networkidle")
        picture = folder / f"{shot.name}{suffix}.png"
        page.screenshot(path=picture, full_page=True)
        yield picture
    for page in pages.values():
        page.context.close()


def _sign_in(browser: Browser, username: str, width: int, theme: str) -> Page:
    page = browser.new_context(
        base_url=os.environ.get("WEIR_BASE_URL", "http://localhost:8000"),
        viewport={"width": width, "height": 844 if width == NARROW else 900},
        color_scheme="dark" if theme == "dark" else "light",
    ).new_page()
    page.goto("/sign-in/")
    page.get_by_label("Name").fill(username)
    page.get_by_label("Password").fill(f"{username}-weir-demo")  # as `make up` prints it
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    return page


def _write(page: Page) -> None:
    """A topic that a rule has something to say about."""
    page.get_by_label("Cluster").select_option("demo")
    page.get_by_label("Name", exact=True).fill("payments.authorized")
    page.get_by_label("Partitions", exact=True).fill("6")
    page.get_by_label("Kept for").fill("400 d")
    page.get_by_text("Kept longer for a while").click()
    page.get_by_label("Longer because of").select_option("replay")
    page.get_by_label("Which one").fill("Disputes of last year")
    page.get_by_label("Until").fill("60 d")
    page.get_by_text("400 d is above").first.wait_for()


def _try(page: Page) -> None:
    """A schema that readers of today's records could not use."""
    typed = page.get_by_label("New schema", exact=True)
    schema = json.loads(typed.input_value())
    schema["fields"].append({"name": "riskScore", "type": "double"})
    typed.fill(json.dumps(schema, indent=2))
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("It may not follow").first.wait_for()


# What is done on a page before its picture is taken.
ACTIONS: Mapping[str, Callable[[Page], None]] = {"compose": _write, "sandbox": _try}


if __name__ == "__main__":
    main()
