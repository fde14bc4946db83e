"""Policies on pages: written, changed, exported, tried out; and waivers asked in place."""

from __future__ import annotations

import pytest
from django.test import Client

from governance.models import PolicyVersion, Request, Simulation, User, Waiver
from governance.policy.load import read_policies
from governance.services import pipeline, policies, requests, reviews, simulations
from tests.browser.estate import Estate, make_estate
from tests.factories import make_user

pytestmark = pytest.mark.django_db

DRAFT = {
    "name": "small",
    "title": "Small topics",
    "kind": "topic",
    "owner": "platform",
    "expression": "topic.partitions <= 2",
    "severity": "deny",
    "waiver": "platform",
    "path": "partitions",
    "message": "{topic.partitions} partitions are many.",
    "way_out": "Ask for 2.",
    "operations": "create alter",
    "production": "yes",
}


@pytest.fixture
def estate() -> Estate:
    made = make_estate()
    make_user("pat", org=("platform",))
    return made


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def test_a_policy_is_written_changed_compared_and_exported(estate: Estate) -> None:
    pat = signed_in("pat")
    assert b"topic.partitions" in pat.get("/policies/new/").content
    answer = pat.post("/policies/new/", {**DRAFT, "do": "save"})
    assert answer.status_code == 302
    first = PolicyVersion.objects.get(policy__name="small")
    assert (first.active, first.scope) == (
        False,
        {"operations": ["create", "alter"], "production": True},
    )
    assert first.created_by is not None
    assert first.created_by.username == "pat"
    changed = {**DRAFT, "waiver": "never", "do": "activate"}
    assert pat.post("/policies/small/change/", changed).status_code == 302
    assert PolicyVersion.objects.get(policy__name="small", active=True).version == 2
    page = pat.get("/policies/small/versions/2/").content.decode()
    assert '<span class="old">platform</span>' in page
    assert '<span class="new">never</span>' in page
    file = pat.get("/policies/small/yaml/").content.decode()
    (text,) = read_policies(file)
    newest = PolicyVersion.objects.select_related("policy").get(version=2, policy__name="small")
    assert text == policies.text_of(newest)
    assert policies.load_file(file, by=estate_actor("pat"))[0].version == 2


def estate_actor(name: str):  # type: ignore[no-untyped-def]  # the actor of an account
    from governance.actors import actor_for_user

    return actor_for_user(User.objects.get(username=name))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"expression": "topic.partitons <= 2"}, "is no fact of a topic"),
        ({"expression": "(("}, "cannot be read"),
        ({"message": "{topic.size}"}, "is no fact of a topic"),
        ({"severity": "approval", "approver": "everybody"}, "cannot be asked for approval"),
        ({"waiver": "everybody"}, "cannot grant a waiver"),
        ({"name": "new"}, "cannot name a policy"),
        ({"name": "naming"}, "There is a policy naming already"),
        ({"message": "a\x00b"}, "Null characters"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(
    estate: Estate, wrong: dict[str, str], said: str
) -> None:
    answer = signed_in("pat").post("/policies/new/", {**DRAFT, **wrong, "do": "save"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page
    assert "Small topics" in page
    assert not PolicyVersion.objects.filter(policy__name__in=["small", "new"]).exists()


def test_only_the_platform_team_writes_or_tries_out(estate: Estate) -> None:
    for name in ("priya", "jonas", "ines"):
        client = signed_in(name)
        assert client.get("/policies/new/").status_code == 403
        assert client.post("/policies/new/", {**DRAFT, "do": "simulate"}).status_code == 403
        assert client.get("/policies/naming/yaml/").status_code == 200
    assert not Simulation.objects.exists()


def test_a_draft_is_tried_out_and_comes_back_into_the_form(estate: Estate) -> None:
    pat = signed_in("pat")
    answer = pat.post("/policies/new/", {**DRAFT, "do": "simulate"})
    made = Simulation.objects.get()
    assert answer["Location"] == f"/simulations/{made.pk}/"
    page = pat.get(f"/simulations/{made.pk}/").content.decode()
    assert 'hx-trigger="every 1s"' in page
    simulations.run(made.pk)
    page = pat.get(f"/simulations/{made.pk}/").content.decode()
    assert 'hx-trigger="every 1s"' not in page
    assert "Newly refused" in page
    assert "partitions are many" in page
    again = pat.get(f"/policies/new/?draft={made.pk}").content.decode()
    assert "topic.partitions &lt;= 2" in again
    assert not PolicyVersion.objects.filter(policy__name="small").exists()
    assert signed_in("priya").get(f"/simulations/{made.pk}/").status_code == 403


TOPIC = {
    "parts": "topic:create",
    "team": "payments",
    "i0-name": "payments.large",
    "i0-place": "demo",
    "i0-partitions": "61",
    "i0-replication_factor": "3",
    "i0-retention": "7 d",
}


def test_a_waiver_is_asked_for_where_a_rule_refuses(estate: Estate) -> None:
    priya = signed_in("priya")
    page = priya.post("/requests/new/", {**TOPIC, "do": "check"}).content.decode()
    assert 'value="waive:0:partitions"' in page
    page = priya.post("/requests/new/", {**TOPIC, "do": "waive:0:partitions"}).content.decode()
    assert 'value="topic:create,waiver:grant"' in page
    assert "Spares" in page
    asked = {
        **TOPIC,
        "parts": "topic:create,waiver:grant",
        "optional-1": "1",
        "on-1": "1",
        "i1-about": "0",
        "i1-policy": "partitions",
        "i1-until": "30 d",
        "i1-reason": "It is split in January.",
        "do": "submit",
    }
    lacking = priya.post("/requests/new/", {**asked, "i1-until": ""})
    assert lacking.status_code == 422
    assert priya.post("/requests/new/", asked).status_code == 302
    made = Request.objects.latest("pk")
    assert made.state == "in_review"
    assert set(made.requirements.values_list("role", flat=True)) == {"owner:payments", "platform"}
    page = priya.get(f"/requests/{made.pk}/").content.decode()
    assert "It is split in January." in page
    assert "partitions/topic/payments.large" in page


@pytest.mark.parametrize(
    "do", ["waive:", "waive:9:partitions", "waive:x:y", "waive:0:", "waive:0:<b>/..", "waive:-1:a"]
)
def test_odd_buttons_break_nothing(estate: Estate, do: str) -> None:
    answer = signed_in("priya").post("/requests/new/", {**TOPIC, "do": do})
    assert answer.status_code == 200
    assert "<b>/.." not in answer.content.decode()


def test_the_list_of_waivers_and_one_of_them(estate: Estate) -> None:
    priya = signed_in("priya")
    assert b"No waivers" in priya.get("/waivers/").content
    alone = {
        "parts": "waiver:grant",
        "team": "payments",
        "i0-policy": "partitions",
        "i0-place": "demo",
        "i0-target": "payments.large",
        "i0-until": "10 d",
        "i0-reason": "<script>alert(1)</script>",
        "do": "submit",
    }
    assert priya.get("/requests/new/?kind=waiver").status_code == 200
    assert priya.post("/requests/new/", alone).status_code == 302
    made = Request.objects.latest("pk")
    reviews.approve(made, revision=1, by=estate_actor("pat"))
    pipeline.advance(made.pk)
    row = Waiver.objects.get()
    for path in ("/waivers/", "/waivers/?state=ends_soon&policy=partitions&owner=payments"):
        page = priya.get(path).content.decode()
        assert "payments.<wbr>large</a>" in page
        assert "<script>alert" not in page
    assert "<wbr>large</a>" not in priya.get("/waivers/?state=ended").content.decode()
    page = priya.get(f"/waivers/{row.pk}/").content.decode()
    assert "Take it back early" in page
    assert "<wbr>large</a>" in priya.get("/policies/partitions/").content.decode()
    end = priya.get(
        "/requests/new/?kind=waiver&operation=end&place=demo&name=partitions/topic/payments.large"
    )
    assert "count again for" in end.content.decode()
    assert priya.get("/waivers/987654/").status_code == 404


def test_a_request_that_was_written_with_a_waiver_is_edited(estate: Estate) -> None:
    priya = signed_in("priya")
    test_a_waiver_is_asked_for_where_a_rule_refuses(estate)
    made = Request.objects.latest("pk")
    page = priya.get(f"/requests/{made.pk}/edit/")
    assert page.status_code == 200
    assert "It is split in January." in page.content.decode()
    requests.withdraw(made, by=estate_actor("priya"))
