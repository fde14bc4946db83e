"""Teams are told of what of theirs ends soon: a fortnight before, two days before, once each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from governance import audit
from governance.clock import database_now
from governance.models import Notification
from governance.services import endings
from tests.factories import BY, make_cast, make_environment, make_policy
from tests.governance.waivers.test_waivers import granted, toy, waiver
from tests.topics.estate import make_cluster, make_grant, make_topic
from topics.kinds.grant.model import DeclaredGrant

pytestmark = pytest.mark.django_db

CAPTURED = "checkout/consumer/payments.captured"


def told() -> list[tuple[str, str]]:
    """(who, of what) of everything that ends, by name: people are told in no order."""
    rows = Notification.objects.filter(happening="ends_soon").order_by("user__username", "title")
    return list(rows.values_list("user__username", "title"))


@transaction.atomic
def let_it_end_in(grant: DeclaredGrant, **time: float) -> None:
    DeclaredGrant.objects.filter(pk=grant.pk).update(ends_at=database_now() + timedelta(**time))
    audit.record("grant.declared", by=BY, about=grant)


def test_owners_are_told_twice_of_a_grant_that_ends_and_of_no_other() -> None:
    make_cast("payments")
    cluster = make_cluster("shop")
    grant = make_grant(cluster, CAPTURED, days=20)
    make_grant(cluster, "checkout/consumer/payments.over", days=-1)
    make_grant(cluster, "checkout/consumer/payments.ever", days=None)
    assert endings.tell() == 0

    let_it_end_in(grant, days=10)
    title = "checkout consumes payments.captured on shop"
    both = [("owner", title), ("second-owner", title)]
    assert (endings.tell(), told()) == (1, both)
    notice = Notification.objects.filter(title=title).first()
    assert notice is not None
    assert notice.url == f"/grants/shop/{CAPTURED}/"
    assert "Renew it" in notice.detail
    assert (endings.tell(), told()) == (0, both)

    let_it_end_in(grant, hours=30)
    assert (endings.tell(), told()) == (1, sorted(both * 2))
    assert endings.tell() == 0


def test_a_renewed_one_is_another_occasion() -> None:
    make_cast("payments")
    grant = make_grant(make_cluster("shop"), CAPTURED, days=10)
    assert endings.tell() == 1
    let_it_end_in(grant, days=11)
    assert endings.tell() == 1


def test_whoever_asked_for_a_waiver_is_told_that_it_ends() -> None:
    make_environment("production", production=True)
    make_policy("no-red", expression='toy.colour != "red"', message="Red is not allowed.")
    granted(make_cast("payments"), toy(), waiver(until="5 d"))
    assert endings.tell() == 1
    assert {who for who, _ in told()} == {"owner", "second-owner"}


def test_owners_of_a_topic_are_told_that_its_retention_falls_back() -> None:
    make_cast("payments")
    make_topic(
        make_cluster("shop"),
        "payments.captured",
        configs={"retention.ms": "7776000000"},
        retention_reason={"kind": "replay", "text": "Disputes.", "ends": {"lasts_ms": 864000000}},
        retention_ends_at=database_now() + timedelta(days=10),
    )
    assert endings.tell() == 1
    title = "Longer retention of payments.captured on shop"
    assert told() == [("owner", title), ("second-owner", title)]
