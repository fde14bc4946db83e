"""A subject that nobody owns is claimed; one that follows its topic stays with it."""

from __future__ import annotations

import pytest
from django.db import transaction

from governance import audit, kinds
from governance.errors import Refused
from governance.models import Request
from governance.services import pipeline, requests, reviews
from governance.services.items import NewItem
from governance.workflow import State
from registry import owners
from registry.naming import qualify
from registry.owners import OWN, Owner
from tests.factories import BY, Cast, make_actor, make_cast, make_environment
from tests.registry.test_owners import owns, register

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast() -> Cast:
    make_environment("production", production=True)
    return make_cast("payments")


def asked(cast: Cast, operation: str, name: str, to: str) -> Request:
    item = NewItem("ownership", operation, f"subject/{name}", ".", {"to": to})
    draft = requests.create_draft(
        title="", reason="", team=cast.team, items=[item], by=cast.requester
    )
    return requests.submit(draft, by=cast.requester)


def test_it_is_claimed_and_handed_over(cast: Cast) -> None:
    shop = make_actor("sam", team="shop", roles=("owner",))
    register("orders-value")
    with pytest.raises(Refused, match="There is no subject ghost-value"):
        asked(cast, "claim", "ghost-value", "payments")

    request = reviews.approve(
        asked(cast, "claim", "orders-value", "payments"), revision=1, by=cast.platform
    )
    pipeline.advance(request.pk)
    assert owners.owner_of(qualify("orders-value")) == Owner("payments", OWN)

    request = asked(cast, "transfer", "orders-value", "shop")
    reviews.approve(request, revision=1, by=cast.owner)
    reviews.approve(request, revision=1, by=shop)
    pipeline.advance(request.pk)
    request.refresh_from_db()
    assert request.state == State.APPLIED
    assert owners.owner_of(qualify("orders-value")) == Owner("shop", OWN)


def test_one_that_follows_its_topic_stays_with_it(cast: Cast) -> None:
    register("orders-value")
    with transaction.atomic():
        owns("payments", "topic", "orders")
        audit.record("resource.made", by=BY, about=cast.team)
    with pytest.raises(Refused, match="Team ghosts does not exist"):
        asked(cast, "transfer", "orders-value", "ghosts")
    make_actor("sam", team="shop", roles=("owner",))
    with pytest.raises(Refused, match="through another thing, and follows it"):
        asked(cast, "transfer", "orders-value", "shop")
    assert kinds.get("subject").current(".", "orders-value") is not None
