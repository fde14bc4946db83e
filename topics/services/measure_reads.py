"""What a cluster tells of sizes, offsets and groups, put together from its brokers' answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from topics.errors import ClusterError, Fault
from topics.kafka.client import KafkaAdmin
from topics.kafka.measures import END, LAST_REMOTE, LOCAL_START, START, Layout
from topics.kafka.values import Partition
from topics.measures.reading import Ends, Size

log = structlog.get_logger(__name__)

MOST_GROUPS: Final = 20_000
LONGEST_NAME: Final = 1_000  # of a group; brokers allow 32 KiB

Positions = dict[str, dict[str, dict[int, int]]]  # topic → group → partition → offset


@dataclass(slots=True)
class Groups:
    """What groups have read: their positions by topic, their states, and why that is not all."""

    positions: Positions = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    error: str = ""


def groups(
    client: KafkaAdmin,
    brokers: Sequence[int],
    wanted: Collection[str],
    *,
    may_list: bool,
    stored: Collection[str] = (),
) -> Groups:
    """All groups' positions in the wanted topics. Without the right to list groups a list shows a
    part at most, and says nothing of it. Nor does it show those whose coordinator is away: so the
    `stored` groups, which were there once, are asked for by name."""
    if not may_list:
        return Groups(error="Weir may not see which groups there are: its principal lacks "
                            "Describe on the cluster.")  # fmt: skip
    found = Groups()
    try:
        listed = client.groups(brokers)
        names = [one.name for one in listed if _readable(one.name) and one.kind != "share"]
        readable = set(names)
        asked = [*names, *sorted(set(stored) - {one.name for one in listed})]
        if len(asked) > MOST_GROUPS:
            found.error = f"The cluster has {len(asked):,} groups, more than are read at once."
            return found
        found.states = {one.name: one.state for one in listed if one.name in readable}
        answers = client.committed(asked, wanted) if asked else {}
    except ClusterError as error:
        return Groups(error=f"Groups could not be read. {error.message}")
    refused = [answer for answer in answers.values() if isinstance(answer, ClusterError)]
    for group, answer in answers.items():
        if not isinstance(answer, ClusterError):
            for (topic, index), position in answer.items():
                found.positions.setdefault(topic, {}).setdefault(group, {})[index] = position
    found.error = _why_not_all(refused, hidden=len(listed) - len(names))
    return found


def _readable(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and "\x00" not in name


def _why_not_all(refused: Sequence[ClusterError], *, hidden: int) -> str:
    # One that is gone since it was listed reads nothing.
    unknown = [error for error in refused if error.fault is not Fault.GONE]
    denied = [error for error in unknown if error.fault is Fault.DENIED]
    if denied:
        return (
            f"The positions of {_groups(len(denied))} are hidden: "
            "give Weir's principal Describe on all groups."
        )
    if unknown:
        return f"Of {_groups(len(unknown))} the positions are not told. {unknown[0].message}"
    if hidden:
        return f"Of {_groups(hidden)} Weir cannot read the positions: they are kept another way."
    return ""


def _groups(count: int) -> str:
    return f"{count:,} group{'' if count == 1 else 's'}"


def ends(
    client: KafkaAdmin, leaders: Mapping[Partition, int], tiered: Collection[str], error: str = ""
) -> tuple[dict[Partition, Ends], str]:
    """Where partitions begin and end, and why that is unknown of some: a leader that does not
    answer takes nothing from what the others say."""
    failed: dict[int, ClusterError] = {}
    # Starts first: between the two reads an end can only move away from its start.
    starts = client.offsets(dict.fromkeys(leaders, START), leaders, failed)
    ends = client.offsets(dict.fromkeys(starts, END), leaders, failed)
    if failed:
        first = next(iter(failed.values()))
        error = error or f"Offsets could not be read of every partition. {first.message}"
    remote = [partition for partition in ends if partition[0] in tiered]
    local_starts: dict[Partition, int] = {}
    last_remote: dict[Partition, int] = {}
    if remote:
        try:
            local_starts = client.offsets(dict.fromkeys(remote, LOCAL_START), leaders)
            last_remote = client.offsets(dict.fromkeys(remote, LAST_REMOTE), leaders)
        except ClusterError as error:  # a broker that is too old to say
            log.info("remote_offsets_unknown", error=error.message)
    return {
        one: Ends(starts[one], ends[one], local_starts.get(one), last_remote.get(one))
        for one in ends
    }, error


def sizes(client: KafkaAdmin, layout: Layout, error: str) -> tuple[dict[Partition, Size], str]:
    """Bytes by partition, and why some are unknown. Each broker tells of its own copies."""
    of_broker: dict[int, list[Partition]] = {}
    for name, partitions in layout.items():
        for index, found in partitions.items():
            for broker in found.replicas:
                of_broker.setdefault(broker, []).append((name, index))
    told: dict[int, dict[Partition, int]] = {}
    for broker, copies_there in sorted(of_broker.items()):
        try:
            told[broker] = client.sizes(broker, copies_there)
        except ClusterError as failed:
            error = error or f"Sizes could not be read. {failed.message}"
    sizes = {}
    for name, partitions in layout.items():
        for index, found in partitions.items():
            one = (name, index)
            copies = [told.get(broker, {}).get(one) for broker in found.replicas]
            known = [size for size in copies if size is not None]
            whole = bool(copies) and len(known) == len(copies)
            leader = told.get(found.leader, {}).get(one)
            sizes[one] = Size(leader, sum(known) if whole else None)
    return sizes, error
