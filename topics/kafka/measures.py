"""Sizes, offsets and groups of a cluster, read over the wire classes.

Each of these is known to one broker alone: sizes to the broker that holds the replica, offsets to
the partition's leader, a group's position to its coordinator. What one broker does not answer is
missing from the result, never 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from kafka.protocol.admin import DescribeLogDirsRequest, ListGroupsRequest
from kafka.protocol.consumer import ListOffsetsRequest, OffsetFetchRequest
from kafka.protocol.metadata import FindCoordinatorRequest, MetadataRequest

from topics.errors import ClusterError
from topics.kafka.connection import Connection
from topics.kafka.errors import fault_of
from topics.kafka.values import Group, Partition, PartitionFacts

# Times that are no time, as the protocol has them.
END: Final = -1
START: Final = -2
LOCAL_START: Final = -4  # of what the leader has itself, beside remote storage
LAST_REMOTE: Final = -5

TOPICS_A_READ: Final = 2_000
PARTITIONS_A_READ: Final = 5_000
GROUPS_A_READ: Final = 500

T = TypeVar("T")
Layout = dict[str, dict[int, PartitionFacts]]


class MeasureCalls(Connection):
    """What a cluster holds, and how far groups have read it."""

    def layout(self, names: Sequence[str]) -> Layout:
        """Leader and replicas of each partition of these topics; one that is not there is left out.

        A partition without a leader has the leader -1.
        """
        requests = [
            MetadataRequest(
                topics=[MetadataRequest.MetadataRequestTopic(name=name) for name in part],
                allow_auto_topic_creation=False,
            )
            for part in _parts(names, TOPICS_A_READ)
        ]
        return {
            topic.name: {
                found.partition_index: PartitionFacts(found.leader_id, tuple(found.replica_nodes))
                for found in topic.partitions
            }
            for answer in self._calls(requests, self.timeouts.read_ms)
            for topic in answer.topics
            if topic.error_code in (0, 5)
        }

    def sizes(self, broker: int, partitions: Collection[Partition]) -> dict[Partition, int]:
        """Bytes that this broker holds of each of these partitions. Raises ClusterError."""
        found: dict[Partition, int] = {}
        requests = [
            DescribeLogDirsRequest(topics=list(_log_dir_topics(part)))
            for part in _parts(sorted(partitions), PARTITIONS_A_READ)
        ]
        for answer in self._calls(requests, self.timeouts.read_ms, node=broker):
            # A denied read has its error here, or before version 3 no directory at all.
            about = f"Sizes on broker {broker}"
            if fault := fault_of(getattr(answer, "error_code", 0) or 0, None, about=about):
                raise fault
            if not answer.results:
                raise _nothing_told(broker)
            for directory in answer.results:
                if fault := fault_of(directory.error_code, None, about=about):
                    raise fault
                for topic in directory.topics:
                    for one in topic.partitions:
                        if not one.is_future_key:  # a copy that is being moved between disks
                            found[topic.name, one.partition_index] = one.partition_size
        return found

    def offsets(
        self,
        times: Mapping[Partition, int],
        leaders: Mapping[Partition, int],
        failed: dict[int, ClusterError] | None = None,
    ) -> dict[Partition, int]:
        """For each partition the first offset at or after that time in milliseconds, or what a time
        below 0 stands for; -1 where no record is as young. A partition whose leader did not answer,
        or has just moved, is left out; `failed` is told of leaders that did not answer, and without
        it that is raised."""
        by_leader: dict[int, list[Partition]] = {}
        for partition in sorted(times):
            if leaders.get(partition, -1) >= 0:
                by_leader.setdefault(leaders[partition], []).append(partition)
        found: dict[Partition, int] = {}
        for leader, partitions in by_leader.items():
            requests = [
                ListOffsetsRequest(
                    topics=list(_offset_topics(part, times)),
                    min_version=max(_VERSION_FOR.get(times[one], 1) for one in part),
                )
                for part in _parts(partitions, PARTITIONS_A_READ)
            ]
            try:
                answers = self._calls(requests, self.timeouts.read_ms, node=leader)
            except ClusterError as error:
                if failed is None:
                    raise
                failed[leader] = error
                continue
            for answer in answers:
                for topic in answer.topics:
                    for one in topic.partitions:
                        if one.error_code == 0:
                            found[topic.name, one.partition_index] = one.offset
        return found

    def groups(self, brokers: Iterable[int]) -> list[Group]:
        """All groups that Weir may see. Raises ClusterError where a broker does not tell."""
        found = []
        for broker in brokers:
            (answer,) = self._calls([ListGroupsRequest()], self.timeouts.read_ms, node=broker)
            if fault := fault_of(answer.error_code, None, about=f"Groups on broker {broker}"):
                raise fault
            found += [
                Group(
                    one.group_id,
                    (getattr(one, "group_state", "") or "").lower(),
                    (getattr(one, "group_type", "") or "").lower(),
                )
                for one in answer.groups
            ]
        return found

    def committed(
        self, groups: Sequence[str], wanted: Collection[str]
    ) -> dict[str, dict[Partition, int] | ClusterError]:
        """The position of each group in the `wanted` topics, where it has one; its error where the
        group does not tell."""
        found: dict[str, dict[Partition, int] | ClusterError] = {}
        by_coordinator: dict[int, list[str]] = {}
        for part in _parts(groups, GROUPS_A_READ):
            request = FindCoordinatorRequest(key_type=0, coordinator_keys=list(part), min_version=4)
            (answer,) = self._calls([request], self.timeouts.read_ms)
            for one in answer.coordinators:
                about = f"Group {one.key}"
                if fault := fault_of(one.error_code, one.error_message, about=about):
                    found[one.key] = fault
                else:
                    by_coordinator.setdefault(one.node_id, []).append(one.key)
        for node, names in by_coordinator.items():
            for part in _parts(names, GROUPS_A_READ):
                try:
                    (answer,) = self._calls([_fetch(part)], self.timeouts.read_ms, node=node)
                except ClusterError as error:  # one coordinator is away: the others tell
                    found.update(dict.fromkeys(part, error))
                    continue
                for group in answer.groups:
                    found[group.group_id] = _positions(group, wanted)
        return found


_VERSION_FOR: Final[Mapping[int, int]] = {LOCAL_START: 8, LAST_REMOTE: 9}


def _nothing_told(broker: int) -> ClusterError:
    fault = fault_of(31, None, about=f"Sizes on broker {broker}")
    assert fault is not None  # noqa: S101  # 31 is no success
    return fault


def _by_topic(partitions: Sequence[Partition]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, index in partitions:
        found.setdefault(name, []).append(index)
    return found


def _log_dir_topics(partitions: Sequence[Partition]) -> Iterator[Any]:
    for name, indexes in _by_topic(partitions).items():
        yield DescribeLogDirsRequest.DescribableLogDirTopic(topic=name, partitions=indexes)


def _offset_topics(
    partitions: Sequence[Partition], times: Mapping[Partition, int]
) -> Iterator[Any]:
    topic = ListOffsetsRequest.ListOffsetsTopic
    for name, indexes in _by_topic(partitions).items():
        yield topic(
            name=name,
            partitions=[
                topic.ListOffsetsPartition(partition_index=index, timestamp=times[name, index])
                for index in indexes
            ],
        )


def _fetch(groups: Sequence[str]) -> Any:
    # From version 9 on topics are asked for by their ids.
    one = OffsetFetchRequest.OffsetFetchRequestGroup
    return OffsetFetchRequest(
        groups=[one(group_id=name, topics=None) for name in groups], min_version=8, max_version=8
    )


def _positions(group: Any, wanted: Collection[str]) -> dict[Partition, int] | ClusterError:
    if fault := fault_of(group.error_code, None, about=f"Group {group.group_id}"):
        return fault
    return {
        (topic.name, one.partition_index): one.committed_offset
        for topic in group.topics
        if topic.name in wanted
        for one in topic.partitions
        if one.error_code == 0 and one.committed_offset >= 0
    }


def _parts(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
