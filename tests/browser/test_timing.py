"""Frozen, put off, applied all the same: what people see and do about a request's time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from playwright.sync_api import expect

from config.demo.estate import password_of
from governance.clock import database_now
from governance.models import Request, User
from governance.services import freezes, glass, requests, reviews, timing
from governance.services.moves import move
from governance.workflow import Move
from tests.browser.conftest import NARROW, WIDE, Visit
from tests.browser.estate import Estate, actor
from tests.browser.test_pages import told, wrong
from tests.factories import BY, make_user

pytestmark = pytest.mark.browser


def freeze_production() -> None:
    """From now on for two days."""
    now = database_now()
    freezes.declare(
        "production",
        starts_at=now,
        ends_at=now + timedelta(days=2),
        reason="Year-end closing",
        by=actor("mara"),
    )


def second_platform() -> str:
    """Somebody else of the platform team, who signs in as people of the demo do."""
    made: User = make_user("pat", org=("platform",))
    made.set_password(password_of("pat"))
    made.save(update_fields=["password"])
    return made.username


def test_a_freeze_is_declared_seen_and_lifted(visit: Visit, estate: Estate) -> None:
    page = visit("mara", scripts=False).open("/environments/")
    page.get_by_role("link", name="at any time").first.click()
    page.get_by_label("Until").fill("2020-01-01T09:00")
    page.get_by_label("What for").fill("Year-end closing")
    page.get_by_role("button", name="Freeze").click()
    expect(page.locator("main")).to_contain_text("The freeze ends before it begins")
    until = (database_now() + timedelta(days=2)).strftime("%Y-%m-%dT09:00")
    page.get_by_label("Until").fill(until)
    page.get_by_role("button", name="Freeze").click()
    expect(page.locator("main")).to_contain_text("is frozen until")
    page.get_by_role("button", name="Lift").click()
    expect(page.locator("main")).to_contain_text("Open now")
    expect(page.locator("main")).to_contain_text("lifted by")


def test_a_request_says_what_it_waits_for_and_is_withdrawn_meanwhile(
    visit: Visit, estate: Estate
) -> None:
    freeze_production()
    page = visit("priya").open(f"/requests/{estate.review.pk}/")
    expect(page.locator("#decision")).to_contain_text("Production is frozen until")
    page.get_by_text("Not before a certain time…").click()
    page.get_by_label("Apply it not before").fill(
        (database_now() + timedelta(days=5)).strftime("%Y-%m-%dT09:00")
    )
    page.get_by_role("button", name="Keep this time").click()
    expect(page.locator("#decision")).to_contain_text("as was asked for")
    found = Request.objects.get(pk=estate.review.pk)
    assert found.not_before is not None


def test_the_glass_is_broken_and_a_second_person_looks_at_it(visit: Visit, estate: Estate) -> None:
    second_platform()
    page = visit("mara").open(f"/requests/{estate.review.pk}/")
    page.get_by_text("Break the glass…").click()
    page.get_by_label("Why it cannot wait").fill("Disputes pile up.")
    page.get_by_role("button", name=f"Apply #{estate.review.pk} at once").click()
    expect(page.locator("#timeline")).to_contain_text("broke the glass")
    expect(page.get_by_text("You broke the glass")).to_be_visible()
    page = visit("pat", scripts=False).open("/inbox/")
    page.get_by_role("link", name="Replay disputes").first.click()
    page.get_by_role("button", name="Object").click()
    expect(page.locator("main")).to_contain_text("Say what was wrong")
    page.get_by_label("Your word on it").fill("Nobody called me.")
    page.get_by_role("button", name="Object").click()
    expect(page.locator("main")).to_contain_text("objected")
    page.goto(page.url.split("/requests/")[0] + "/inbox/")
    expect(page.locator("main")).not_to_contain_text("Broken glass")


def _schedule(asked: Request) -> None:
    """Approved, and waiting for its time; no cluster is there to be asked before."""
    asked = requests.submit(asked, by=actor("priya"))
    asked = reviews.approve(asked, revision=asked.revision, by=actor("jonas"))
    wait = timing.wait_of(asked)
    assert wait is not None
    with transaction.atomic():
        move(asked, Move.RECHECK, by=BY)
        move(asked, Move.SCHEDULE, by=BY, scheduled_for=wait.until, data={"why": wait.why})


@pytest.mark.parametrize(("width", "theme"), [(WIDE, "light"), (NARROW, "dark")])
def test_pages_about_time_are_accessible_and_fit(
    visit: Visit, estate: Estate, width: int, theme: str
) -> None:
    freeze_production()
    glass.break_glass(estate.review, revision=1, reason="Disputes pile up.", by=actor("mara"))
    _schedule(estate.back)
    visitor = visit("mara", width=width, theme=theme)
    found = []
    for path in (
        "/environments/",
        "/environments/production/",
        "/environments/production/freezes/",
        f"/requests/{estate.review.pk}/",
        f"/requests/{estate.back.pk}/",
        "/inbox/",
    ):
        found += wrong(visitor.open(path))
    assert not found, told(found)
