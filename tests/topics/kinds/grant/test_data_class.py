"""How sensitive the data is that access reaches, also where the same request says so."""

from __future__ import annotations

import pytest

from governance.models import Request, Resource
from governance.policy.load import PolicyText
from governance.services import checks, items, requests, simulations
from governance.services.items import NewItem
from tests.factories import Cast, make_cast
from tests.topics.estate import make_application, make_cluster, make_seen, make_topic
from topics.kinds.grant.known import situations
from topics.kinds.grant.pattern import Pattern
from topics.kinds.grant.situation import class_reached
from topics.kinds.grant.spec import name_of
from topics.kinds.topic.about import most_sensitive
from topics.models import Cluster

pytestmark = pytest.mark.django_db

CARDS = ("topic", "payments.cards")


@pytest.mark.parametrize(
    ("topic", "known", "asked", "expected"),
    [
        ("payments.cards", "internal", {}, "internal"),
        ("payments.cards", "internal", {CARDS: "personal"}, "personal"),
        ("payments.cards", "personal", {CARDS: "internal"}, "personal"),
        ("payments.other", "internal", {CARDS: "personal"}, "internal"),
        ("payments.cards", "internal", {("subject", "payments.cards"): "personal"}, "internal"),
        ("payments.*", "", {CARDS: "personal"}, "personal"),
        ("payments.*", "sensitive", {CARDS: "personal"}, "sensitive"),
        ("orders.*", "internal", {CARDS: "personal"}, "internal"),
        ("*", "", {CARDS: "personal"}, "personal"),
    ],
)
def test_what_is_asked_for_beside_it_counts(
    topic: str, known: str, asked: dict[tuple[str, str], str], expected: str
) -> None:
    assert class_reached(Pattern.of(topic), known, asked) == expected


def test_nothing_known_is_no_class() -> None:
    assert most_sensitive([]) == most_sensitive(["", "unheard of"]) == ""


@pytest.fixture
def cast() -> Cast:
    return make_cast("payments")


@pytest.fixture
def cluster() -> Cluster:
    make_application("billing", team="payments")
    return make_cluster("main")


def facts_of(request: Request) -> dict[str, dict[str, object]]:
    """The facts of each item that policies would be asked about, by kind."""
    views = items.views(request, request.items.order_by("position"))
    around = checks.Around()
    team = request.team.slug
    return {v.kind: checks.item_facts(v, team=team, around=around) for v in views}


def draft(cast: Cast, cluster: Cluster, *topic: NewItem) -> Request:
    spec = {"partitions": 1, "replication_factor": 1}
    first = topic or (NewItem("topic", "create", "payments.cards", cluster.slug, spec),)
    schema = {"schemaType": "AVRO", "schema": '"string"'}
    access = {"purpose": "reports", "ends": "30 d"}
    return requests.create_draft(
        title="",
        reason="",
        team=cast.team,
        items=[
            *first,
            NewItem("subject", "register", "payments.cards-value", ".", schema),
            NewItem("grant", "create", "billing/consumer/payments.cards", cluster.slug, access),
        ],
        by=cast.requester,
    )


@pytest.mark.parametrize("data_class", ["personal", ""])
def test_access_and_schema_are_judged_by_the_class_of_the_topic_that_comes_with_them(
    cast: Cast, cluster: Cluster, data_class: str
) -> None:
    spec = {"partitions": 1, "replication_factor": 1, "data_class": data_class}
    topic = NewItem("topic", "create", "payments.cards", cluster.slug, spec)
    found = facts_of(draft(cast, cluster, topic))
    expected = data_class or "internal"
    assert found["grant"]["grant.data_class"] == expected
    assert found["subject"]["subject.data_class"] == expected


def test_a_topic_that_lives_elsewhere_has_its_class_here_too(cast: Cast, cluster: Cluster) -> None:
    make_topic(make_cluster("other"), "payments.cards", team="payments")
    Resource.objects.filter(kind="topic").update(data_class="sensitive")
    found = facts_of(draft(cast, cluster))
    assert found["grant"]["grant.data_class"] == "sensitive"
    assert found["subject"]["subject.data_class"] == "sensitive"


def test_a_class_that_rises_in_the_same_request_counts_as_it_will_be(
    cast: Cast, cluster: Cluster
) -> None:
    make_topic(cluster, "payments.cards", team="payments")
    topic = NewItem("topic", "alter", "payments.cards", cluster.slug, {"data_class": "personal"})
    found = facts_of(draft(cast, cluster, topic))
    assert found["grant"]["grant.data_class"] == "personal"
    assert found["subject"]["subject.data_class"] == "personal"


def test_a_draft_of_a_policy_is_tried_out_on_the_same_facts(cast: Cast, cluster: Cluster) -> None:
    spec = {"partitions": 1, "replication_factor": 1, "data_class": "personal"}
    topic = NewItem("topic", "create", "payments.cards", cluster.slug, spec)
    requests.submit(draft(cast, cluster, topic), by=cast.requester)
    text = PolicyText("calm", "grant", "platform", "deny", 'grant.data_class == "personal"', "No.")
    found, _ = simulations.simulate(text)
    sources = found["sources"]
    assert isinstance(sources, dict)
    judged = sources["requests"]
    assert (judged["judged"], judged["newly_refused"]) == (1, 0)


def test_what_nobody_declared_here_has_the_class_that_it_has_elsewhere(
    cast: Cast, cluster: Cluster
) -> None:
    make_topic(make_cluster("other"), "payments.cards", team="payments")
    Resource.objects.filter(kind="topic").update(data_class="sensitive")
    make_seen(cluster, "payments.cards")
    name = name_of("billing/consumer/payments.cards")
    assert name is not None
    (found,) = situations(cluster, {"x": name}).values()
    assert (found.unowned, found.data_class) == (True, "sensitive")
