"""Longer retentions and data classes on pages and in the API: asked for, shown, and what comes."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from governance import audit
from governance.clock import database_now
from governance.models import Request, Resource, User
from governance.services import policies, requests
from governance.services.items import NewItem
from tests.factories import BY, Cast, make_cast, make_environment
from tests.topics.estate import make_cluster, make_seen, make_topic
from topics.models import Cluster, DeclaredTopic
from topics.services import fallbacks

pytestmark = pytest.mark.django_db

DAY = 86_400_000
REASON = {"kind": "audit", "text": "Audit <b>2026</b>", "ends": "90 d",
          "falls_back_to": str(7 * DAY)}  # fmt: skip
TYPED = {
    "parts": "topic:alter",
    "team": "payments",
    "i0-name": "payments.t",
    "i0-place": "main",
    "i0-partitions": "6",
    "i0-replication_factor": "3",
    "i0-retention": "90 d",
    "i0-data_class": "internal",
    "do": "submit",
}


@pytest.fixture
def cast() -> Cast:
    return make_cast("payments")


@pytest.fixture
def cluster(cast: Cast) -> Cluster:
    make_environment("production", production=True)
    defaults = {"retention.ms": str(7 * DAY), "min.insync.replicas": "2"}
    cluster = make_cluster(
        "main",
        environment="production",
        default_configs={k: {"value": v, "source": "static"} for k, v in defaults.items()},
    )
    make_seen(cluster, "payments.t", retention_ms=str(14 * DAY))
    return cluster


@transaction.atomic
def topic(cluster: Cluster, **fields: Any) -> DeclaredTopic:
    row = make_topic(cluster, "payments.t", configs={"retention.ms": str(14 * DAY)}, **fields)
    row.origins = {"retention_reason": "request:143"}
    row.save(update_fields=["origins"])
    return row


def client(username: str) -> Client:
    found = Client()
    found.force_login(User.objects.get(username=username))
    return found


def read(path: str, username: str = "requester") -> str:
    answer = client(username).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_says_why_until_when_and_what_then(cluster: Cluster) -> None:
    ends_at = database_now() + timedelta(days=3)
    row = topic(cluster, retention_reason=REASON, retention_ends_at=ends_at)
    Resource.objects.filter(pk=row.resource_id).update(
        description="Cards & more", labels={"domain": "<i>cards</i>"}, data_class="personal"
    )
    page = read("/topics/main/payments.t/")
    assert "Kept longer for a while" in page
    assert "an audit" in page
    assert "Audit &lt;b&gt;2026&lt;/b&gt;" in page
    assert re.search(r"Falls back to</dt>\s*<dd>7 d", page)
    assert 'href="/requests/143/"' in page
    assert "Cards &amp; more" in page
    assert "&lt;i&gt;cards&lt;/i&gt;" in page
    assert "personal data" in page
    listed = read("/topics/?ends=soon")
    assert "payments.t" in html.unescape(re.sub("<wbr>", "", listed))
    assert re.search(r"for an audit until \d+ \w+ 20\d\d, then 7 d", listed)
    told = client("requester").get("/api/v1/topics/main/payments.t").json()
    assert told["retention"]["reason"] == REASON
    assert told["retention"]["fall_back"] is None
    assert (told["data_class"], told["labels"]) == ("personal", {"domain": "<i>cards</i>"})


def test_what_fell_back_and_is_not_there_yet_is_said_once(cluster: Cluster) -> None:
    topic(cluster, retention_reason=REASON, retention_ends_at=database_now())
    fallbacks.end_due()
    page = html.unescape(read("/topics/main/payments.t/"))
    assert "The longer retention is over" in page
    assert "it falls back to 7 d" in page
    assert "Declared but not applied" not in page
    assert "Drift:" not in page
    fallbacks.bring(cluster.pk)
    page = html.unescape(read("/topics/main/payments.t/"))
    assert "it is tried again by itself" in page
    assert "nothing listens there" in page
    told = client("requester").get("/api/v1/topics/main/payments.t").json()
    assert told["retention"]["reason"] is None
    assert told["retention"]["fall_back"]["request"] == 143
    assert told["retention"]["fall_back"]["to"] == str(7 * DAY)
    history = html.unescape(read("/topics/main/payments.t/?tab=history"))
    assert "topic fell back" in history
    assert "payments.t: 14 d → 7 d" in history


def test_of_a_paused_topic_nobody_says_that_a_worker_is_on_it(cluster: Cluster) -> None:
    topic(cluster, retention_reason=REASON, retention_ends_at=database_now(), paused=True)
    fallbacks.end_due()
    page = html.unescape(read("/topics/main/payments.t/"))
    assert "The topic is paused: the cluster gets it when it is resumed." in page
    assert "A worker brings that" not in page


def test_the_request_that_agreed_tells_that_it_ended(cast: Cast, cluster: Cluster) -> None:
    topic(cluster, retention_reason=REASON, retention_ends_at=database_now())
    draft = requests.create_draft(
        title="", reason="", team=cast.team, by=cast.requester,
        items=[NewItem("topic", "alter", "payments.t", "main", {"partitions": 12})],
    )  # fmt: skip
    row = DeclaredTopic.objects.get()
    row.origins = {"retention_reason": f"request:{draft.pk}"}
    row.save(update_fields=["origins"])
    fallbacks.end_due()
    page = html.unescape(read(f"/requests/{draft.pk}/"))
    assert "let the longer retention end, as was agreed here" in page
    assert "payments.t: 14 d → 7 d" in page
    assert "The clock" in page


def test_a_usual_topic_says_nothing_of_it(cluster: Cluster) -> None:
    topic(cluster)
    page = read("/topics/main/payments.t/")
    assert "Kept longer" not in page
    assert "longer retention is over" not in page


@pytest.fixture
def rules(cast: Cast) -> None:
    make_environment("production", production=True)
    policies.load_starter(by=cast.platform)


def submit(**typed: str) -> tuple[int, str]:
    answer = client("requester").post("/requests/new/", {**TYPED, **typed})
    return answer.status_code, html.unescape(answer.content.decode())


def test_without_a_script_it_is_asked_for_with_its_reason_or_refused(
    cluster: Cluster, rules: None
) -> None:
    topic(cluster)
    status, page = submit()
    assert status == 422
    assert "90 d is above production's limit of 30 d for the data class internal, and it" in page
    status, page = submit(**{"i0-reason_kind": "replay", "i0-reason_text": "Of May"})
    assert status == 422
    assert "It is not said until when it is kept so long." in page
    reason = {"i0-reason_kind": "replay", "i0-reason_text": "Of May", "i0-reason_ends": "60 d"}
    status, page = submit(**reason, **{"i0-reason_falls_back_to": "31 d"})
    assert status == 422
    assert "It would fall back to 31 d, which is above" in page
    status, _ = submit(**reason)
    assert status == 302
    made = Request.objects.latest("pk")
    roles = set(made.requirements.values_list("role", flat=True))
    assert roles == {"owner:payments", "steward"}
    after = made.items.get().after
    assert after["retention_reason"] == {
        "kind": "replay", "text": "Of May", "ends": "60 d", "falls_back_to": str(14 * DAY),
    }  # fmt: skip
    page = html.unescape(read(f"/requests/{made.pk}/", "owner"))
    assert "Falls back to 14 d by itself then; nobody is asked again." in page


def test_a_class_that_goes_down_asks_the_steward_and_one_that_goes_up_does_not(
    cluster: Cluster, rules: None
) -> None:
    row = topic(cluster)
    kept = {"i0-retention": "14 d"}
    assert submit(**kept, **{"i0-data_class": "personal"})[0] == 302
    first = Request.objects.latest("pk")
    assert [r.role for r in first.requirements.all()] == ["owner:payments"]
    Request.objects.filter(pk=first.pk).update(state="withdrawn")
    Resource.objects.filter(pk=row.resource_id).update(data_class="personal")
    assert submit(**kept)[0] == 302
    second = Request.objects.latest("pk")
    roles = {r.role for r in second.requirements.all()}
    assert roles == {"owner:payments", "steward"}
    (why,) = (r.reason for r in second.requirements.all() if r.role == "steward")
    assert "has personal until now" in why


def test_the_limit_of_the_class_is_named(cluster: Cluster, rules: None) -> None:
    topic(cluster)
    environment = cluster.environment
    environment.retention_limits_ms = {"personal": 7 * DAY}
    environment.save(update_fields=["retention_limits_ms"])
    audit.record("environment.changed", by=BY, about=environment)
    status, page = submit(**{"i0-retention": "14 d", "i0-data_class": "personal"})
    assert status == 422
    assert "14 d is above production's limit of 7 d for the data class personal" in page
    assert submit(**{"i0-retention": "14 d", "i0-data_class": "none"})[0] == 302


def test_the_change_form_begins_with_the_reason_that_holds(cluster: Cluster) -> None:
    ends_at = database_now().replace(microsecond=0) + timedelta(days=3)
    topic(cluster, retention_reason=REASON, retention_ends_at=ends_at)
    page = html.unescape(read("/requests/new/?change=topic&place=main&name=payments.t"))
    assert ends_at.strftime("%Y-%m-%dT%H:%M:%SZ") in page
    assert '<option value="audit" selected>' in page
    assert 'value="7 d"' in page


@pytest.mark.parametrize("ends", ["\x00", "<script>", "9" * 400, "2027-02-30", "-1 d"])
def test_odd_ends_are_said_beside_the_field_and_break_nothing(cluster: Cluster, ends: str) -> None:
    topic(cluster)
    status, page = submit(**{"i0-reason_kind": "audit", "i0-reason_ends": ends})
    assert status == 422
    assert "<script>alert" not in page
