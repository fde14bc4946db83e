"""People and environments through the API, as their pages do it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.test import Client

from governance.models import Event, User
from tests.factories import DAY_MS, Cast
from tests.governance.api.conftest import Caller, program

SignedIn = Callable[[str], Caller]
GOOD = "correct horse battery"
BETTER = "staple of another colour"


def test_an_environment_is_made_and_changed(signed_in: SignedIn) -> None:
    platform = signed_in("platform")
    body = {"slug": "staging", "name": "Staging", "retention_limit": "30 d", "position": 1}
    made = platform.post("environments", body)
    assert (made.status, made.body["retention_limit_ms"]) == (201, 30 * DAY_MS)
    assert (made.body["registry_context"], made.body["max_partitions"]) == (".", None)
    taken = platform.post("environments", body)
    assert (taken.status, taken.code) == (409, "taken")

    values = {"name": "Staging", "time_zone": "Europe/Berlin", "max_partitions": 12}
    changed = platform.put("environments/staging", values)
    assert (changed.status, changed.body["retention_limit_ms"]) == (200, None)
    assert changed.body["time_zone"] == "Europe/Berlin"
    slugs = [e["slug"] for e in signed_in("viewer").get("environments").body["results"]]
    assert slugs == ["dev", "staging"]
    assert platform.put("environments/nowhere", values).code == "not_found"
    slug = platform.put("environments/staging", {**values, "slug": "other"})
    assert slug.body["problems"][0]["path"] == "slug"
    for field, value in (("time_zone", "Mars"), ("retention_limit", "1 month"), ("colour", "pink")):
        wrong = platform.put("environments/staging", {**values, field: value})
        assert wrong.body["problems"][0]["path"] == field, wrong.body


def test_a_data_class_has_a_limit_of_its_own(signed_in: SignedIn) -> None:
    platform = signed_in("platform")
    body = {"name": "Staging", "retention_limits": {"personal": "7 d", "none": "unlimited"}}
    made = platform.post("environments", {"slug": "staging", **body})
    limits = {"personal": 7 * DAY_MS, "none": -1}
    assert (made.status, made.body["retention_limits_ms"]) == (201, limits)
    told = Event.objects.filter(action="environment.created").latest("pk")
    assert told.data["after"]["retention_limits_ms"] == limits
    for wrong in ({"secret": "7 d"}, {"personal": "1 month"}, {"personal": "0"}, "7 d"):
        answer = platform.put("environments/staging", {**body, "retention_limits": wrong})
        assert answer.status in (400, 422), answer.body
        assert answer.body["problems"][0]["path"].startswith("retention_limits")
    assert platform.put("environments/staging", {"name": "S"}).body["retention_limits_ms"] == {}
    assert signed_in("viewer").put("environments/staging", body).status == 403


def test_an_account_is_made_changed_and_switched(signed_in: SignedIn) -> None:
    platform = signed_in("platform")
    body = {
        "username": "priya",
        "name": "Priya Nair",
        "email": "priya@example.com",
        "password": GOOD,
        "org_roles": ["steward"],
    }
    made = platform.post("people", body)
    assert (made.status, made.body["org_roles"], made.body["has_password"]) == (
        201,
        ["steward"],
        True,
    )
    assert GOOD not in str(made.body)
    assert platform.post("people", body).code == "taken"
    weak = platform.post("people", {"username": "weak", "password": "short"})
    assert weak.body["problems"][0]["path"] == "password"

    changed = platform.put("people/priya", {"name": "Priya", "email": ""})
    assert (changed.body["name"], changed.body["email"]) == ("Priya", "")
    priya = Client()
    assert priya.login(username="priya", password=GOOD)
    assert platform.post("people/priya/deactivate").body["active"] is False
    assert priya.get("/api/v1/me").status_code == 401
    assert platform.post("people/priya/activate").body["active"] is True
    assert priya.get("/api/v1/me").status_code == 401
    assert platform.post("people/platform/deactivate").code == "conflict"
    assert platform.post("people/ghost/deactivate").code == "not_found"


def test_the_same_key_makes_one_person(signed_in: SignedIn) -> None:
    platform = signed_in("platform")
    for _ in range(2):
        made = platform.post("people", {"username": "once"}, Idempotency_Key="k-1")
        assert (made.status, made.body["has_password"]) == (201, False)
    assert Event.objects.filter(action="person.created", object_name="once").count() == 1


def test_people_are_listed_searched_and_paged(cast: Cast, signed_in: SignedIn) -> None:
    auditor = signed_in("auditor")
    names = []
    page = auditor.get("people?limit=3")
    while True:
        names += [row["username"] for row in page.body["results"]]
        if page.body["next"] is None:
            break
        split = urlsplit(page.body["next"])
        page = auditor.get(f"{split.path}?{split.query}")
    assert names == sorted(User.objects.values_list("username", flat=True))
    owners = auditor.get("people?q=OWNER").body["results"]
    assert [row["username"] for row in owners] == ["owner", "second-owner"]
    assert owners[0]["teams"] == {"payments": ["owner"]}
    assert auditor.get("people?active=false").body["results"] == []


def test_passwords_are_set_and_changed(signed_in: SignedIn) -> None:
    platform, viewer = signed_in("platform"), signed_in("viewer")
    assert platform.put("people/viewer/password", {"password": GOOD}).status == 204
    assert viewer.get("me").status == 401
    assert platform.put("people/platform/password", {"password": GOOD}).code == "conflict"

    viewer = Caller()
    other = Caller()
    for caller in (viewer, other):
        assert caller.client.login(username="viewer", password=GOOD)
    wrong = viewer.put("me/password", {"old": "no", "new": BETTER})
    assert wrong.body["problems"][0]["path"] == "old"
    assert viewer.put("me/password", {"old": GOOD, "new": BETTER}).status == 204
    assert viewer.get("me").status == 200  # the session that asked goes on
    assert other.get("me").status == 401
    assert program("api:write").put("me/password", {"old": GOOD, "new": BETTER}).status == 403
