"""Teams, policies, tokens and the audit through the API, as their pages do it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from governance.models import Membership
from governance.sealer import seal
from tests.factories import Cast
from tests.governance.api.conftest import Caller, draft, program

SignedIn = Callable[[str], Caller]
RULE = {
    "kind": "toy",
    "owner": "platform",
    "severity": "deny",
    "expression": 'item.name != "bomb"',
    "message": "Bombs are no toys.",
    "way_out": "Ask for something else.",
    "path": "name",
}


def test_me_says_who_calls(cast: Cast, signed_in: SignedIn) -> None:
    me = signed_in("owner").get("me").body
    assert (me["kind"], me["name"], me["teams"]) == ("user", "owner", {"payments": ["owner"]})
    assert me["scopes"] is None
    me = program("api:write", context=".prod").get("me").body
    assert (me["kind"], me["scopes"], me["context"]) == ("token", ["api:write"], ".prod")


def test_a_team_is_made_and_gets_its_people(signed_in: SignedIn) -> None:
    platform = signed_in("platform")
    made = platform.post("teams", {"slug": "billing", "name": "Billing", "on_call": "#billing"})
    assert (made.status, made.body["team"]["on_call"]) == (201, "#billing")
    taken = platform.post("teams", {"slug": "billing", "name": "Billing"})
    assert (taken.status, taken.code) == (409, "taken")
    assert taken.body["title"] == "The name is taken"

    add = {"username": "outsider", "role": "owner"}
    page = platform.post("teams/billing/members", add)
    assert (page.status, page.body["members"][0]["person"]["username"]) == (201, "outsider")
    last = platform.delete("teams/billing/members/outsider/owner")
    assert (last.status, last.code) == (409, "conflict")
    assert last.body["title"] == "Not as things stand"
    platform.post("teams/billing/members", {"username": "owner", "role": "owner"})
    assert platform.delete("teams/billing/members/outsider/owner").status == 204
    assert platform.delete("teams/billing/members/outsider/owner").code == "not_found"
    assert Membership.objects.filter(team__slug="billing").count() == 1
    unknown = platform.post("teams/billing/members", {"username": "x", "role": "boss"})
    assert (unknown.status, unknown.body["problems"][0]["path"]) == (400, "role")


def test_an_application_acts_for_a_team(signed_in: SignedIn) -> None:
    owner = signed_in("owner")
    till = {"name": "till", "principal": "User:till", "prefixes": ["payments."]}
    made = owner.post("teams/payments/applications", till)
    assert (made.status, made.body["prefixes"]) == (201, ["payments."])
    other = owner.post(
        "teams/payments/applications",
        {"name": "shop", "principal": "User:shop", "prefixes": ["payments.shop."]},
    )
    assert (other.status, other.code) == (409, "taken")
    wrong = owner.post("teams/payments/applications", {"name": "a", "principal": "till"})
    assert wrong.body["problems"][0]["path"] == "principal"
    page = owner.get("teams/payments").body
    assert [a["name"] for a in page["applications"]] == ["till"]
    assert page["team"]["applications"] == 1


def test_roles_of_the_installation_are_set_whole(signed_in: SignedIn) -> None:
    platform = signed_in("platform")
    answer = platform.put("people/viewer/roles", {"roles": ["steward", "auditor"]})
    assert answer.body == {
        "person": {"username": "viewer", "name": "Viewer"},
        "roles": ["auditor", "steward"],
    }
    assert platform.put("people/platform/roles", {"roles": []}).code == "conflict"
    assert platform.put("people/viewer/roles", {"roles": ["king"]}).code == "invalid"


def test_a_policy_is_written_activated_and_switched_off(signed_in: SignedIn) -> None:
    platform, requester = signed_in("platform"), signed_in("requester")
    first = platform.post("policies/no-bombs/versions", RULE | {"activate": True})
    assert (first.status, first.body["policy"]["in_force"]) == (201, 1)
    bomb = draft() | {"items": [draft()["items"][0] | {"name": "bomb"}]}
    number = requester.post("requests", bomb).body["request"]["id"]
    refused = requester.post(f"requests/{number}/submit")
    assert refused.body["problems"][0]["rule"] == "no-bombs v1"

    second = platform.post("policies/no-bombs/versions", RULE | {"severity": "warn"})
    assert [v["version"] for v in second.body["versions"]] == [2, 1]
    assert second.body["policy"]["in_force"] == 1
    moved = platform.post("policies/no-bombs/activate", {"version": 2})
    assert moved.body["policy"]["in_force"] == 2
    assert platform.post("policies/no-bombs/activate", {"version": 9}).code == "not_found"
    off = platform.post("policies/no-bombs/deactivate", {"reason": "Too strict."})
    assert off.body["policy"]["in_force"] is None
    assert platform.post("policies/no-bombs/deactivate", {}).code == "bad_values"


def test_a_policy_that_cannot_be_read_is_refused_field_by_field(signed_in: SignedIn) -> None:
    wrong = RULE | {"expression": "item.name !=", "scope": {"planet": "mars"}}
    answer = signed_in("platform").post("policies/odd/versions", wrong)
    assert (answer.status, answer.code) == (422, "refused")
    assert {p["path"].partition(".")[0] for p in answer.body["problems"]} >= {"expression", "scope"}


def test_a_token_is_shown_once_works_and_ends(signed_in: SignedIn) -> None:
    owner = signed_in("owner")
    ends = (timezone.now() + timedelta(days=30)).isoformat()
    issued = owner.post(
        "tokens",
        {"name": "ci", "team": "payments", "scopes": ["api:read"], "expires_at": ends},
    )
    assert (issued.status, issued.headers["cache-control"]) == (201, "no-store")
    caller = Caller(headers={"Authorization": f"Bearer {issued.body['secret']}"})
    assert caller.get("me").body["name"] == "payments/ci"
    number = issued.body["token"]["id"]
    shown = owner.get(f"tokens/{number}").body
    assert shown["works"] is True
    assert shown["last_used_at"] is not None
    assert "secret" not in shown
    assert owner.post(f"tokens/{number}/revoke").body["works"] is False
    assert caller.get("me").code == "bad_token"
    past = {"name": "x", "team": "payments", "scopes": ["api:read"], "expires_at": "soon"}
    assert owner.post("tokens", past).code == "bad_values"
    past["expires_at"] = "2020-01-01T00:00:00Z"
    assert owner.post("tokens", past).body["problems"][0]["path"] == "expires_at"
    none = owner.post("tokens", {"name": "x", "team": "payments", "scopes": []})
    assert none.body["problems"][0]["path"] == "scopes"


def test_a_token_bears_no_token(cast: Cast) -> None:
    body = {"name": "child", "team": "payments", "scopes": ["api:write"]}
    assert program("api:write").post("tokens", body).status == 403


def test_the_audit_tells_what_happened_and_where_it_is_sealed(signed_in: SignedIn) -> None:
    requester, auditor = signed_in("requester"), signed_in("auditor")
    answer = requester.post("requests", draft(), X_Request_ID="from-the-page")
    number = answer.body["request"]["id"]
    found = auditor.get(f"audit/events?request={number}").body["results"]
    assert [(e["action"], e["actor_name"], e["request_uid"], e["seal"]) for e in found] == [
        ("request.created", "requester", "from-the-page", None)
    ]
    by_uid = auditor.get("audit/events?request_uid=from-the-page").body["results"]
    assert by_uid == found
    assert auditor.get("audit/events?action=request.created&actor=owner").body["results"] == []
    assert auditor.get("audit/events?q=request.cr").body["results"] == found
    later = (timezone.now() + timedelta(hours=1)).isoformat().replace("+", "%2B")
    assert auditor.get(f"audit/events?since={later}").body["results"] == []
    assert auditor.get("audit/events?since=yesterday").code == "bad_values"
    seal()
    for row in auditor.get("audit/seals").body["results"]:
        assert len(row["root"]) == 64
