"""A topic of which something is declared and was not applied: said there, with the way back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NARROW, WIDE, Visit
from tests.browser.estate import Estate
from tests.browser.test_pages import told, wrong
from tests.topics.estate import get_ahead
from topics.models import DeclaredTopic

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_was_not_applied_is_said_and_one_click_asks_to_go_back(
    visit: Visit, estate: Estate, width: int, theme: str
) -> None:
    row = DeclaredTopic.objects.get(cluster__slug=estate.cluster, name=estate.quiet_topic)
    kept = row.configs.get("retention.ms")
    get_ahead(row, retention_ms="777600000", remote_storage_enable="true")
    visitor = visit("priya", width=width, theme=theme)
    page = visitor.open(f"/topics/{estate.cluster}/{estate.quiet_topic}/")
    note = page.locator(".note").filter(has_text="Declared but not applied:")
    expect(note).to_contain_text("remote.storage.enable")
    expect(note).to_contain_text("9 d")
    assert not wrong(page), told(wrong(page))
    note.get_by_role("link", name="Ask to go back to what is applied").click()
    expect(page.get_by_label("Why")).to_have_value("Goes back to what is applied.")
    expect(page.get_by_label("More settings")).not_to_have_value("remote.storage.enable = true")
    assert kept != "777600000"
    assert visitor.troubles == []
