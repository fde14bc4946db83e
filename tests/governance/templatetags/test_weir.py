"""Times, names and states as pages print them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone
from django.utils.safestring import SafeString

from governance.templatetags import weir
from governance.workflow import ItemState, State


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=40.9), "40 s"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=47), "1 day"),
        (timedelta(days=29), "29 days"),
        (timedelta(days=30), "1 month"),
        (timedelta(days=800), "2 years"),
    ],
)
def test_an_age_is_said_in_its_largest_whole_unit(length: timedelta, words: str) -> None:
    assert weir.age(length) == words


def test_a_time_says_the_exact_one_on_hover() -> None:
    at = datetime(2026, 11, 24, 9, 14, tzinfo=UTC)
    assert 'title="2026-11-24 09:14:00 UTC"' in weir.when(at)
    assert weir.when(at.isoformat()) == weir.when(at)


def test_a_time_to_come_is_said_as_such() -> None:
    assert "in 2 days" in weir.when(timezone.now() + timedelta(days=2, minutes=1))


def test_no_time_is_never() -> None:
    assert weir.when(None) == "never"


def test_every_state_has_a_look() -> None:
    assert {s.value for s in State} <= weir.STATES.keys()
    assert {s.value for s in ItemState} <= weir.STATES.keys()


@pytest.mark.parametrize(
    ("person", "letters"),
    [("Maya Klein", "MK"), ("maya.klein", "MK"), ("priya", "PR"), ("Ana B. Coe", "AC"), ("", "?")],
)
def test_initials(person: str, letters: str) -> None:
    assert weir.initials(person) == letters


def test_a_name_breaks_after_its_dots_and_is_escaped() -> None:
    assert weir.dots("a.b-<i>") == "a.<wbr>b-<wbr>&lt;i&gt;"


def test_an_exact_value_is_only_added_where_it_differs() -> None:
    assert weir.exact("6", "6") == "6"
    assert 'title="604,800,000 ms"' in weir.exact("7 d", "604,800,000 ms")


def test_filters_keep_what_was_typed_and_lead_back_while_they_narrow() -> None:
    page = Template(
        '{% load weir %}{% filters "/x/" words "Name" narrowed=words %}<i>more</i>{% endfilters %}'
    )
    shown = page.render(Context({"words": 'a"<b>'}))
    assert 'value="a&quot;&lt;b&gt;"' in shown
    assert 'placeholder="Name" aria-label="Name"' in shown
    assert "<i>more</i>" in shown
    assert '<a href="/x/">Clear</a>' in shown
    assert "Clear" not in page.render(Context({"words": ""}))


def test_what_is_kept_of_a_pill_tells_markup_from_text() -> None:
    text = "<b>kept apart</b>"
    assert "<b>kept apart</b>" in weir.pill(SafeString(text))
    assert "&lt;b&gt;kept apart&lt;/b&gt;" in weir.pill(text)
