"""Names that look like a path, and that a browser would take apart in an address."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from governance.actors import system_actor
from registry import store
from registry.candidates import Asked
from registry.naming import SubjectName
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

ODD = ["a/../b", "..", ".", "a//b", "/a", "a/", "a\\..\\b", "%2e%2e", "~", "x?y#z"]


def test_each_subject_is_reached_from_the_list(visit: Visit) -> None:
    for name in ODD:
        store.register(SubjectName(".", name), Asked('"string"'), by=system_actor("test"))
    visitor = visit("priya")
    page = visitor.page
    for name in ODD:
        visitor.open("/subjects/")
        page.locator("td").get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        page.get_by_role("link", name="Requests").last.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
