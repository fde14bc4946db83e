"""Requests through the API: from a draft to a decision, seen by those who may and may not."""

from __future__ import annotations

from collections.abc import Callable

from governance.models import Comment, Item, Request
from tests.factories import Cast, make_policy
from tests.governance.api.conftest import Caller, draft, program, toy

SignedIn = Callable[[str], Caller]


def made(caller: Caller, *names: str) -> int:
    items = [toy(name) for name in names] or [toy()]
    answer = caller.post("requests", draft(*items))
    assert answer.status == 201, answer.body
    return int(answer.body["request"]["id"])


def in_review(caller: Caller) -> int:
    number = made(caller)
    answer = caller.post(f"requests/{number}/submit")
    assert (answer.status, answer.body["request"]["state"]) == (200, "in_review")
    return number


def test_a_request_goes_from_draft_to_approved(signed_in: SignedIn) -> None:
    requester, owner = signed_in("requester"), signed_in("owner")
    number = in_review(requester)

    page = owner.get(f"requests/{number}")
    assert page.headers["etag"] == '"revision-1"'
    assert page.body["can"]["approve"] is True
    assert page.body["agreements"][0]["role"] == "owner:payments"
    assert page.body["items"][0]["item"]["after"] == {"colour": "red"}
    assert page.body["items"][0]["rows"][0]["requested"] == "red"
    assert {"who", "sentence", "at", "body", "kind"} == page.body["timeline"][0].keys()

    own = requester.post(f"requests/{number}/approve", {"revision": 1})
    assert (own.status, own.code) == (403, "not_allowed")
    assert "somebody else" in own.body["detail"]
    answer = owner.post(f"requests/{number}/approve", {"revision": 1, "comment": "Fine."})
    assert (answer.status, answer.body["request"]["state"]) == (200, "approved")
    again = owner.post(f"requests/{number}/approve", {"revision": 1})
    assert (again.status, again.code) == (409, "conflict")


def test_a_decision_names_the_revision_that_was_seen(signed_in: SignedIn) -> None:
    requester, owner = signed_in("requester"), signed_in("owner")
    number = in_review(requester)
    blind = owner.post(f"requests/{number}/approve")
    assert (blind.status, blind.code) == (428, "revision_required")

    edited = requester.put(
        f"requests/{number}", {"items": [toy(colour="blue")]}, If_Match='"revision-1"'
    )
    assert (edited.status, edited.headers["etag"]) == (200, '"revision-2"')
    assert requester.post(f"requests/{number}/submit").status == 200

    late = owner.post(f"requests/{number}/approve", {"revision": 1})
    assert (late.status, late.code, late.body["revision"]) == (409, "stale", 2)
    late = owner.post(f"requests/{number}/approve", If_Match='"revision-1"')
    assert (late.status, late.code, late.body["revision"]) == (412, "revision_passed", 2)
    both = owner.post(f"requests/{number}/approve", {"revision": 1}, If_Match='"revision-2"')
    assert (both.status, both.code) == (400, "bad_header")
    odd = owner.post(f"requests/{number}/approve", If_Match="*")
    assert (odd.status, odd.code) == (400, "bad_header")
    assert owner.post(f"requests/{number}/approve", If_Match='"revision-2"').status == 200


def test_two_editors_do_not_overwrite_each_other(signed_in: SignedIn) -> None:
    requester, owner = signed_in("requester"), signed_in("owner")
    number = made(requester)
    assert owner.put(f"requests/{number}", {"revision": 1, "items": [toy("car")]}).status == 200
    second = requester.put(f"requests/{number}", {"revision": 1, "items": [toy("boat")]})
    assert (second.status, second.code) == (409, "stale")
    assert Item.objects.get(request=number).name == "car"


def test_changes_are_asked_for_and_requests_declined_with_a_reason(signed_in: SignedIn) -> None:
    requester, owner = signed_in("requester"), signed_in("owner")
    number = in_review(requester)
    mute = owner.post(f"requests/{number}/request-changes", {"revision": 1})
    assert (mute.status, mute.code) == (422, "invalid")
    assert mute.body["problems"][0]["path"] == "comment"
    answer = owner.post(
        f"requests/{number}/request-changes", {"revision": 1, "comment": "Blue, please."}
    )
    assert answer.body["request"]["state"] == "changes_requested"
    assert requester.post(f"requests/{number}/submit").status == 200
    answer = owner.post(f"requests/{number}/decline", {"revision": 1, "comment": "No toys."})
    assert answer.body["request"]["state"] == "declined"


def test_what_cannot_be_read_is_told_value_by_value(signed_in: SignedIn) -> None:
    wrong = [toy(colour="pink"), toy("car", "mauve"), {**toy("boat"), "place": "nowhere"}]
    answer = signed_in("requester").post("requests", draft(*wrong))
    assert (answer.status, answer.code) == (422, "refused")
    assert [(p["position"], p["path"]) for p in answer.body["problems"]] == [
        (0, "colour"),
        (1, "colour"),
        (2, "place"),
    ]
    assert all(p["message"] and p["way_out"] for p in answer.body["problems"])
    assert not Request.objects.exists()


def test_a_rule_that_objects_refuses_the_submit_and_keeps_the_draft(signed_in: SignedIn) -> None:
    make_policy("no-toys", expression="false", path="colour", message="No toys here.")
    requester = signed_in("requester")
    number = made(requester)
    answer = requester.post(f"requests/{number}/submit")
    assert (answer.status, answer.code, answer.body["request"]) == (422, "refused", number)
    assert answer.body["problems"] == [
        {
            "path": "colour",
            "message": "No toys here.",
            "way_out": "Do it another way.",
            "position": 0,
            "rule": "no-toys v1",
        }
    ]
    page = requester.get(f"requests/{number}").body
    assert page["request"]["state"] == "draft"
    assert page["findings"][0]["policy"] == "no-toys"


def test_a_preview_says_what_a_submit_would_and_stores_nothing(signed_in: SignedIn) -> None:
    make_policy("mind-colour", expression="false", severity="warn")
    requester, outsider = signed_in("requester"), signed_in("outsider")
    answer = requester.post("requests/preview", draft(toy(), toy("car", "pink")))
    assert answer.status == 200
    assert [i["name"] for i in answer.body["items"]] == ["robot"]
    assert answer.body["items"][0]["findings"][0]["policy"] == "mind-colour"
    assert answer.body["needs"][0]["role"] == "owner:payments"
    assert answer.body["problems"][0]["position"] == 1
    assert answer.body["steps"]
    assert not Request.objects.exists()
    assert outsider.post("requests/preview", draft()).status == 403
    assert requester.post("requests/preview", draft() | {"items": []}).status == 200


def test_what_was_withdrawn_is_asked_for_again(signed_in: SignedIn) -> None:
    requester, viewer = signed_in("requester"), signed_in("viewer")
    number = made(requester, "bear")
    assert requester.post(f"requests/{number}/again").code == "conflict"
    requester.post(f"requests/{number}/withdraw")
    assert requester.get(f"requests/{number}").body["can"]["ask_again"] is True
    assert viewer.get(f"requests/{number}").body["can"]["ask_again"] is False
    assert viewer.post(f"requests/{number}/again").status == 403
    again = requester.post(f"requests/{number}/again")
    assert (again.status, again.body["request"]["state"]) == (201, "draft")
    assert again.body["request"]["id"] != number
    items = requester.get(f"requests/{again.body['request']['id']}/items").body["results"]
    assert [item["name"] for item in items] == ["bear"]


def test_withdraw_comment_and_retry(signed_in: SignedIn) -> None:
    requester, viewer = signed_in("requester"), signed_in("viewer")
    number = made(requester)
    assert viewer.post(f"requests/{number}/withdraw").status == 403
    said = viewer.post(f"requests/{number}/comments", {"body": "Why?"})
    assert (said.status, said.body["author"]["username"]) == (201, "viewer")
    assert Comment.objects.get().body == "Why?"
    assert viewer.post(f"requests/{number}/comments", {"body": "  "}).status == 400
    assert requester.post(f"requests/{number}/retry").code == "conflict"
    assert requester.post(f"requests/{number}/withdraw").body["request"]["state"] == "withdrawn"
    assert requester.post(f"requests/{number}/withdraw").code == "conflict"


def test_the_list_is_narrowed(signed_in: SignedIn) -> None:
    requester, owner, platform = signed_in("requester"), signed_in("owner"), signed_in("platform")
    number = in_review(requester)
    other = made(owner, "train")

    def listed(caller: Caller, query: str = "") -> list[int]:
        answer = caller.get(f"requests?{query}")
        assert answer.status == 200, answer.body
        return [r["id"] for r in answer.body["results"]]

    assert listed(requester) == [other, number]
    assert listed(requester, "mine=true") == [number]
    assert listed(owner, "needs_me=true") == [number]
    assert listed(requester, "needs_me=true") == []
    assert listed(platform, "state=in_review") == [number]
    assert listed(platform, "state=in_review&state=draft") == [other, number]
    assert listed(requester, "q=train") == [other]
    assert listed(requester, f"q=%23{number}") == [number]
    assert listed(requester, "team=outside") == []
    assert listed(requester, "environment=dev") == [other, number]
    wrong = requester.get("requests?state=asleep")
    assert (wrong.status, wrong.code) == (400, "bad_values")


def test_all_items_are_listed_however_many(signed_in: SignedIn) -> None:
    requester = signed_in("requester")
    number = made(requester, *(f"toy-{i:03}" for i in range(120)))
    page = requester.get(f"requests/{number}").body
    assert (len(page["items"]), page["more_items"]) == (50, 70)
    first = requester.get(f"requests/{number}/items?limit=100").body
    second = requester.get(first["next"].partition("testserver")[2]).body
    positions = [i["position"] for i in first["results"] + second["results"]]
    assert positions == list(range(120))
    assert second["next"] is None


def test_a_program_asks_and_never_approves(cast: Cast, signed_in: SignedIn) -> None:
    writer, reader = program("api:write"), program("api:read")
    number = made(writer)
    assert [r["id"] for r in writer.get("requests?mine=true").body["results"]] == [number]
    assert reader.post(f"requests/{number}/submit").status == 403
    assert writer.post(f"requests/{number}/submit").status == 200
    assert writer.get("requests?needs_me=true").body["results"] == []
    answer = writer.post(f"requests/{number}/approve", {"revision": 1})
    assert (answer.status, answer.code) == (403, "not_allowed")
    assert reader.get(f"requests/{number}").status == 200
    assert signed_in("owner").post(f"requests/{number}/approve", {"revision": 1}).status == 200
