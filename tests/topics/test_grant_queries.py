"""Who may, and through what, from rows; and how many questions that costs."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from governance import audit, facts, kinds
from governance.models import Team
from governance.policy.routing import AUTO
from governance.services import requests
from governance.services.items import NewItem
from tests.factories import BY, Cast, make_cast, make_team
from tests.topics.estate import (
    make_application,
    make_cluster,
    make_grant,
    make_line,
    make_seen,
    make_topic,
)
from topics import grant_queries as queries
from topics.kinds.grant.known import situations
from topics.kinds.grant.spec import name_of
from topics.models import Cluster, DeclaredGrant

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster() -> Cluster:
    found = make_cluster("main")
    make_application("billing", team="billing")
    for name in ("pay.ok", "pay.late"):
        make_topic(found, name, team="payments")
    return found


def test_everybody_who_may_use_a_topic_is_told_with_what_lets_them(cluster: Cluster) -> None:
    make_grant(cluster, "billing/consumer/pay.*")
    make_grant(cluster, "checkout/producer/pay.ok")
    make_line(cluster, "pay.ok", "User:report")
    make_line(cluster, "*", "User:*", operation="describe")
    make_line(cluster, "other", "User:nobody")
    found = {use.who.principal: use for use in queries.uses(cluster, "pay.ok")}
    assert {p: (u.reads.allowed, u.writes.allowed) for p, u in found.items()} == {
        "User:billing": (True, False),
        "User:checkout": (False, True),
        "User:report": (True, False),
    }
    (through,) = found["User:billing"].through
    assert [grant.name for grant in through.grants] == ["billing/consumer/pay.*"]
    assert (found["User:billing"].who.application, found["User:billing"].who.team) == (
        "billing",
        "billing",
    )
    assert found["User:report"].through[0].grants == []  # made outside


def test_a_deny_is_told_beside_what_it_beats(cluster: Cluster) -> None:
    make_grant(cluster, "billing/consumer/pay.ok")
    make_line(cluster, "pay.", "User:*", prefixed=True, allow=False)
    said = queries.explain(cluster, "User:billing", "pay.ok", "billing")
    assert not said.may_read
    assert [step.answer.allowed for step in said.reads] == [False, True]
    assert [line.words() for line in said.reads[0].answer.denied_by] == [
        "User:* may not read topic pay.*"
    ]
    assert said.reads[0].through[0].grants[0].name == "billing/consumer/pay.ok"


def test_an_application_is_meant_by_its_name(cluster: Cluster) -> None:
    assert queries.principal_of("billing") == "User:billing"
    assert queries.principal_of("User:x") == "User:x"
    assert queries.principal_of("stranger") == "User:stranger"
    assert queries.principal_of(" ") == ""


def test_what_one_can_do_is_grouped_by_what_it_is_about(cluster: Cluster) -> None:
    make_grant(cluster, "billing/consumer/pay.ok")
    make_line(cluster, "pay.ok", "User:billing", operation="describe_configs")
    rights = queries.rights(cluster, "User:billing")
    assert [(r.resource.value, str(r.pattern), list(r.operations)) for r in rights] == [
        ("group", "billing", ["read"]),
        ("topic", "pay.ok", ["describe configs", "read"]),
    ]


def test_readers_of_topics_are_teams_whose_grants_cover_them(cluster: Cluster) -> None:
    make_grant(cluster, "billing/consumer/pay.*")
    make_grant(cluster, "checkout/producer/pay.ok")
    make_grant(cluster, "checkout/consumer/pay.late", days=-1)
    assert [queries.readers("development", name) for name in ("pay.ok", "pay.late", "x")] == [
        ["billing"],
        ["billing"],
        [],
    ]
    assert facts.readers_of("topic", "development", "pay.ok") == frozenset({"billing"})
    assert queries.readers("production", "pay.ok") is None  # it has no cluster to be read on


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("", {"billing/consumer/pay.ok", "billing/consumer/pay.late", "billing/producer/pay.ok"}),
        ("active", {"billing/consumer/pay.ok"}),
        ("pending", {"billing/producer/pay.ok"}),
        ("soon", {"billing/consumer/pay.ok"}),
        ("ended", {"billing/consumer/pay.late"}),
    ],
)
def test_the_list_is_narrowed(cluster: Cluster, state: str, expected: set[str]) -> None:
    make_grant(cluster, "billing/consumer/pay.ok", days=3)
    make_grant(cluster, "billing/consumer/pay.late", days=-3)
    make_grant(cluster, "billing/producer/pay.ok", applied=False)
    assert {row.name for row in queries.listed(state=state)} == expected
    assert {row.name for row in queries.listed(state=state, team="billing")} == expected
    assert not queries.listed(state=state, team="payments")
    assert not queries.listed(state=state, cluster="other")


def test_the_cost_does_not_grow_with_who_there_is(
    cluster: Cluster, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        make_grant(cluster, f"app-{number}/consumer/pay.ok")
    with django_assert_num_queries(3):
        assert len(queries.uses(cluster, "pay.ok")) == 12
    with django_assert_num_queries(2):
        queries.rights(cluster, "User:app-1")
    with django_assert_num_queries(1):
        for row in queries.listed()[:50]:
            assert row.application.team.slug
            assert row.cluster.slug


# --- Whose agreement it takes -----------------------------------------------------------------


def owners(cluster: Cluster, name: str) -> tuple[tuple[str, ...], bool, bool]:
    named = name_of(name)
    assert named is not None
    found = situations(cluster, {name: named})[name]
    return found.owners, found.unowned, found.topic_there


def test_owners_of_what_a_grant_reaches(cluster: Cluster) -> None:
    make_topic(cluster, "ship.sent", team="logistics")
    make_seen(cluster, "legacy.orders")
    assert owners(cluster, "billing/consumer/pay.ok") == (("payments",), False, True)
    assert owners(cluster, "billing/consumer/nowhere") == ((), False, False)
    assert owners(cluster, "billing/consumer/legacy.orders") == ((), True, True)
    # Nobody says that names in pay. are hers, so the next one may be anybody's.
    assert owners(cluster, "billing/consumer/pay.*") == (("payments",), True, True)
    application = make_application("checkout", team="payments")
    application.prefixes.create(prefix="pay.")
    assert owners(cluster, "billing/consumer/pay.*") == (("payments",), False, True)
    assert owners(cluster, "billing/consumer/pa*") == (("payments",), True, True)
    assert owners(cluster, "billing/consumer/*") == (("logistics", "payments"), True, True)


def test_a_team_cannot_give_itself_access_to_a_name_that_is_not_there_yet(
    cluster: Cluster,
) -> None:
    cast: Cast = make_cast("billing")
    item = NewItem("grant", "create", "billing/consumer/pay.secret", "main", {"ends": "1 d"})
    team = Team.objects.get(slug="billing")
    found = requests.preview([item], team=team, by=cast.requester)
    assert "There is no topic pay.secret" in found.problems[0].message
    beside = NewItem("topic", "create", "billing.mine", "main", {"partitions": 1})
    mine = NewItem("grant", "create", "billing/consumer/billing.mine", "main", {"ends": "1 d"})
    together = requests.preview([mine, beside], team=team, by=cast.requester)
    assert not together.problems
    assert together.examination is not None
    assert {need.role for need in together.examination.needs} - {AUTO} == {"owner:billing"}
    assert make_team("billing") == team


def test_an_application_keeps_what_it_acts_as_while_a_grant_holds(cluster: Cluster) -> None:
    grant = make_grant(cluster, "billing/consumer/pay.ok")
    application = grant.application
    application.principal = "User:somebody-else"
    with (
        pytest.raises(IntegrityError, match="billing acts as User:billing in 1 of its grants"),
        transaction.atomic(),
    ):
        application.save()
    with transaction.atomic():
        DeclaredGrant.objects.update(state="revoked", last_applied=None)
        audit.record("grant.revoked", by=BY, about=grant)
    application.save()
    audit.record("application.changed", by=BY, about=application)


def test_every_grant_in_force_is_judged_when_a_policy_is_tried_out(
    cluster: Cluster, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_grant(cluster, "billing/consumer/pay.ok", days=3)
    make_grant(cluster, "billing/producer/pay.ok", days=None)
    make_grant(cluster, "billing/consumer/pay.late", days=-3)
    kind = kinds.get("grant")
    assert isinstance(kind, kinds.Estate)
    found = {item.name: (item, facts_) for item, facts_ in kind.estate_facts(frozenset())}
    assert set(found) == {"billing/consumer/pay.ok", "billing/producer/pay.ok"}
    item, said = found["billing/producer/pay.ok"]
    assert (item.team, item.place) == ("billing", "main")
    assert (said["grant.ends"], said["grant.lasts_ms"], said["grant.owners"]) == (
        False,
        None,
        ["payments"],
    )
    for number in range(20):
        make_grant(cluster, f"app-{number}/consumer/pay.ok")
    with django_assert_num_queries(8):
        assert len(list(kind.estate_facts(frozenset()))) == 22
