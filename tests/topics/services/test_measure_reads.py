"""What brokers' answers are put together to, when one of them does not answer as it should."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from kafka.protocol.admin import ListGroupsRequest
from kafka.protocol.consumer import ListOffsetsRequest, OffsetFetchRequest
from kafka.protocol.metadata import FindCoordinatorRequest

from topics.errors import ClusterError, Fault
from topics.kafka.client import KafkaAdmin
from topics.kafka.measures import MeasureCalls
from topics.kafka.values import Timeouts
from topics.measures.reading import Ends
from topics.services import measure_reads

AWAY = ClusterError("Broker 2 does not answer.", fault=Fault.RETRY)


class Brokers(MeasureCalls):
    """Two brokers' side of the wire: one of the group `here`, and one that may be away."""

    def __init__(self, *, coordinator: int = 0, away: frozenset[int] = frozenset()) -> None:
        self.timeouts = Timeouts()
        self.coordinator = coordinator
        self.away = away

    def _calls(
        self, requests: Any, timeout_ms: int, *, changes: bool = False, node: int | None = None
    ) -> list[Any]:
        if node in self.away:
            raise AWAY
        return [self._answer(request, node) for request in requests]

    def _answer(self, request: Any, node: int | None) -> Any:
        if isinstance(request, ListGroupsRequest):
            here = SimpleNamespace(group_id="here", group_state="Stable", group_type="classic")
            return SimpleNamespace(error_code=0, groups=[here] if node == 1 else [])
        if isinstance(request, FindCoordinatorRequest):
            return SimpleNamespace(coordinators=[
                SimpleNamespace(
                    key=key, node_id=1 if key == "here" else 2, error_message=None,
                    error_code=0 if key == "here" else self.coordinator,
                )
                for key in request.coordinator_keys
            ])  # fmt: skip
        if isinstance(request, OffsetFetchRequest):
            return SimpleNamespace(groups=[
                SimpleNamespace(
                    group_id=group.group_id, error_code=0 if node == 1 else 69,
                    topics=[topic("t", committed_offset=5)] if node == 1 else [],
                )
                for group in request.groups
            ])  # fmt: skip
        assert isinstance(request, ListOffsetsRequest)
        return SimpleNamespace(topics=[
            topic(asked.name, one.partition_index, offset=7)
            for asked in request.topics
            for one in asked.partitions
        ])  # fmt: skip


def topic(name: str, index: int = 0, **told: int) -> SimpleNamespace:
    one = SimpleNamespace(partition_index=index, error_code=0, **told)
    return SimpleNamespace(name=name, partitions=[one])


def read(brokers: Brokers) -> measure_reads.Groups:
    return measure_reads.groups(
        cast(KafkaAdmin, brokers), [1, 2], {"t"}, may_list=True, stored={"here", "gone"}
    )


@pytest.mark.parametrize(
    ("brokers", "error"),
    [
        (Brokers(), ""),  # its coordinator says that there is no such group
        (Brokers(coordinator=15), "Of 1 group the positions are not told. Group gone: The coord"),
        (Brokers(coordinator=14), "Of 1 group the positions are not told. Group gone:"),
    ],
)
def test_a_group_that_is_not_listed_is_gone_only_where_its_coordinator_says_so(
    brokers: Brokers, error: str
) -> None:
    found = read(brokers)
    assert found.positions == {"t": {"here": {0: 5}}}
    assert found.error.startswith(error) if error else not found.error


def test_a_coordinator_that_is_away_leaves_the_others_known() -> None:
    brokers = Brokers(away=frozenset({2}))
    found = measure_reads.groups(
        cast(KafkaAdmin, brokers), [1], {"t"}, may_list=True, stored={"gone"}
    )
    assert found.positions == {"t": {"here": {0: 5}}}
    assert found.error == f"Of 1 group the positions are not told. {AWAY.message}"


def test_a_leader_that_is_away_takes_its_own_partitions_alone() -> None:
    brokers = cast(KafkaAdmin, Brokers(away=frozenset({2})))
    leaders = {("t", 0): 1, ("t", 1): 2, ("u", 0): 1}
    found, error = measure_reads.ends(brokers, leaders, ())
    assert found == {("t", 0): Ends(7, 7), ("u", 0): Ends(7, 7)}
    assert error == f"Offsets could not be read of every partition. {AWAY.message}"
    assert measure_reads.ends(brokers, {("t", 0): 1}, ()) == ({("t", 0): Ends(7, 7)}, "")
