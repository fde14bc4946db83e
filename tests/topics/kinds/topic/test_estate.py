"""What a policy is tried out on: every declared topic, its sizes read a cluster at once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.policy.facts import catalog
from tests.topics.estate import make_cluster, make_topic
from tests.topics.measures.estate import TOPIC, make_measure, make_round
from topics.kinds.topic.estate import estate_facts

pytestmark = pytest.mark.django_db

WANTED = frozenset({"topic.bytes_after", "topic.endless"})


def asked() -> tuple[int, dict[str, Mapping[str, object]]]:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = {item.name: facts for item, facts in estate_facts(WANTED)}
    return len(queries), found


def test_a_topic_goes_on_holding_what_it_holds() -> None:
    cluster = make_cluster("main")
    make_topic(cluster, TOPIC)
    make_topic(cluster, "endless", configs={"retention.ms": "-1"})
    make_round(cluster)
    make_measure(cluster, hours=10, records_an_hour=3_600)
    count, found = asked()
    facts = found[TOPIC]
    assert facts["topic.bytes_before"] == facts["topic.bytes_after"]
    assert isinstance(facts["topic.bytes_after"], int)
    assert facts["topic.bytes_after"] > 0
    assert (facts["topic.bytes_more"], facts["topic.cost_more_month"]) == (0, 0)
    assert (facts["topic.endless"], found["endless"]["topic.endless"]) == (False, True)
    assert "topic.bytes_after" not in found["endless"]
    for number in range(20):
        make_topic(cluster, f"more-{number}")
    again, _ = asked()
    assert again == count
    unasked = [facts for _, facts in estate_facts(frozenset())]
    assert not any("topic.bytes_after" in facts for facts in unasked)


def test_each_fact_is_the_same_whatever_else_is_wanted() -> None:
    cluster = make_cluster("main")
    make_topic(cluster, TOPIC, configs={"retention.ms": "86400000"})
    make_round(cluster)
    make_measure(cluster, hours=10, records_an_hour=3_600)
    names = frozenset(name for name in catalog("topic") if name.startswith("topic."))
    [(_, whole)] = estate_facts(names)
    assert len(whole) > 25
    for name in names:
        [(_, alone)] = estate_facts(frozenset({name}))
        assert (name in alone, alone.get(name)) == (name in whole, whole.get(name)), name
