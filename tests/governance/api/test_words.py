"""Nonsense is answered in words: where it stands, what was wrong, what to write instead."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.governance.api.conftest import Caller, draft, toy

SignedIn = Callable[[str], Caller]
HUGE = "x" * 10_000

REQUESTS = [
    ({"items": [5]}, "items[0]: This must be an object."),
    ({"items": [None]}, "items[0]: This cannot be null."),
    ({"items": [[]]}, "items[0]: This must be an object."),
    ({"items": "all"}, "items: This must be a list."),
    ({"items": []}, "items: This list is empty. Put something into it."),
    ({"items": [{**toy(), "name": ["a"]}]}, "items[0].name: This must be a text."),
    ({"items": [{**toy(), "name": ""}]}, "items[0].name: This is empty. Write something."),
    ({"items": [{**toy(), "name": HUGE}]}, "items[0].name: At most 400 characters fit."),
    ({"items": [{**toy(), "after": []}]}, "items[0].after: This must be an object."),
    ({"items": [toy(), {**toy("b"), "colour": 1}]}, "items[1].colour: There is no such field."),
    ({"team": None}, "team: This cannot be null."),
    ({"team": "a b"}, "team: Only letters, digits, dashes and underscores fit."),
    ({"title": HUGE}, "title: At most 200 characters fit."),
]


@pytest.mark.parametrize(("values", "said"), REQUESTS, ids=lambda value: str(value)[:40])
def test_a_body_that_cannot_be_read(
    signed_in: SignedIn, values: dict[str, object], said: str
) -> None:
    answer = signed_in("requester").post("requests", draft() | values)
    assert (answer.status, answer.code) == (400, "bad_values")
    assert said in answer.body["detail"]


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("x", "revision: This must be a whole number."),
        (1.5, "revision: This must be a whole number."),
        (10**30, "revision: This must be a whole number."),
        (True, "revision: This must be a whole number."),
        ([1], "revision: This must be a whole number."),
        (-1, "revision: This must be 1 or more."),
        (2**31, "revision: This must be 2147483647 or less."),
    ],
)
def test_a_number_that_is_none(signed_in: SignedIn, revision: object, said: str) -> None:
    number = signed_in("requester").post("requests", draft()).body["request"]["id"]
    answer = signed_in("owner").post(f"requests/{number}/approve", {"revision": revision})
    assert said in answer.body["detail"]


def test_choices_and_times(signed_in: SignedIn) -> None:
    body = {"name": "ci", "team": "payments", "scopes": ["api:all"], "expires_at": "soon"}
    answer = signed_in("owner").post("tokens", body)
    said = {p["path"]: p["message"] for p in answer.body["problems"]}
    assert said["expires_at"] == "This is no time. Write it as 2026-11-25T09:00:00Z."
    assert "'api:all' is none of these: api:read, api:write" in str(said)


def test_a_place_that_is_not_there_or_not_said(signed_in: SignedIn) -> None:
    answer = signed_in("requester").post("requests", draft({**toy(), "place": "moon"}))
    (problem,) = answer.body["problems"]
    assert (problem["path"], problem["position"]) == ("place", 0)
    assert problem["message"] == "There is no place 'moon' for a toy."
