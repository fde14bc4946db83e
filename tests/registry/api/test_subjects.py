"""Subjects through the management API: what was registered, and for whom."""

from __future__ import annotations

import pytest

from governance.models import User
from tests.browser.estate import Estate, make_estate
from tests.governance.api.conftest import Caller, program


@pytest.fixture
def estate(db: None) -> Estate:
    return make_estate()


@pytest.fixture
def priya(estate: Estate) -> Caller:
    caller = Caller()
    caller.client.force_login(User.objects.get(username="priya"))
    return caller


def test_subjects_are_listed(priya: Caller, estate: Estate) -> None:
    rows = priya.get("subjects").body["results"]
    assert estate.subject in [row["subject"] for row in rows]
    for sort in ("name", "-name", "versions", "-versions", "changed", "-changed"):
        seen = []
        address = f"/api/v1/subjects?limit=1&sort={sort}"
        while address:
            page = priya.get(address.partition("testserver")[2] or address).body
            seen += [row["subject"] for row in page["results"]]
            address = page["next"]
        assert sorted(seen) == sorted(row["subject"] for row in rows), sort
    assert priya.get("subjects?q=no-such").body["results"] == []
    assert priya.get("subjects?context=.other").body["results"] == []


def test_a_subject_tells_its_versions(priya: Caller, estate: Estate) -> None:
    page = priya.get(f"subjects/{estate.subject}").body
    assert (page["context"], page["name"]) == (".", estate.subject)
    numbers = [v["version"] for v in page["versions"]]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 1
    assert page["versions"][0]["schema"].startswith("{")
    assert page["compatibility"]
    assert page["more_versions"] == 0


def test_a_token_of_a_context_sees_no_other(estate: Estate) -> None:
    bound = program("api:read", context=".prod")
    assert bound.get("subjects").body["results"] == []
    assert bound.get(f"subjects/{estate.subject}").code == "not_found"
    assert bound.get(f"subjects/:.:{estate.subject}").code == "not_found"
    free = program("api:read")
    assert free.get(f"subjects/{estate.subject}").status == 200


@pytest.mark.parametrize("name", ["a/b", ":.ctx:a/b", ":.", ":.ctx", "é", "%C3%A9", ":::", "a%2Fb"])
def test_odd_names_are_only_not_there(priya: Caller, name: str) -> None:
    assert priya.get(f"subjects/{name}").code == "not_found"
