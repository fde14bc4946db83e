"""Delegations through the API and the pages: given, seen, used and taken back."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.models import Delegation, Event, Request, User
from governance.services import delegations
from tests.factories import Cast
from tests.governance.api.conftest import Caller, draft, person, program, toy

SignedIn = Callable[[str], Caller]
GIVEN = {"to": "viewer", "ends": "14 d", "reason": "Holiday."}


def submitted(caller: Caller, name: str = "robot") -> int:
    number = caller.post("requests", draft(toy(name))).body["request"]["id"]
    assert caller.post(f"requests/{number}/submit").status == 200
    return int(number)


def test_somebody_decides_for_somebody_else_until_it_is_taken_back(signed_in: SignedIn) -> None:
    number = submitted(signed_in("requester"))
    viewer, owner = signed_in("viewer"), signed_in("owner")
    assert viewer.post(f"requests/{number}/approve", {"revision": 1}).status == 403

    given = owner.post("delegations", GIVEN)
    assert given.status == 201
    assert given.body["roles"] == ["owner:payments"]
    assert given.body["giver"]["username"] == "owner"
    mine = viewer.get("delegations?mine=true&standing=true").body["results"]
    assert [one["id"] for one in mine] == [given.body["id"]]
    assert signed_in("outsider").get("delegations?mine=true").body["results"] == []

    assert [r["id"] for r in viewer.get("requests?needs_me=true").body["results"]] == [number]
    page = viewer.post(f"requests/{number}/approve", {"revision": 1}).body
    assert [one["by"] for one in page["agreements"]] == ["Viewer for Owner"]
    event = Event.objects.get(action="request.reviewed")
    assert (event.actor_name, event.data["for"]) == ("viewer", "owner")

    other = submitted(signed_in("requester"), "lion")
    taken = owner.post(f"delegations/{given.body['id']}/revoke")
    assert (taken.status, taken.body["revoked_by_name"]) == (200, "owner")
    assert viewer.post(f"requests/{other}/approve", {"revision": 1}).status == 403
    assert viewer.get("requests?needs_me=true").body["results"] == []
    assert viewer.get("delegations?standing=true").body["results"] == []


def test_what_the_api_refuses(signed_in: SignedIn, cast: Cast) -> None:
    owner, outsider = signed_in("owner"), signed_in("outsider")
    for change, status in (
        ({"roles": ["platform"]}, 403),
        ({"roles": ["owner:outside"]}, 403),
        ({"roles": ["second:payments"]}, 403),
        ({"to": "ghost"}, 422),
        ({"to": "owner"}, 422),
        ({"ends": "soon"}, 422),
        ({"ends": "400 d"}, 422),
        ({"zone": "Nowhere"}, 422),
        ({"reason": ""}, 400),
        ({"giver": "platform"}, 400),
    ):
        answer = owner.post("delegations", GIVEN | change)
        assert answer.status == status, (change, answer.body)
    for stranger in (signed_in("viewer"), program("api:write"), signed_in("auditor")):
        assert stranger.post("delegations", GIVEN).status == 403
    assert not Delegation.objects.exists()
    number = owner.post("delegations", GIVEN).body["id"]
    assert outsider.get(f"delegations/{number}").status == 200
    for stranger in (outsider, signed_in("requester"), program("api:write")):
        assert stranger.post(f"delegations/{number}/revoke").status == 403
    assert signed_in("platform").post(f"delegations/{number}/revoke").status == 200
    assert owner.post(f"delegations/{number}/revoke").status == 409
    assert owner.get("delegations/987654").status == 404


def test_the_page_hands_over_and_takes_back(cast: Cast) -> None:
    owner = person(cast.owner).client
    page = owner.get("/account/delegations/").content.decode()
    assert "an approver or owner of payments" in page
    typed = {**GIVEN, "roles": ["owner:payments"], "zone": "Europe/Berlin", "begins": ""}
    wrong = owner.post("/account/delegations/", typed | {"reason": "<b>", "ends": "soon"})
    assert wrong.status_code == 422
    assert "no day and no length" in wrong.content.decode()
    assert "<b>" not in wrong.content.decode()

    assert owner.post("/account/delegations/", typed).status_code == 302
    viewer = person(cast.viewer).client
    assert "you for Owner" in viewer.get("/account/delegations/").content.decode()
    assert "You stand in for Owner" in viewer.get("/account/").content.decode()
    assert "You stand in for Owner" in viewer.get("/inbox/").content.decode()

    number = submitted(person(cast.requester))
    there = viewer.get(f"/requests/{number}/").content.decode()
    assert "You are asked as an approver or owner of payments, for Owner" in there
    decided = viewer.post(f"/requests/{number}/decide/", {"verdict": "approve", "revision": "1"})
    assert decided.status_code == 302
    there = viewer.get(f"/requests/{number}/").content.decode()
    assert "Viewer for Owner" in there

    given = Delegation.objects.get()
    stranger = person(cast.outsider).client
    stranger.post(f"/delegations/{given.pk}/revoke/")
    assert Delegation.objects.get().revoked_at is None
    assert owner.post(f"/delegations/{given.pk}/revoke/").status_code == 302
    assert Delegation.objects.get().revoked_at is not None
    assert "taken back" in owner.get("/account/delegations/").content.decode()


def test_who_decides_on_nothing_sees_no_form(cast: Cast) -> None:
    page = person(cast.viewer).client.get("/account/delegations/").content.decode()
    assert "nothing to hand over" in page
    assert "Hand over</button>" not in page
    assert Client().get("/account/delegations/").status_code == 302


def test_standing_in_for_many_costs_no_query_more(cast: Cast) -> None:
    for number in range(3):
        submitted(person(cast.requester), f"robot-{number}")
    client = person(cast.viewer).client

    def cost() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as inbox:
            client.get("/inbox/")
        with CaptureQueriesContext(connection) as listed:
            client.get("/account/delegations/")
        return len(inbox), len(listed)

    delegations.give(to="viewer", ends="2 d", reason="Away.", by=cast.owner)
    once = cost()
    for giver in (cast.second_owner, cast.platform, cast.steward, cast.owner, cast.outsider):
        delegations.give(to="viewer", ends="2 d", reason="Away.", by=giver)
    assert cost() == once
    assert Request.objects.count() == 3
    assert User.objects.get(username="viewer").delegations_taken.count() == 6
