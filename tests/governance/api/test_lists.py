"""What a list is asked with: each parameter it takes, and a sentence for each it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.governance.api.conftest import Answer, Caller

SignedIn = Callable[[str], Caller]
LISTS = {
    "requests": "cursor, environment, limit, mine, needs_me, q, state, team",
    "teams": "cursor, limit, q",
    "people": "active, cursor, limit, q",
    "policies": "cursor, limit, q",
    "tokens": "cursor, limit",
    "environments": "cursor, limit",
    "topics": "cursor, limit, q, sort",
    "topics/unmanaged": "cursor, limit, q",
    "drift": "cluster, cursor, limit, name, state, team",
    "clusters": "cursor, limit",
    "subjects": "context, cursor, limit, owner, q, sort, state, type",
    "audit/seals": "cursor, limit",
}
WRONG = [
    ("requests", "state=lost", "state", "lost is none of these: draft, checking, in_review"),
    ("requests", "state=draft&state=", "state", " is none of these: draft"),
    ("requests", "mine=perhaps", "mine", "perhaps is neither true nor false."),
    ("people", "active=1.5", "active", "1.5 is neither true nor false."),
    ("audit/events", "request=many", "request", "many is no whole number."),
    ("audit/events", "request=1.5", "request", "1.5 is no whole number."),
    ("audit/events", "since=yesterday", "since", "Write it as 2026-11-25T09:00:00Z."),
    ("audit/events", "since=99999-01-01T00:00:00Z", "since", "Write it as"),
    ("topics", "sort=colour", "sort", "sort cannot be 'colour': choose one of name,"),
    ("subjects", "sort=", "sort", "choose one of name,"),
    ("requests", "limit=abc", "limit", "a whole number from 1 to 200"),
    ("requests", "limit=-1", "limit", "a whole number from 1 to 200"),
    ("requests", "limit=1e3", "limit", "a whole number from 1 to 200"),
    ("requests", "cursor=rubbish", "cursor", "Take it from `next` of the page before"),
]


def path_of(answer: Answer) -> str:
    return str(answer.body["problems"][0]["path"])


@pytest.mark.parametrize(("path", "query", "parameter", "words"), WRONG)
def test_a_value_that_means_nothing_is_named(
    signed_in: SignedIn, path: str, query: str, parameter: str, words: str
) -> None:
    answer = signed_in("platform").get(f"{path}?{query}")
    assert answer.status == 400, answer.body
    assert answer.code in {"bad_address", "bad_values"}
    assert path_of(answer) == parameter
    assert words in answer.body["detail"]


@pytest.mark.parametrize(("path", "takes"), LISTS.items())
def test_a_parameter_that_means_nothing_is_named_with_those_that_do(
    signed_in: SignedIn, path: str, takes: str
) -> None:
    caller = signed_in("platform")
    answer = caller.get(f"{path}?colour=red")
    assert (answer.status, answer.code) == (400, "bad_address")
    assert path_of(answer) == "colour"
    assert f"takes {takes}." in answer.body["detail"]
    assert caller.get(path).status == 200


def test_what_is_known_is_taken(signed_in: SignedIn) -> None:
    caller = signed_in("platform")
    for query in ("state=draft&state=applied", "mine=true", "mine=False", "team=payments", "q="):
        assert caller.get(f"requests?{query}").status == 200, query
    for query in ("request=7", "request=99999999999999999999", "since=2026-11-25T09:00:00%2B01:00"):
        assert caller.get(f"audit/events?{query}").status == 200, query
    assert caller.get("people?active=true").body["results"]
    assert not caller.get("people?active=false").body["results"]
