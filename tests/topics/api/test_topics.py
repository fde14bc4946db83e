"""Topics, drift and clusters through the API, on an estate with something of everything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.models import Request, User
from tests.browser.estate import Estate, make_estate
from tests.governance.api.conftest import Caller
from tests.topics.estate import get_ahead, make_cluster, make_seen, make_topic
from topics.models import Cluster, Drift


@pytest.fixture
def estate(db: None) -> Estate:
    return make_estate()


@pytest.fixture
def as_user(estate: Estate) -> Callable[[str], Caller]:
    """Somebody of the demo estate, signed in."""

    def caller(username: str) -> Caller:
        found = Caller()
        found.client.force_login(User.objects.get(username=username))
        return found

    return caller


AsUser = Callable[[str], Caller]


def names(caller: Caller, query: str = "") -> list[str]:
    answer = caller.get(f"topics{query}")
    assert answer.status == 200, answer.body
    return [row["name"] for row in answer.body["results"]]


def test_topics_are_searched_and_sorted(as_user: AsUser, estate: Estate) -> None:
    caller = as_user("priya")
    everything = names(caller)
    assert everything == sorted(everything)
    assert estate.topic in everything
    assert names(caller, "?sort=-name") == everything[::-1]
    assert names(caller, "?q=captured") == [estate.topic]
    assert names(caller, "?q=drift:yes") == [estate.topic]
    assert estate.topic not in names(caller, "?q=drift:no")
    assert names(caller, "?q=owner:nobody") == []
    for sort in ("partitions", "-partitions", "updated", "-updated", "owner", "-owner"):
        first = caller.get(f"topics?sort={sort}&limit=1").body
        rest = caller.get(first["next"].partition("testserver")[2] + "&limit=200").body
        seen = [r["name"] for r in first["results"] + rest["results"]]
        assert sorted(seen) == everything, sort


def test_a_topic_tells_declared_observed_and_source(as_user: AsUser, estate: Estate) -> None:
    page = as_user("priya").get(f"topics/{estate.cluster}/{estate.topic}").body
    assert (page["managed"], page["owner"]) == (True, "payments")
    keys = {row["path"]: row for row in page["keys"]}
    assert keys["partitions"]["declared"] == keys["partitions"]["observed"]
    assert {d["key"] for d in page["drifts"]} == {
        "configs.max.message.bytes",
        "configs.retention.ms",
    }
    other = as_user("priya").get(f"topics/{estate.cluster}/{estate.unmanaged}").body
    assert (other["managed"], other["owner"], other["generation"]) == (False, None, None)
    unmanaged = as_user("priya").get("topics/unmanaged").body["results"]
    assert [row["name"] for row in unmanaged] == [estate.unmanaged]


def test_drift_is_listed_and_decided(as_user: AsUser, estate: Estate) -> None:
    owner, requester = as_user(_owner()), as_user("priya")
    rows = owner.get("drift?state=open").body["results"]
    by_key = {row["key"]: row["id"] for row in rows}
    ignored, reverted = by_key["configs.max.message.bytes"], by_key["configs.retention.ms"]
    until = (timezone.now() + timedelta(days=7)).isoformat()
    assert requester.post(f"drift/{reverted}/revert").status == 403
    answer = owner.post(f"drift/{ignored}/ignore", {"reason": "A test.", "until": until})
    assert (answer.status, answer.body["state"]) == (200, "ignored")
    answer = owner.post(f"drift/{reverted}/revert", {"reason": "As declared."})
    assert (answer.status, answer.body["state"]) == (202, "reverting")
    assert owner.post(f"drift/{reverted}/revert").code == "overtaken"
    assert owner.get(f"drift/{reverted}").body["decided_by"]["username"] == _owner()
    ended = owner.post(f"drift/{ignored}/ignore", {"reason": "x", "until": "2020-01-01T00:00:00Z"})
    assert (ended.status, ended.body["problems"][0]["path"]) == (422, "until")
    assert [r["id"] for r in owner.get("drift?state=reverting").body["results"]] == [reverted]


def test_accepting_drift_is_a_request(as_user: AsUser, estate: Estate) -> None:
    row = Drift.objects.get(key="configs.retention.ms", state="open")
    answer = as_user("priya").post(
        f"drift/{row.pk}/accept", {"reason": "Right."}, Idempotency_Key="a"
    )
    assert answer.status == 201, answer.body
    made = Request.objects.get(pk=answer.body["request"])
    assert made.items.get().after["configs"]["retention.ms"] == "86400000"
    again = as_user("priya").post(
        f"drift/{row.pk}/accept", {"reason": "Right."}, Idempotency_Key="a"
    )
    assert again.body == answer.body


def test_clusters_show_no_secret(as_user: AsUser, estate: Estate) -> None:
    platform = as_user(_platform())
    body: dict[str, Any] = {
        "slug": "fresh",
        "name": "New",
        "environment": "development",
        "bootstrap": "127.0.0.1:1",
        "security": {
            "protocol": "SASL_PLAINTEXT",
            "mechanism": "SCRAM-SHA-512",
            "username": "weir",
        },
        "password": "hunter2-hunter2",
    }
    made = platform.post("clusters", body, Idempotency_Key="c")
    assert made.status == 201, made.body
    assert made.body["cluster"]["has_password"] is True
    stored = Cluster.objects.get(slug="fresh").password_ref
    for answer in (made, platform.get("clusters"), platform.get("clusters/fresh")):
        assert "hunter2" not in str(answer.body)
        assert stored not in str(answer.body)
    assert platform.post("clusters", body).code == "taken"
    body.pop("slug")
    body["password"] = None
    changed = platform.put("clusters/fresh", body | {"region": "north"})
    assert (changed.status, changed.body["cluster"]["region"]) == (200, "north")
    assert Cluster.objects.get(slug="fresh").password_ref == stored
    assert as_user("priya").put("clusters/fresh", body).status == 403
    wrong = platform.put("clusters/fresh", body | {"bootstrap": "nowhere"})
    assert (wrong.status, wrong.body["problems"][0]["path"]) == (422, "bootstrap")


def test_a_test_of_a_cluster_is_a_job(as_user: AsUser, estate: Estate) -> None:
    answer = as_user(_platform()).post(f"clusters/{estate.cluster}/test")
    assert (answer.status, answer.body["cluster"]) == (202, estate.cluster)
    assert as_user("priya").post("clusters/no-such/test").code == "not_found"


def _owner() -> str:
    return User.objects.filter(memberships__role="owner", memberships__team__slug="payments")[
        0
    ].username


def _platform() -> str:
    return User.objects.filter(org_roles__role="platform")[0].username


def test_what_is_declared_and_not_applied_is_told(as_user: AsUser) -> None:
    cluster = make_cluster("far")
    row = make_topic(cluster, "t", team="payments")
    make_seen(cluster, "t")
    caller = as_user("priya")
    assert caller.get("topics/far/t").body["behind"] is None
    get_ahead(row, segment_ms="5")
    behind = caller.get("topics/far/t").body["behind"]
    assert behind == {
        "paths": ["configs.segment.ms"],
        "request": None,
        "under_way": False,
        "why": "",
    }
