"""Access through the API and pages: asked for, listed, explained."""

from __future__ import annotations

import html
from collections.abc import Callable

import pytest
from django.test import Client

from governance.models import Request, User
from tests.browser.estate import Estate, make_estate
from tests.governance.api.conftest import Caller


@pytest.fixture
def estate(db: None) -> Estate:
    return make_estate()


@pytest.fixture
def as_user(estate: Estate) -> Callable[[str], Caller]:
    def caller(username: str) -> Caller:
        found = Caller()
        found.client.force_login(User.objects.get(username=username))
        return found

    return caller


AsUser = Callable[[str], Caller]
CAPTURED = "checkout/consumer/payments.captured"


def test_grants_are_listed_and_one_tells_its_lines(as_user: AsUser, estate: Estate) -> None:
    caller = as_user("priya")
    listed = caller.get("grants?state=active").body["results"]
    assert [row["name"] for row in listed] == [CAPTURED, "checkout/producer/payments.*"]
    assert listed[1]["topic"] == "payments.*"
    assert caller.get("grants?state=odd").status == 400
    assert caller.get("grants?colour=red").status == 400

    one = caller.get(f"grants/{estate.cluster}/{CAPTURED}").body
    assert (one["group"], one["applied"], one["state"]) == ("payments.*", True, "active")
    assert {(line["resource"], line["pattern"], line["seen"]) for line in one["lines"]} == {
        ("topic", "payments.captured", True),
        ("group", "payments.*", True),
    }
    assert caller.get(f"grants/{estate.cluster}/checkout/consumer/none").status == 404
    assert Caller().get("grants").status == 401


def test_who_may_is_answered_in_each_direction(as_user: AsUser, estate: Estate) -> None:
    caller = as_user("ines")
    asked = f"access?cluster={estate.cluster}"
    uses = caller.get(f"{asked}&topic=payments.captured").body["uses"]
    by_name = {use["principal"]: use for use in uses}
    assert by_name["User:checkout"]["reads"] is True
    assert by_name["User:checkout"]["writes"] is False
    assert by_name["User:checkout"]["denied_by"] == ["User:* may not write topic payments.*"]
    assert by_name["User:legacy-report"]["through"][0]["grants"] == []
    rights = caller.get(f"{asked}&principal=checkout").body["rights"]
    assert {"group", "topic"} == {right["resource"] for right in rights}
    why = caller.get(f"{asked}&principal=checkout&topic=payments.captured&group=x").body
    assert why["explanation"]["may_read"] is False
    assert [step["allowed"] for step in why["explanation"]["reads"]] == [True, False]
    assert caller.get(asked).status == 400
    assert caller.get("access?cluster=none&topic=x").status == 404


def test_topic_schema_and_access_are_asked_for_on_one_page(estate: Estate) -> None:
    client = Client()
    client.force_login(User.objects.get(username="priya"))
    page = html.unescape(client.get("/requests/new/").content.decode())
    assert "Access with this request" in page
    typed = {
        "parts": "topic:create,subject:register,grant:create",
        "team": "payments",
        "i0-name": "payments.settled-daily",
        "i0-place": estate.cluster,
        "i0-partitions": "3",
        "optional-1": "1",
        "on-1": "1",
        "i1-schema_type": "AVRO",
        "i1-schema": '"string"',
        "optional-2": "1",
        "on-2": "1",
        "i2-application": "checkout",
        "i2-role": "consumer",
        "i2-group": "checkout",
        "i2-ends": "30 d",
        "i2-purpose": "Shows what was settled",
        "i2-access": "read",
        "do": "submit",
    }
    said = client.post("/requests/new/", typed)
    assert said.status_code == 302, html.unescape(said.content.decode())
    made = Request.objects.latest("pk")
    assert made.state == "in_review"
    rows = {item.kind: item for item in made.items.all()}
    assert rows["grant"].name == "checkout/consumer/payments.settled-daily"
    assert rows["grant"].place == estate.cluster
    assert rows["grant"].depends_on == [rows["topic"].position]
    assert [r.role for r in made.requirements.all()] == ["owner:payments"]


def test_a_refusal_stands_beside_its_control_and_keeps_what_was_typed(estate: Estate) -> None:
    client = Client()
    client.force_login(User.objects.get(username="priya"))
    typed = {
        "parts": "grant:create",
        "team": "payments",
        "i0-application": "checkout",
        "i0-role": "consumer",
        "i0-topic": "*",
        "i0-place": estate.cluster,
        "i0-ends": "never",
        "i0-group": "other<b>",
        "i0-purpose": "All of it",
        "i0-access": "read",
        "do": "submit",
    }
    said = client.post("/requests/new/", typed)
    page = html.unescape(said.content.decode())
    assert said.status_code == 422
    for sentence in (
        "would reach every topic of demo",
        "Access to production ends by itself",
        "is not among checkout's own names",
    ):
        assert sentence in page
    assert "other<b>" in page
    assert "other<b>" not in said.content.decode()  # escaped
    assert not Request.objects.filter(items__kind="grant").exists()


def test_a_grant_is_ended_from_its_page(estate: Estate) -> None:
    client = Client()
    client.force_login(User.objects.get(username="priya"))
    address = f"/requests/new/?change=grant&place={estate.cluster}&name={CAPTURED}"
    page = client.get(f"{address}&operation=revoke")
    assert page.status_code == 200
    assert "End the access by which" in page.content.decode()
    assert client.get(f"{address}&operation=burn").status_code == 404
    said = client.post(
        "/requests/new/",
        {
            "parts": "grant:revoke",
            "team": "payments",
            "i0-application": "checkout",
            "i0-role": "consumer",
            "i0-topic": "payments.captured",
            "i0-place": estate.cluster,
            "do": "submit",
        },
    )
    assert said.status_code == 302, said.content.decode()
    made = Request.objects.latest("pk")
    assert made.items.get().operation == "revoke"
    assert made.state == "in_review"
