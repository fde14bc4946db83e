"""Time, glass, rolling back and replacing, through the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from governance.models import Request
from governance.services import pipeline
from tests.factories import make_actor
from tests.governance.api.conftest import Caller, draft, person, program, toy

pytestmark = pytest.mark.django_db(transaction=True)
SignedIn = Callable[[str], Caller]


def tomorrow(days: int = 1) -> str:
    return (timezone.now() + timedelta(days=days)).isoformat()


def submitted(caller: Caller, **other: str) -> int:
    number = int(caller.post("requests", draft(toy("bear", **other))).body["request"]["id"])
    assert caller.post(f"requests/{number}/submit").status == 200
    return number


def test_a_freeze_is_declared_listed_and_lifted(signed_in: SignedIn) -> None:
    platform, owner = signed_in("platform"), signed_in("owner")
    body = {"ends_at": tomorrow(), "reason": "Year-end closing"}
    assert owner.post("environments/dev/freezes", body).code == "not_allowed"
    made = platform.post("environments/dev/freezes", body)
    assert (made.status, made.body["reason"]) == (201, "Year-end closing")
    assert [f["id"] for f in owner.get("environments/dev/freezes").body["results"]] == [
        made.body["id"]
    ]
    number = submitted(signed_in("requester"))
    said = owner.get(f"requests/{number}").body["waits"]
    assert said["until"] == made.body["ends_at"]
    assert said["why"].endswith("Year-end closing.")
    owner.post(f"requests/{number}/approve", {"revision": 1})
    pipeline.advance(number)
    found = owner.get(f"requests/{number}").body["request"]
    assert (found["state"], found["scheduled_for"]) == ("scheduled", made.body["ends_at"])
    assert platform.post(f"freezes/{made.body['id']}/lift").status == 200
    assert platform.post(f"freezes/{made.body['id']}/lift").status == 409
    pipeline.advance(number)
    assert owner.get(f"requests/{number}").body["request"]["state"] == "applied"
    for path in ("environments/nowhere/freezes", "freezes/999/lift"):
        assert platform.post(path, body if "nowhere" in path else None).status == 404


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"reason": "x"}, "ends_at"),
        ({"ends_at": "tomorrow", "reason": "x"}, "ends_at"),
        ({"ends_at": "2020-01-01T00:00:00Z", "reason": "x"}, "ends_at"),
        ({"ends_at": "2099-01-01T00:00:00Z", "reason": "x"}, "ends_at"),
        ({"ends_at": "2099-01-01T00:00:00Z", "reason": ""}, "reason"),
        ({"ends_at": "2099-01-01T00:00:00Z", "reason": "x", "other": 1}, "other"),
    ],
)
def test_a_freeze_that_cannot_be_is_refused_by_its_field(
    signed_in: SignedIn, body: dict[str, object], path: str
) -> None:
    answer = signed_in("platform").post("environments/dev/freezes", body)
    assert answer.status in {400, 422}
    assert path in str(answer.body)


def test_windows_are_part_of_an_environment(signed_in: SignedIn) -> None:
    platform = signed_in("platform")
    rules = {"name": "Dev", "change_windows": ["mon-thu 9:00-16:00"]}
    assert platform.put("environments/dev", rules).body["change_windows"] == ["Mon–Thu 09:00–16:00"]
    wrong = platform.put("environments/dev", {"name": "Dev", "change_windows": ["always"]})
    assert wrong.status in {400, 422}
    assert "is no change window" in str(wrong.body)


def test_not_before_is_set_and_taken_away(signed_in: SignedIn) -> None:
    requester, at = signed_in("requester"), tomorrow(3)
    number = submitted(requester)
    ci = program("api:write")
    for caller, wanted in ((requester, at), (ci, tomorrow(4)), (requester, None)):
        answer = caller.post(f"requests/{number}/not-before", {"not_before": wanted})
        assert answer.status == 200
        assert bool(answer.body["request"]["not_before"]) is bool(wanted)
    assert requester.post(f"requests/{number}/not-before", {}).status in {400, 422}
    past = requester.post(f"requests/{number}/not-before", {"not_before": tomorrow(-1)})
    assert past.status in {400, 422}
    assert (
        signed_in("outsider").post(f"requests/{number}/not-before", {"not_before": at}).code
        == "not_allowed"
    )


def test_the_glass_is_broken_once_and_looked_at_by_another(signed_in: SignedIn) -> None:
    number = submitted(signed_in("requester"))
    platform, second = signed_in("platform"), person(make_actor("pat", org=("platform",)))
    body = {"reason": "Payments stand still.", "revision": 1}
    assert program("api:write").post(f"requests/{number}/break-glass", body).status == 403
    done = platform.post(f"requests/{number}/break-glass", body)
    assert done.status == 200
    assert done.body["request"]["break_glass"] is True
    assert platform.post(f"requests/{number}/break-glass", body).status == 409
    (row,) = second.get("broken-glass").body["results"]
    assert (row["request"], row["verdict"]) == (number, "")
    assert signed_in("owner").get("broken-glass").body["results"] == []
    look = f"broken-glass/{row['id']}/look"
    assert platform.post(look, {"verdict": "confirmed"}).status == 403
    assert second.post(look, {"verdict": "objected"}).status in {400, 422}
    assert second.post(look, {"verdict": "confirmed"}).body["verdict"] == "confirmed"
    assert second.post(look, {"verdict": "confirmed"}).status == 409
    assert second.get("broken-glass").body["results"] == []
    assert second.post("broken-glass/999/look", {"verdict": "confirmed"}).status == 404


def test_a_request_is_replaced_and_both_say_so(signed_in: SignedIn) -> None:
    requester = signed_in("requester")
    number = submitted(requester)
    made = requester.post(f"requests/{number}/replace")
    new = made.body["request"]["id"]
    assert (made.status, made.body["request"]["replaces"]) == (201, number)
    assert requester.post(f"requests/{new}/submit").status == 200
    old = requester.get(f"requests/{number}").body["request"]
    assert (old["state"], old["superseded_by"]) == ("superseded", new)
    assert requester.post(f"requests/{number}/replace").status == 409


def test_what_was_applied_is_rolled_back_by_a_draft(signed_in: SignedIn) -> None:
    requester, owner = signed_in("requester"), signed_in("owner")
    numbers = []
    for colour, operation in (("red", "create"), ("blue", "paint")):
        item = toy("bear", colour) | {"operation": operation}
        number = requester.post("requests", draft(item)).body["request"]["id"]
        requester.post(f"requests/{number}/submit")
        owner.post(f"requests/{number}/approve", {"revision": 1})
        pipeline.advance(number)
        numbers.append(number)
    first, second = numbers
    assert owner.get(f"requests/{second}").body["can"]["roll_back"] is True
    outlook = requester.get(f"requests/{second}/roll-back").body
    assert [(r["name"], r["after"]) for r in outlook["restored"]] == [("bear", {"colour": "red"})]
    assert outlook["kept"] == []
    made = requester.post(f"requests/{second}/roll-back")
    assert made.status == 201
    assert f"#{second}" in made.body["request"]["reason"]
    refused = requester.post(f"requests/{first}/roll-back")
    assert refused.code == "refused"
    assert Request.objects.count() == 3
