"""Sizes, lag and cost on the page of a topic and in the API; prices, by the platform team."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
from django.test import Client

from governance.models import Event, User
from tests.factories import Cast, make_cast
from tests.topics.estate import make_cluster, make_topic
from tests.topics.measures.estate import TOPIC, make_group, make_measure, make_prices, make_round
from topics.models import Cluster, PriceBook

pytestmark = pytest.mark.django_db

PAGE = f"/topics/main/{TOPIC}/?tab=measures"
API = f"/api/v1/topics/main/{TOPIC}"


@pytest.fixture
def cast() -> Cast:
    return make_cast("payments")


@pytest.fixture
def cluster(cast: Cast) -> Cluster:
    cluster = make_cluster("main")
    make_topic(cluster, TOPIC)
    return cluster


def client(username: str = "viewer") -> Client:
    made = Client()
    made.force_login(User.objects.get(username=username))
    return made


def read(path: str, username: str = "viewer") -> str:
    answer = client(username).get(path)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_what_was_never_measured_is_unknown(cluster: Cluster) -> None:
    page = read(PAGE)
    assert "never measured" in page
    assert "Nobody has measured it yet." in page
    assert "set no prices for main" in page
    measures = client().get(API).json()["measures"]
    assert measures["records"] is measures["local_bytes"] is measures["growth"] is None
    assert measures["cost"]["amount"] is None
    assert measures["groups_unknown"] == "Nobody has measured it yet."


def test_what_is_known_is_shown_with_what_it_costs(cluster: Cluster) -> None:
    make_round(cluster)
    make_measure(cluster, hours=10, records_an_hour=3_600, leader_bytes=2**30)
    make_group(cluster, "invoices", lag=120, behind=timedelta(hours=3), unread_bytes=2_048)
    make_group(cluster, "idle", lag=0, state="empty")
    make_prices(cluster, local_gib_month="0.5", ingress_gib="0")
    page = read(PAGE)
    assert "3 GiB" in page
    assert "EUR 1.50" in page
    assert "invoices" in page
    assert "3 h" in page
    assert "no member now" in page
    measures = client().get(API).json()["measures"]
    assert measures["local_bytes"] == 3 * 2**30
    assert measures["remote_bytes"] == 0
    assert measures["growth"]["records_per_second"] == pytest.approx(1, rel=0.01)
    assert [one["group"] for one in measures["groups"]] == ["invoices", "idle"]
    assert measures["groups"][0]["lag"] == 120
    assert measures["cost"] == {
        "currency": "EUR",
        "amount": "1.5",
        "parts": [{"name": "Brokers' disks", "amount": "1.5", "why": ""}],
        "assumptions": measures["cost"]["assumptions"],
    }


def test_a_price_that_nobody_said_is_unknown_and_not_0(cluster: Cluster) -> None:
    make_round(cluster)
    make_measure(cluster, hours=10, records_an_hour=3_600)
    make_prices(cluster, local_gib_month="0.5")
    assert "Nobody has said what a GiB written costs on this cluster." in read(PAGE)
    cost = client().get(API).json()["measures"]["cost"]
    assert cost["amount"] is None
    assert {part["name"]: part["amount"] is None for part in cost["parts"]} == {
        "Brokers' disks": False,
        "Writing": True,
    }


def test_old_measures_say_that_they_are(cluster: Cluster) -> None:
    make_measure(cluster, ago=timedelta(days=1))
    assert "too long to go by" in read(PAGE)
    assert client().get(API).json()["measures"]["stale"] is True


# --- Prices -------------------------------------------------------------------------------------

PRICES = "/clusters/main/prices/"
TYPED = {"currency": "eur", "local_gib_month": "0.08", "remote_gib_month": "0.023"}


def test_the_platform_team_sets_prices_and_others_may_not(cluster: Cluster) -> None:
    assert client("owner").get(PRICES).status_code == 403
    assert client("owner").post(PRICES, TYPED).status_code == 403
    assert not PriceBook.objects.exists()

    assert "Save the prices" in read(PRICES, "platform")
    assert client("platform").post(PRICES, TYPED).status_code == 302
    event = Event.objects.get(action="cluster.prices_changed")
    assert event.data["after"] == {
        "currency": "EUR", "local_gib_month": "0.08", "remote_gib_month": "0.023",
    }  # fmt: skip
    page = read("/clusters/main/")
    assert "EUR 0.08" in page
    assert "unknown" in page
    assert "cluster-prices" not in page
    assert 'value="0.023"' in read(PRICES, "platform")


def test_the_same_prices_again_are_no_change(cluster: Cluster) -> None:
    for _ in range(2):
        assert client("platform").post(PRICES, TYPED).status_code == 302
    assert Event.objects.filter(action="cluster.prices_changed").count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("currency", "EURO"), ("currency", "€"), ("currency", ""), ("currency", "E\x00R"),
        ("local_gib_month", "-1"), ("local_gib_month", "NaN"), ("local_gib_month", "1e99"),
        ("local_gib_month", "0.0000001"), ("local_gib_month", "cheap"),
    ],
)  # fmt: skip
def test_what_is_no_price_is_refused_beside_its_field(
    cluster: Cluster, field: str, value: str
) -> None:
    typed = {**TYPED, field: value}
    assert client("platform").post(PRICES, typed).status_code == 422
    answer = client("platform").put(
        "/api/v1/clusters/main/prices", typed, content_type="application/json"
    )
    assert answer.status_code in (400, 422)
    assert not PriceBook.objects.exists()


def test_prices_through_the_api(cluster: Cluster) -> None:
    path = "/api/v1/clusters/main/prices"
    body = {"currency": "USD", "ingress_gib": "0"}
    assert client("owner").put(path, body, content_type="application/json").status_code == 403
    said = client("platform").put(path, body, content_type="application/json")
    assert said.status_code == 200
    assert said.json() == {
        "currency": "USD", "local_gib_month": None, "remote_gib_month": None,
        "ingress_gib": "0", "cross_zone_gib": None,
    }  # fmt: skip
    shown = client().get("/api/v1/clusters/main").json()
    assert shown["prices"] == said.json()
    assert shown["measures"]["seen_at"] is None
    gone = client("platform").put(
        "/api/v1/clusters/none/prices", body, content_type="application/json"
    )
    assert gone.status_code == 404
