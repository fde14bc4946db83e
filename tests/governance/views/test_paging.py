"""Pages of lists: by number and by id, with hostile numbers."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from governance.models import User
from governance.views import paging
from governance.views.paging import SIZE, Listed, by_id, by_number
from tests.factories import make_user

get = RequestFactory().get


@pytest.mark.parametrize(
    ("page", "first"), [("1", 0), ("2", 40), ("3", 80), ("99", 80), ("0", 0), ("x", 0), ("٣", 0)]
)
def test_a_page_number_leads_to_its_rows_and_never_beyond_them(page: str, first: int) -> None:
    rows = list(range(120))
    listed = by_number(get("/", {"page": page}), rows, one="topic")
    assert listed.rows == rows[first : first + SIZE]


def test_links_keep_the_filters_and_stop_at_both_ends() -> None:
    request = get("/", {"q": "owner:payments", "page": "2"})
    listed = by_number(request, list(range(120)), one="topic")
    assert listed.previous_url == "?q=owner%3Apayments&page=1"
    assert listed.next_url == "?q=owner%3Apayments&page=3"
    assert listed.words == "41–80 of 120 topics"
    last = by_number(get("/", {"page": "3"}), list(range(120)), one="topic")
    assert last.next_url == ""


def test_one_page_says_only_how_many() -> None:
    assert by_number(get("/"), [1], one="topic").words == "1 topic"
    assert by_number(get("/"), [], one="topic").words == ""


@pytest.mark.django_db
def test_what_the_database_holds_is_counted_as_far_as_it_is_told(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(paging, "MOST_COUNTED", 5)
    for _ in range(12):
        make_user()
    rows = User.objects.order_by("pk")
    every = list(rows)

    def listed(page: str, size: int) -> Listed[User]:
        return by_number(get("/", {"page": page}), rows.all(), one="account", size=size)

    with django_assert_num_queries(2):
        first = listed("1", 4)
    assert (first.words, first.total) == ("1–4 of more than 5 accounts", 6)
    second = listed("2", 4)
    assert second.words == "5–8 of more than 8 accounts"
    assert (second.rows, second.next_url) == (every[4:8], "?page=3")
    with django_assert_num_queries(1):  # what is all there needs no count
        last = listed("3", 4)
    assert (last.rows, last.next_url, last.total) == (every[8:], "", 12)
    assert last.words == "9–12 of 12 accounts"
    assert listed("99", 4).rows == every[8:]
    assert listed("1", 12).words == "12 accounts"


@pytest.mark.django_db
def test_by_id_goes_older_and_back_to_the_same_rows() -> None:
    for _ in range(SIZE + 3):
        make_user()
    everybody = User.objects.all()
    newest = by_id(get("/"), everybody)
    assert newest.previous_url == ""
    older = by_id(get("/" + newest.next_url), everybody)
    assert older.next_url == ""
    assert {u.pk for u in older.rows}.isdisjoint({u.pk for u in newest.rows})
    back = by_id(get("/" + older.previous_url), everybody)
    assert [u.pk for u in back.rows] == [u.pk for u in newest.rows]
