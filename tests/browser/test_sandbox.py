"""Trying a schema on its page, with JavaScript and without."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page

from registry.models import Version
from tests.browser.conftest import NARROW, WIDE, Visit
from tests.browser.test_pages import told, wrong

pytestmark = pytest.mark.browser
SUBJECT = "payments.refunded-value"


def compare(page: Page) -> None:
    page.get_by_role("button", name="Compare").press("Enter")
    page.wait_for_load_state()


@pytest.mark.parametrize(("scripts", "width"), [(True, WIDE), (False, NARROW)])
def test_a_schema_is_tried_in_a_subject(visit: Visit, scripts: bool, width: int) -> None:
    visitor = visit("priya", scripts=scripts, width=width)
    page = visitor.open(f"/subjects/~/{SUBJECT}/")
    there = Version.objects.count()
    page.get_by_role("link", name="Try a schema").click()
    page.wait_for_url("**/subjects/sandbox/?subject=*")
    typed = page.get_by_label("New schema", exact=True)
    schema = json.loads(typed.input_value())
    schema["fields"].append({"name": "extra", "type": "string"})
    typed.fill(json.dumps(schema))
    compare(page)

    page.get_by_text("It may not follow: BACKWARD is in force").wait_for()
    assert page.get_by_text("field 'extra' of").count()
    assert json.loads(page.get_by_label("New schema", exact=True).input_value()) == schema
    found = wrong(page) if scripts else []

    page.get_by_label("New schema", exact=True).fill("{")
    compare(page)
    page.get_by_text("Invalid schema").or_(page.get_by_text("is not")).first.wait_for()
    found += wrong(page) if scripts else []
    assert not found, told(found)
    assert Version.objects.count() == there
    assert not visitor.troubles
