"""Bringing declared topics to a real cluster, and seeing what is there."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection

from governance import kinds
from governance.clock import database_now
from governance.kinds import Outcome, OutcomeState
from tests.factories import make_team
from tests.real import estate
from tests.real.estate import bare, eventually, overrides, partitions, unique
from tests.stack_plugin import KafkaAccess
from topics.models import Cluster, DeclaredTopic, Lease, ObservedTopic, Run
from topics.services import apply, lease, observe, settling

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]
DAY = 86_400_000
DONE = {OutcomeState.APPLIED, OutcomeState.UNCHANGED}


def states(outcomes: Mapping[str, Outcome]) -> set[OutcomeState]:
    return {outcome.state for outcome in outcomes.values()}


def test_a_topic_is_created_changed_and_grown(cluster: Cluster, kafka: KafkaAccess) -> None:
    name = unique()
    made = estate.item(
        cluster, name, partitions=2, configs={"retention.ms": "7d", "segment.ms": "1d"}
    )
    outcome = estate.bring([made])[name]
    assert outcome.state is OutcomeState.APPLIED
    assert outcome.before_image == {"absent": True}
    with bare(kafka) as reader:
        eventually(lambda: partitions(reader, name) == 2)
        both = {"retention.ms": str(7 * DAY), "segment.ms": str(DAY)}
        eventually(lambda: overrides(reader, name) == both)

        changed = estate.item(cluster, name, "alter", partitions=4, configs={"retention.ms": "30d"})
        outcome = estate.bring([changed])[name]
        assert outcome.state is OutcomeState.APPLIED
        assert outcome.before_image == {
            "partitions": 2,
            "replication_factor": 1,
            "configs": both,
        }
        eventually(lambda: overrides(reader, name) == {"retention.ms": str(30 * DAY)})
        eventually(lambda: partitions(reader, name) == 4)
    row = DeclaredTopic.objects.get(cluster=cluster, name=name)
    assert (row.generation, row.last_applied_generation) == (2, 2)
    assert row.origins["partitions"] == "request:7"


def test_what_is_there_already_is_neither_sent_nor_written_again(
    cluster: Cluster, kafka: KafkaAccess
) -> None:
    names = [unique() for _ in range(20)]
    asked = estate.items(cluster, names, configs={"retention.ms": "7d"})
    assert states(estate.bring(asked)) == {OutcomeState.APPLIED}
    with bare(kafka) as reader:
        seven_days = {"retention.ms": str(7 * DAY)}
        eventually(lambda: all(overrides(reader, name) == seven_days for name in names))
    before = list(DeclaredTopic.objects.order_by("pk").values())
    assert states(estate.bring(asked)) == {OutcomeState.UNCHANGED}
    assert list(DeclaredTopic.objects.order_by("pk").values()) == before


def test_what_others_made_and_set_stays_as_it_is(cluster: Cluster, kafka: KafkaAccess) -> None:
    name, theirs = unique(), unique("theirs")
    estate.bring([estate.item(cluster, name, configs={"retention.ms": "7d"})])
    with bare(kafka) as reader:
        reader.create_topics({theirs: {"num_partitions": 1, "replication_factor": 1}})
        eventually(lambda: partitions(reader, name) == 1)
        estate.set_config(reader, name, "max.message.bytes", "2000000")
        eventually(lambda: "max.message.bytes" in overrides(reader, name))
        changed = estate.item(cluster, name, "alter", configs={"retention.ms": "8d"})
        assert states(estate.bring([changed])) == {OutcomeState.APPLIED}
        eventually(
            lambda: (
                overrides(reader, name)
                == {"retention.ms": str(8 * DAY), "max.message.bytes": "2000000"}
            )
        )
        eventually(lambda: partitions(reader, theirs) == 1)


def test_one_topic_that_the_broker_refuses_leaves_the_others_alone(
    cluster: Cluster, kafka: KafkaAccess
) -> None:
    good, bad = unique(), unique()
    asked = [
        estate.item(cluster, good, number=1),
        estate.item(cluster, bad, number=2, replication_factor=7),
    ]
    outcomes = estate.bring(asked)
    assert outcomes[good].state is OutcomeState.APPLIED
    assert outcomes[bad].state is OutcomeState.FAILED
    assert bad in outcomes[bad].message
    row = DeclaredTopic.objects.get(cluster=cluster, name=bad)
    assert (row.last_applied, row.last_applied_generation) == (None, 0)
    # The name that a failed request leaves behind is free for the next one.
    assert kinds.get("topic").check(estate.item(cluster, bad)) == []


def test_a_topic_that_somebody_deleted_is_not_made_again_by_itself(
    cluster: Cluster, kafka: KafkaAccess
) -> None:
    name = unique()
    estate.bring([estate.item(cluster, name)])
    with bare(kafka) as reader:
        eventually(lambda: partitions(reader, name) == 1)
        reader.delete_topics([name])
        eventually(lambda: partitions(reader, name) == 0)
        changed = estate.item(cluster, name, "alter", configs={"retention.ms": "8d"})
        outcome = estate.bring([changed])[name]
        assert outcome.state is OutcomeState.FAILED
        assert "gone" in outcome.message
        assert partitions(reader, name) == 0


def test_a_large_request_goes_out_in_requests_that_the_controller_takes(
    cluster: Cluster, kafka: KafkaAccess
) -> None:
    # More than 30 records a topic: 400 of them are more than one request may write.
    overrides = {
        key: default["value"]
        for key, default in cluster.default_configs.items()
        if "throttled" not in key and "remote" not in key and "local" not in key
    }
    names = [unique("many") for _ in range(400)]
    asked = estate.items(cluster, names, configs=overrides)
    assert len(asked) * (2 + len(overrides)) > 10_000
    outcomes = estate.bring(asked)
    try:
        # On a machine with much to do, one of the requests may run out of time and is read again.
        if states(outcomes) != {OutcomeState.APPLIED}:
            eventually(lambda: states(estate.apply(asked)) <= DONE, within=60)
    finally:
        with bare(kafka) as reader:
            reader.delete_topics(names)


# --- Checks against what was observed ---------------------------------------------------------


def test_a_name_taken_on_the_cluster_and_a_decrease_are_refused(
    cluster: Cluster, kafka: KafkaAccess
) -> None:
    topic = kinds.get("topic")
    theirs, ours = unique("theirs"), unique()
    with bare(kafka) as reader:
        reader.create_topics({theirs: {"num_partitions": 1, "replication_factor": 1}})
        eventually(lambda: partitions(reader, theirs) == 1)
    estate.bring([estate.item(cluster, ours, partitions=3)])
    with bare(kafka) as reader:
        eventually(lambda: partitions(reader, ours) == 3)
    topic.observe(cluster.slug, [theirs, ours])
    for asked, rule in (
        (estate.item(cluster, theirs), "taken"),
        (estate.item(cluster, theirs.replace(".", "_")), "collides"),
        (estate.item(cluster, ours), "taken"),
        (estate.item(cluster, ours, "alter", partitions=2), "partition_decrease"),
        (estate.item(cluster, unique(), replication_factor=2), "replication_beyond_brokers"),
        (estate.item(cluster, unique(), configs={"retention.msx": "1"}), "unknown_key"),
        (estate.item(cluster, theirs, "alter", partitions=2), "unmanaged"),
    ):
        assert [p.rule for p in topic.check(asked)] == [rule]


# --- Observation ------------------------------------------------------------------------------


def _versions(cluster: Cluster, names: Sequence[str]) -> dict[str, str]:
    """Where each of these topics' rows lies, which every write of it changes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, xmin::text || ctid::text FROM topics_observedtopic"
            " WHERE cluster_id = %s AND name = ANY(%s)",
            [cluster.pk, list(names)],
        )
        return dict(cursor.fetchall())


def test_what_did_not_change_is_not_written(cluster: Cluster, kafka: KafkaAccess) -> None:
    # The broker is shared: topics of other tests come and go, so only these are compared.
    name, *others = names = [unique() for _ in range(3)]
    estate.bring(estate.items(cluster, names, configs={"retention.ms": "7d"}))
    with bare(kafka) as reader:
        eventually(lambda: all(overrides(reader, n) for n in names))
        assert observe.observe_cluster(cluster.pk)
        before = _versions(cluster, names)
        assert before.keys() == set(names)
        assert observe.observe_cluster(cluster.pk)
        assert _versions(cluster, names) == before
        estate.set_config(reader, name, "retention.ms", "5000")
        eventually(lambda: overrides(reader, name) == {"retention.ms": "5000"})
    assert observe.observe_cluster(cluster.pk)
    after = _versions(cluster, names)
    assert after[name] != before[name]
    assert {n: after[n] for n in others} == {n: before[n] for n in others}
    row = ObservedTopic.objects.get(cluster=cluster, name=name)
    assert row.configs == {"retention.ms": {"value": "5000", "source": "topic"}}
    assert row.previous_seen_at is not None
    assert row.previous_seen_at < row.changed_at


def test_the_configs_of_many_topics_are_read_in_turns(
    cluster: Cluster, kafka: KafkaAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bare(kafka) as reader:
        names = [unique("turn") for _ in range(8)]
        config = {"num_partitions": 1, "replication_factor": 1}
        reader.create_topics(dict.fromkeys(names, config))
        eventually(lambda: set(names) <= set(reader.list_topics()))
        for name in names:
            estate.set_config(reader, name, "retention.ms", "7000")
        eventually(lambda: all(overrides(reader, n) for n in names))
        # A third of the broker's topics a round, whatever other tests have made there by now.
        monkeypatch.setattr(observe, "FULL_READS", len(reader.list_topics()) // 3 + 1)

    def all_read() -> bool:
        assert observe.observe_cluster(cluster.pk)
        with_override = ObservedTopic.objects.filter(
            cluster=cluster, name__in=names, configs__has_key="retention.ms"
        )
        return set(with_override.values_list("name", flat=True)) == set(names)

    eventually(all_read, within=60)
    last = Run.objects.filter(cluster=cluster).latest("pk")
    assert 0 < last.counters["full"] < last.counters["topics"], "a part a round"


def test_without_rights_nothing_is_forgotten_and_the_missing_ones_are_named(
    kafka: KafkaAccess,
) -> None:
    user = unique("u")
    kafka.make_user(user, "swordfish-3")
    weak = estate.register(kafka, username=user, password="swordfish-3")
    ObservedTopic.objects.create(
        cluster=weak,
        name="seen.before",
        partitions=1,
        replication_factor=1,
        row_hash=b"1",
        seen_at=database_now(),
        changed_at=database_now(),
    )
    assert observe.observe_cluster(weak.pk)
    weak.refresh_from_db()
    assert weak.reachable
    assert weak.observed_at is None
    assert "Describe" in weak.error
    assert ObservedTopic.objects.filter(cluster=weak, name="seen.before").exists()

    outcomes = estate.bring([estate.item(weak, unique())])
    assert states(outcomes) == {OutcomeState.FAILED}
    assert "lacks the right" in next(iter(outcomes.values())).message


def test_a_cluster_that_refuses_the_password_says_so(kafka: KafkaAccess) -> None:
    wrong = estate.register(kafka, username=kafka.username, password="wrong")
    assert not observe.observe_cluster(wrong.pk)
    wrong.refresh_from_db()
    assert not wrong.reachable
    assert "refuses Weir's credentials" in wrong.error
    run = Run.objects.get(cluster=wrong)
    assert not run.ok
    outcomes = estate.bring([estate.item(wrong, unique())])
    assert states(outcomes) == {OutcomeState.FAILED}


# --- Several workers --------------------------------------------------------------------------


def test_two_workers_at_once_apply_everything_once(
    cluster: Cluster, kafka: KafkaAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long the first one takes, the second waits for it.
    monkeypatch.setattr(settling, "LEASE_PATIENCE_S", 60.0)
    names = [unique("twice") for _ in range(50)]
    asked = estate.items(cluster, names, configs={"retention.ms": "7d"})
    estate.declare(asked)
    start = threading.Barrier(2)

    def work() -> dict[str, Outcome]:
        try:
            start.wait()
            return estate.apply(asked)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        runs = [future.result() for future in [pool.submit(work), pool.submit(work)]]
    for name in names:
        assert sorted(run[name].state for run in runs) == ["applied", "unchanged"]
    with bare(kafka) as reader:
        eventually(lambda: set(names) <= set(reader.list_topics()))
    held = Lease.objects.get(cluster=cluster)
    assert (held.holder, held.expires_at) == ("", None)
    assert held.token >= 2


def test_a_worker_that_lost_its_lease_sends_nothing_more(
    cluster: Cluster, kafka: KafkaAccess
) -> None:
    first, second = unique("lost"), unique("lost")
    estate.bring(estate.items(cluster, [first, second]))
    with bare(kafka) as reader:
        eventually(lambda: {first, second} <= set(reader.list_topics()))
        # Configs go in one batch and partitions in the next.
        asked = [
            estate.item(cluster, first, "alter", 1, configs={"retention.ms": "7d"}),
            estate.item(cluster, second, "alter", 2, partitions=4),
        ]
        estate.declare(asked)
        outcomes: dict[str, Outcome] = {}

        def settle(batch: Mapping[str, Outcome]) -> None:
            outcomes.update(batch)
            # Somebody else takes the cluster over right after the first batch.
            Lease.objects.filter(cluster=cluster).update(holder="thief", token=10_000)

        apply.bring(cluster, [first, second], settle)
        assert outcomes[first].state is OutcomeState.APPLIED
        assert outcomes[second].state is OutcomeState.RETRY
        eventually(lambda: overrides(reader, first) == {"retention.ms": str(7 * DAY)})
        assert partitions(reader, second) == 1
        held = Lease.objects.get(cluster=cluster)
        assert (held.holder, held.token) == ("thief", 10_000)


def test_a_lease_that_somebody_holds_is_waited_for_and_then_left(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "LEASE_PATIENCE_S", 0.2)
    asked = [estate.item(cluster, unique())]
    with lease.holding(cluster.pk):
        assert states(estate.bring(asked)) == {OutcomeState.RETRY}
    assert states(estate.apply(asked)) == {OutcomeState.APPLIED}


def test_a_name_that_a_failed_request_left_goes_to_the_team_that_asks_next(
    cluster: Cluster,
) -> None:
    name = unique()
    failed = estate.bring([estate.item(cluster, name, replication_factor=7)])
    assert states(failed) == {OutcomeState.FAILED}
    make_team("billing")
    asked = replace(estate.item(cluster, name), team="billing")
    assert states(estate.bring([asked])) == {OutcomeState.APPLIED}
    row = DeclaredTopic.objects.select_related("resource__owner").get(cluster=cluster, name=name)
    assert row.resource.owner.slug == "billing"
    assert row.generation == 2
