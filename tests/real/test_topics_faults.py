"""A broker that is frozen or killed in the middle: what it leaves open is read again, and is done
once. And one whose own settings change, which on a shared broker would change every test's."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, ConfigResourceType
from pytest_django.fixtures import Settings

from config.stack import children, ports
from config.stack.children import Child
from config.stack.kafka import ADMIN, Kafka
from config.stack.paths import Folders
from config.stack.service import start
from governance.kinds import ItemView, Outcome, OutcomeState
from tests.real import estate
from tests.real.estate import bare, eventually, look, overrides, partitions, settled, unique
from tests.stack_plugin import KafkaAccess
from topics.errors import ClusterError
from topics.kinds.topic.spec import TopicSpec
from topics.models import Cluster, DeclaredTopic, Drift, ObservedTopic
from topics.services import apply, clusters, observe, rehearse

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]
OPEN = {OutcomeState.RETRY, OutcomeState.UNKNOWN}
DONE = {OutcomeState.APPLIED, OutcomeState.UNCHANGED}


class OwnBroker:
    """A broker of these tests alone, which they may stop as they like."""

    def __init__(self, folder: Path) -> None:
        self.folders = Folders(folder)
        self.folders.make()
        first = ports.free_block(3)[0]
        self.kafka = Kafka(folder / "kafka", first, "admin-secret", "controller-secret", "256m")
        self.child: Child = start(self.kafka, self.folders)

    @property
    def access(self) -> KafkaAccess:
        return KafkaAccess(self.kafka.bootstrap, self.kafka.clients, ADMIN, self.kafka.password)

    def freeze(self) -> None:
        os.kill(self.child.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.child.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        os.kill(self.child.process.pid, signal.SIGKILL)
        self.child.process.wait(30)

    def restart(self) -> None:
        self.child = start(self.kafka, self.folders)

    def stop(self) -> None:
        if self.child.alive():
            self.thaw()
        children.stop([self.child])


@pytest.fixture(scope="module")
def broker() -> Iterator[OwnBroker]:
    with tempfile.TemporaryDirectory(prefix="weir-faults-") as folder:
        own = OwnBroker(Path(folder))
        try:
            yield own
        finally:
            own.stop()


@pytest.fixture
def cluster(broker: OwnBroker, settings: Settings) -> Cluster:
    settings.LEASE_TTL = timedelta(seconds=4)  # so that a batch times out after 1.2 s
    cluster = estate.register(broker.access)
    # It may still be coming back from what the test before did to it.
    eventually(lambda: observe.observe_cluster(cluster.pk), within=60)
    cluster.refresh_from_db()
    clusters.connect(cluster)
    return cluster


def states(outcomes: Mapping[str, Outcome]) -> set[OutcomeState]:
    return {outcome.state for outcome in outcomes.values()}


def bring_in_the_end(asked: Sequence[ItemView]) -> None:
    """Declares and applies; batches are so short here that a busy machine may need a second try."""
    estate.declare(asked)
    eventually(lambda: states(estate.apply(asked)) <= DONE, within=60)


def test_a_creation_that_timed_out_is_unknown_until_it_was_read_again(
    broker: OwnBroker, cluster: Cluster
) -> None:
    ready, names = unique("ready"), [unique("frozen") for _ in range(5)]
    bring_in_the_end([estate.item(cluster, ready)])
    asked = estate.items(cluster, names, configs={"retention.ms": "7d"})
    estate.declare(asked)
    outcomes: dict[str, Outcome] = {}

    def settle(batch: Mapping[str, Outcome]) -> None:
        # What needs nothing is settled between the plan and the first batch: freeze there.
        if ready in batch:
            broker.freeze()
        outcomes.update(batch)

    try:
        apply.bring(cluster, [ready, *names], settle)
        assert outcomes.pop(ready).state is OutcomeState.UNCHANGED
        assert states(outcomes) == {OutcomeState.UNKNOWN}
        assert "may have been done" in outcomes[names[0]].message
    finally:
        broker.thaw()
    assert not DeclaredTopic.objects.filter(
        cluster=cluster, name__in=names, last_applied__isnull=False
    )

    def settled() -> bool:
        outcomes.update(estate.apply(asked))
        return states(outcomes) <= DONE

    eventually(settled, within=60)
    with bare(broker.access) as reader:
        expected = {name: {"retention.ms": "604800000"} for name in names}
        eventually(lambda: {name: overrides(reader, name) for name in names} == expected)


def test_a_frozen_cluster_cannot_say_what_it_would_refuse_and_that_is_no_refusal(
    broker: OwnBroker, cluster: Cluster
) -> None:
    broker.freeze()
    try:
        with pytest.raises(ClusterError) as failed:
            rehearse.refusals(cluster, {unique(): TopicSpec(1, 1)})
    finally:
        broker.thaw()
    assert failed.value.retryable
    assert "nothing was changed" in failed.value.message


def test_a_frozen_cluster_is_unreachable_and_its_rows_stay(
    broker: OwnBroker, cluster: Cluster
) -> None:
    name = unique()
    bring_in_the_end([estate.item(cluster, name)])
    broker.freeze()
    try:
        assert not observe.observe_cluster(cluster.pk)
    finally:
        broker.thaw()
    cluster.refresh_from_db()
    assert not cluster.reachable
    assert cluster.error
    assert ObservedTopic.objects.filter(cluster=cluster, name=name).exists()
    eventually(lambda: observe.observe_cluster(cluster.pk), within=60)
    cluster.refresh_from_db()
    assert cluster.reachable
    assert cluster.error == ""


def test_a_broker_that_was_killed_is_waited_for(broker: OwnBroker, cluster: Cluster) -> None:
    names = [unique("killed") for _ in range(20)]
    asked = estate.items(cluster, names, partitions=2)
    estate.declare(asked)
    broker.kill()
    outcomes = estate.apply(asked)
    assert states(outcomes) <= OPEN
    assert outcomes.keys() == set(names)
    broker.restart()

    def settled() -> bool:
        outcomes.update(estate.apply(asked))
        return states(outcomes) <= DONE

    eventually(settled, within=60)
    with bare(broker.access) as reader:
        eventually(lambda: {partitions(reader, name) for name in names} == {2})


def test_a_default_of_the_broker_that_changes_is_no_drift(
    broker: OwnBroker, cluster: Cluster
) -> None:
    name = unique("drift")
    bring_in_the_end([estate.item(cluster, name, configs={"retention.ms": "7d"})])
    change = {"message.max.bytes": "1048600"}
    with bare(broker.access) as client:
        client.alter_configs([ConfigResource(ConfigResourceType.BROKER, "1", change)])

    def shows() -> bool:
        look(cluster)
        cluster.refresh_from_db()
        return bool(cluster.default_configs["max.message.bytes"]["value"] == "1048600")

    eventually(shows)
    eventually(lambda: settled(cluster, name))
    assert not Drift.objects.filter(cluster=cluster, name=name).exists()
