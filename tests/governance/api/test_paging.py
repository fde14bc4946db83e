"""Cursors: every row once, whatever is inserted meanwhile, and nothing that can be forged into a
failure."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from governance.api.paging import MAX_LIMIT
from governance.models import Team
from tests.factories import make_team
from tests.governance.api.conftest import Caller

SignedIn = Callable[[str], Caller]


def walk(caller: Caller, path: str) -> list[str]:
    """The slugs of all pages in turn."""
    seen: list[str] = []
    address: str | None = f"/api/v1/{path}"
    while address:
        body = caller.get(address.replace("http://testserver", "")).body
        seen += [row["slug"] for row in body["results"]]
        address = body["next"]
    return seen


def cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def test_every_row_comes_once(signed_in: SignedIn) -> None:
    for number in range(23):
        make_team(f"team-{number:02}")
    slugs = sorted(Team.objects.values_list("slug", flat=True))
    for limit in (1, 7, 25, 200):
        assert walk(signed_in("viewer"), f"teams?limit={limit}") == slugs


def test_what_is_inserted_before_moves_nothing(signed_in: SignedIn) -> None:
    for number in range(6):
        make_team(f"team-{number}")
    caller = signed_in("viewer")
    first = caller.get("teams?limit=5").body
    make_team("aaa")
    rest = walk(caller, first["next"].partition("/api/v1/")[2])
    slugs = [row["slug"] for row in first["results"]] + rest
    assert slugs == sorted(set(slugs))
    assert len(slugs) == Team.objects.count() - 1


def test_filters_go_along(signed_in: SignedIn) -> None:
    for number in range(6):
        make_team(f"team-{number}")
    found = walk(signed_in("viewer"), "teams?limit=2&q=team-")
    assert found == [f"team-{n}" for n in range(6)]


def test_a_page_has_a_greatest_size(signed_in: SignedIn) -> None:
    for number in range(MAX_LIMIT + 5):
        make_team(f"team-{number:03}")
    assert len(signed_in("viewer").get("teams?limit=5000").body["results"]) == MAX_LIMIT


@pytest.mark.parametrize(
    "forged",
    [
        "x",
        "é",
        "A" * 3_000,
        cursor(),
        cursor(["slug"], []),
        cursor(["slug"], ["a", "b"]),
        cursor(["pk"], [1]),
        cursor(["slug"], [None]),
        cursor(["slug"], [{"a": 1}]),
        cursor(["slug"], ["\x00"]),
        cursor("slug", "a"),
        cursor({"slug": 1}, 5),
        cursor(1),
    ],
)
def test_a_forged_cursor_is_refused(signed_in: SignedIn, forged: str) -> None:
    answer = signed_in("viewer").get(f"teams?cursor={forged}")
    assert (answer.status, answer.code) == (400, "bad_address")


@pytest.mark.parametrize("value", [10**30, -(10**30), 1.5, "soon", True, [1]])
def test_a_forged_number_finds_nothing_or_is_refused(signed_in: SignedIn, value: object) -> None:
    answer = signed_in("viewer").get(f"requests?cursor={cursor(['-pk'], [value])}")
    assert answer.status in {200, 400}


@pytest.mark.parametrize("value", ["soon", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00", 7])
def test_a_forged_time_is_refused(signed_in: SignedIn, value: object) -> None:
    forged = cursor(["-since_before", "-pk"], [value, 1])
    answer = signed_in("viewer").get(f"drift?cursor={forged}")
    assert (answer.status, answer.code) == (400, "bad_address")


@pytest.mark.parametrize("place", [-1, "a", 10**40, None, True])
def test_a_forged_place_is_no_failure(signed_in: SignedIn, place: object) -> None:
    assert signed_in("viewer").get(f"clusters?cursor={cursor(['#'], [place])}").status in {200, 400}
