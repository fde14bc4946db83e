"""Subjects through the management API: what was registered, and for whom."""

from __future__ import annotations

from typing import Any

import pytest

from governance.actors import system_actor
from governance.models import User
from registry import store
from registry.candidates import Asked
from registry.models import Version
from registry.naming import SubjectName
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


def test_pages_leave_out_no_subject_of_the_same_name(priya: Caller) -> None:
    for context in (".a1", ".a2", ".a3"):
        store.register(SubjectName(context, "same"), Asked('"int"'), by=system_actor())
    for sort in ("name", "versions", "-versions", "changed", "-changed"):
        seen = []
        address = f"/api/v1/subjects?limit=1&q=same&sort={sort}"
        while address:
            page = priya.get(address.partition("testserver")[2] or address).body
            seen += [row["context"] for row in page["results"]]
            address = page["next"]
        assert sorted(seen) == [".a1", ".a2", ".a3"], sort


def test_lists_are_narrowed(priya: Caller, estate: Estate) -> None:
    def names(query: str) -> list[str]:
        return [row["subject"] for row in priya.get(f"subjects?{query}").body["results"]]

    assert names("state=deleted") == ["payments.gone-value"]
    assert estate.subject in names("owner=payments&type=AVRO")
    assert names("owner=payments&type=PROTOBUF") == []
    assert priya.get("subjects?state=lost").code == "bad_address"
    (row,) = priya.get(f"subjects?q={estate.subject}").body["results"]
    assert row["owner"]["team"] == "payments"


def test_a_subject_tells_whose_it_is_and_what_is_in_force(priya: Caller) -> None:
    page = priya.get("subjects/payments.captured-com.acme.Refund").body
    assert page["owner"] == {"team": "payments", "why": "It owns the topic payments.captured."}
    assert page["naming"] == {
        "strategy": "TopicRecordNameStrategy",
        "topic": "payments.captured",
        "part": "",
        "record": "com.acme.Refund",
    }
    origins = {one["name"]: one["origin"] for one in page["settings"]}
    assert origins["compatibilityLevel"] == "the server's default"
    (used,) = priya.get("subjects/com.acme.Money").body["associations"]
    assert (used["resource"], used["type"], used["lifecycle"]) == (
        "payments.captured",
        "key",
        "WEAK",
    )


def test_two_versions_are_compared(priya: Caller) -> None:
    subject = "payments.refunded-value"
    found = priya.get(f"schemas/changes?subject={subject}").body
    assert (found["older"], found["newer"], found["unreadable"]) == (1, 2, "")
    kinds = {(one["kind"], one["path"].rpartition(".")[2]) for one in found["changes"]}
    assert {("added", "channel"), ("removed", "currency")} <= kinds
    assert (found["backward"], found["forward"]) == ([], [])
    back = priya.get(f"schemas/changes?subject={subject}&older=2&newer=1").body
    kinds = {(one["kind"], one["path"].rpartition(".")[2]) for one in back["changes"]}
    assert {("removed", "channel"), ("added", "currency")} <= kinds
    assert priya.get(f"schemas/changes?subject={subject}&newer=1").code == "not_found"
    assert priya.get(f"schemas/changes?subject={subject}&newer=0").code == "bad_address"
    assert priya.get(f"schemas/changes?subject={subject}&newer=7").code == "not_found"
    assert priya.get("schemas/changes").code == "not_found"


def test_references_are_told_both_ways(priya: Caller) -> None:
    found = priya.get("schemas/references?subject=com.acme.Money").body
    assert found["uses"] == []
    assert [one["subject"] for one in found["used_by"]] == [
        "com.acme.Refund",
        "payments.captured-com.acme.Refund",
    ]
    found = priya.get("schemas/references?subject=com.acme.Refund&version=1").body
    assert found["uses"] == [{"subject": "com.acme.Money", "version": 1, "distance": 1}]
    assert found["complete"] is True


def test_a_schema_is_tried_and_not_stored(priya: Caller) -> None:
    subject = "payments.refunded-value"
    there = Version.objects.count()
    schema = '{"type":"record","name":"Other","fields":[]}'
    found = priya.post("schemas/test", {"subject": subject, "schema": schema}).body
    assert (found["level"], found["compatible"]) == ("BACKWARD", False)
    assert found["messages"]
    assert [one["level"] for one in found["levels"] if one["compatible"]] == ["NONE"]
    found = priya.post("schemas/test", {"earlier": '"int"', "schema": '"long"'}).body
    assert (found["level"], found["compatible"], found["messages"]) == (None, None, None)
    by_level = {one["level"]: one["compatible"] for one in found["levels"]}
    assert (by_level["BACKWARD"], by_level["FORWARD"]) == (True, False)
    assert (found["compared"], found["more"], found["unreadable"]) == (1, False, "")
    assert Version.objects.count() == there


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"schema": '"int"'}, "subject"),
        ({"schema": '"int"', "subject": "s", "earlier": '"int"'}, "subject"),
        ({"schema": '"int"', "subject": "__GLOBAL"}, "subject"),
        ({"schema": "{", "subject": "s"}, "schema"),
        ({"schema": '"int"', "earlier": "{"}, "earlier"),
        ({"schema": '"int"', "subject": "s", "type": "XML"}, "type"),
        ({"schema": '"int"', "subject": "s", "references": [{"name": "a"}]}, "references"),
    ],
)
def test_what_cannot_be_tried_is_named(priya: Caller, body: dict[str, Any], path: str) -> None:
    answer = priya.post("schemas/test", body)
    assert answer.status in (400, 422)
    assert any(one["path"].startswith(path) for one in answer.body["problems"])


def test_a_token_of_a_context_tries_and_compares_in_it_alone(estate: Estate) -> None:
    bound = program("api:read", "api:write", context=".prod")
    subject = ":.:payments.refunded-value"
    assert bound.get(f"schemas/changes?subject={subject}").code == "not_found"
    assert bound.get(f"schemas/references?subject={subject}").code == "not_found"
    assert bound.post("schemas/test", {"subject": subject, "schema": '"int"'}).code == "not_found"
    uses = [{"name": "com.acme.Money", "subject": ":.:com.acme.Money", "version": 1}]
    body = {"earlier": '"int"', "schema": '"int"', "references": uses}
    assert bound.post("schemas/test", body).code == "not_found"


@pytest.mark.parametrize("name", ["a/b", ":.ctx:a/b", ":.", ":.ctx", "é", "%C3%A9", ":::", "a%2Fb"])
def test_odd_names_are_only_not_there(priya: Caller, name: str) -> None:
    assert priya.get(f"subjects/{name}").code == "not_found"
