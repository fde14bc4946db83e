"""What the broker would refuse: asked before anything is declared. And what remains when it refuses
after all, because it changed its mind in between."""

from __future__ import annotations

import pytest

from governance import kinds
from governance.kinds import OutcomeState
from governance.models import Request
from governance.services import pipeline, requests, reviews
from governance.services.items import NewItem
from governance.workflow import State
from tests.factories import Cast
from tests.real import estate
from tests.real.estate import bare, eventually, look, overrides, partitions, unique
from tests.stack_plugin import KafkaAccess
from topics import queries
from topics.kinds.topic.spec import TopicSpec
from topics.models import Cluster, DeclaredTopic, Drift, DriftState
from topics.services import drift, rehearse

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True)]
WEEK = str(7 * 86_400_000)
# A value that Weir's rules have nothing against; only the broker knows that it has no such storage.
TIERED = {"remote.storage.enable": "true"}


def ask(cast: Cast, cluster: Cluster, *wanted: tuple[str, str, dict[str, object]]) -> Request:
    """An approved request; each item is (operation, name, after)."""
    items = [NewItem("topic", op, name, cluster.slug, after) for op, name, after in wanted]
    draft = requests.create_draft(
        title="", reason="", team=cast.team, items=items, by=cast.requester
    )
    request = requests.submit(draft, by=cast.requester)
    return reviews.approve(request, by=cast.owner, revision=request.revision)


def work(request: Request) -> Request:
    """What workers do with it until they are done, pauses left out."""

    def ended() -> bool:
        Request.objects.filter(pk=request.pk).update(next_attempt_at=None)
        pipeline.advance(request.pk)
        request.refresh_from_db()
        return State(request.state) not in {State.APPROVED, State.RECHECKING, State.APPLYING}

    eventually(ended, within=60)
    return request


def test_a_creation_that_the_broker_would_refuse_goes_back_and_nothing_is_declared(
    cluster: Cluster, kafka: KafkaAccess, cast: Cast
) -> None:
    good, bad = unique(), unique()
    asked = ask(
        cast,
        cluster,
        ("create", good, {"partitions": 1}),
        ("create", bad, {"partitions": 1, "configs": TIERED}),
    )
    request = work(asked)
    assert request.state == State.CHANGES_REQUESTED
    assert bad in request.failure
    assert "Tiered Storage functionality is disabled" in request.failure
    finding = request.findings.get(stage="approve", item__name=bad, passed=False)
    assert finding.way_out
    assert not DeclaredTopic.objects.filter(cluster=cluster).exists()
    with bare(kafka) as reader:
        assert partitions(reader, good) == 0

    items = [NewItem("topic", "create", n, cluster.slug, {"partitions": 1}) for n in (good, bad)]
    requests.edit(
        request, title="", reason="", items=items, revision=request.revision, by=cast.requester
    )
    request = requests.submit(request, by=cast.requester)
    reviews.approve(request, by=cast.owner, revision=request.revision)
    assert work(request).state == State.APPLIED


def test_a_change_that_the_broker_would_refuse_leaves_the_topic_as_it_was(
    cluster: Cluster, kafka: KafkaAccess, cast: Cast
) -> None:
    name = unique()
    estate.bring([estate.item(cluster, name, configs={"retention.ms": "7d"})])
    with bare(kafka) as reader:
        eventually(lambda: overrides(reader, name) == {"retention.ms": WEEK})
        configs = {"retention.ms": "8d", **TIERED}
        request = work(ask(cast, cluster, ("alter", name, {"partitions": 3, "configs": configs})))
        assert request.state == State.CHANGES_REQUESTED
        assert "Tiered Storage functionality is disabled" in request.failure
        assert overrides(reader, name) == {"retention.ms": WEEK}
        assert partitions(reader, name) == 1
    row = DeclaredTopic.objects.get(cluster=cluster, name=name)
    assert (row.generation, row.configs) == (1, {"retention.ms": WEEK})

    # The next change inherits nothing of it.
    requests.withdraw(request, by=cast.requester)
    request = work(ask(cast, cluster, ("alter", name, {"partitions": 3})))
    assert request.state == State.APPLIED
    with bare(kafka) as reader:
        eventually(lambda: partitions(reader, name) == 3)


def test_asking_changes_nothing_and_what_only_a_fresh_read_can_tell_is_left_to_the_apply(
    cluster: Cluster, kafka: KafkaAccess
) -> None:
    new, appeared, gone = unique(), unique(), unique()
    estate.bring([estate.item(cluster, gone)])
    spec = TopicSpec(1, 1, {"retention.ms": WEEK})
    with bare(kafka) as reader:
        eventually(lambda: partitions(reader, gone) == 1)
        kinds.get("topic").observe(cluster.slug, [new, appeared, gone])
        reader.create_topics({appeared: {"num_partitions": 1, "replication_factor": 1}})
        reader.delete_topics([gone])
        eventually(lambda: partitions(reader, appeared) and not partitions(reader, gone))

        assert rehearse.refusals(cluster, dict.fromkeys([new, appeared, gone], spec)) == {}

        wide = TopicSpec(1, 9)
        refused = rehearse.refusals(cluster, {new: wide, appeared: spec})
        assert refused.keys() == {new}
        assert refused[new].wire_code == 38
        assert partitions(reader, new) == 0
        assert overrides(reader, appeared) == {}


# --- Declared, and refused all the same -------------------------------------------------------


@pytest.fixture
def ahead(cluster: Cluster, kafka: KafkaAccess) -> str:
    """A topic of which something was declared that the broker then refused."""
    name = unique("ahead")
    estate.bring([estate.item(cluster, name, partitions=2, configs={"retention.ms": "7d"})])
    with bare(kafka) as reader:
        eventually(lambda: overrides(reader, name) == {"retention.ms": WEEK})
    configs = {"retention.ms": "7d", **TIERED}
    outcome = estate.bring([estate.item(cluster, name, "alter", configs=configs)])[name]
    assert outcome.state is OutcomeState.FAILED
    return name


def test_its_other_keys_are_looked_after_and_put_back(
    cluster: Cluster, kafka: KafkaAccess, cast: Cast, ahead: str
) -> None:
    with bare(kafka) as reader:
        estate.set_config(reader, ahead, "retention.ms", "5000")
        eventually(lambda: overrides(reader, ahead) == {"retention.ms": "5000"})

        def found() -> bool:
            look(cluster)
            return Drift.objects.filter(cluster=cluster, name=ahead).exists()

        eventually(found)
        row = Drift.objects.get(cluster=cluster, name=ahead)
        assert row.key == "configs.retention.ms"
        drift.revert(row.pk, by=cast.owner)
        drift.do_revert(row.pk)
        row.refresh_from_db()
        assert row.state == DriftState.REVERTED
        eventually(lambda: overrides(reader, ahead) == {"retention.ms": WEEK})
    declared = DeclaredTopic.objects.get(cluster=cluster, name=ahead)
    assert (declared.generation, declared.last_applied_generation) == (2, 1)
    detail = queries.topic(cluster.slug, ahead)
    assert detail is not None
    assert detail.behind is not None
    assert [r.path for r in detail.behind.rows] == ["configs.remote.storage.enable"]


def test_a_retry_meets_the_brokers_words_again_and_going_back_ends_it(
    cluster: Cluster, kafka: KafkaAccess, cast: Cast, ahead: str
) -> None:
    # Any later change inherits it, is told so in the broker's words, and nothing is declared.
    request = work(ask(cast, cluster, ("alter", ahead, {"partitions": 3})))
    assert request.state == State.CHANGES_REQUESTED
    assert "Tiered Storage functionality is disabled" in request.failure
    requests.withdraw(request, by=cast.requester)

    current = kinds.get("topic").current(cluster.slug, ahead)
    assert current is not None
    assert current.applied is not None
    request = work(ask(cast, cluster, ("alter", ahead, dict(current.applied))))
    assert request.state == State.APPLIED
    declared = DeclaredTopic.objects.get(cluster=cluster, name=ahead)
    assert (declared.generation, declared.last_applied_generation) == (3, 3)
    detail = queries.topic(cluster.slug, ahead)
    assert detail is not None
    assert detail.behind is None
    with bare(kafka) as reader:
        assert overrides(reader, ahead) == {"retention.ms": WEEK}


def test_one_that_vanished_is_made_again_as_it_was_applied(
    cluster: Cluster, kafka: KafkaAccess, cast: Cast, ahead: str
) -> None:
    with bare(kafka) as reader:
        reader.delete_topics([ahead])
        eventually(lambda: partitions(reader, ahead) == 0)

        def found() -> bool:
            look(cluster)
            return Drift.objects.filter(cluster=cluster, name=ahead, key="").exists()

        eventually(found)
        row = Drift.objects.get(cluster=cluster, name=ahead, key="")
        drift.revert(row.pk, by=cast.owner)
        drift.do_revert(row.pk)
        eventually(lambda: partitions(reader, ahead) == 2)
        eventually(lambda: overrides(reader, ahead) == {"retention.ms": WEEK})
