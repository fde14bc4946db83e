"""From answers about partitions to what is kept; what is missing stays unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from topics.measures.reading import Ends, Size, Topic, Unread, digest, unread

PLAIN = Topic(
    "t",
    ends={0: Ends(10, 30), 1: Ends(0, 80)},
    sizes={0: Size(2_000, 6_000), 1: Size(8_000, 24_000)},
    partitions=2,
)
TIERED = Topic(
    "t",
    ends={0: Ends(0, 100, local_start=60, last_remote=79)},
    sizes={0: Size(4_000, 12_000)},
    partitions=1,
    tiered=True,
)


def test_of_a_plain_topic() -> None:
    assert PLAIN.complete
    assert (PLAIN.end_offset, PLAIN.records) == (110, 100)
    assert (PLAIN.leader_bytes, PLAIN.local_bytes, PLAIN.remote_bytes) == (10_000, 30_000, 0)
    assert PLAIN.record_bytes == 100
    assert PLAIN.unread_bytes(0, 5) == 500


def test_remote_storage_is_reckoned_from_the_offsets_it_holds() -> None:
    assert TIERED.record_bytes == 100  # of the forty records that the leader has itself
    assert TIERED.remote_bytes == 8_000
    assert TIERED.local_bytes == 12_000


@pytest.mark.parametrize(
    ("topic", "unknown"),
    [
        (replace(PLAIN, sizes={0: Size(2_000, 6_000)}), ("leader_bytes", "local_bytes")),
        (
            replace(PLAIN, sizes={0: Size(1, None), 1: Size(1, 3)}),
            ("local_bytes",),  # one broker with a copy did not answer
        ),
        (replace(PLAIN, compacted=True), ("record_bytes",)),
        (replace(TIERED, ends={0: Ends(0, 100)}), ("record_bytes", "remote_bytes")),
        (replace(TIERED, sizes={}), ("leader_bytes", "local_bytes", "remote_bytes")),
        (replace(PLAIN, ends={0: Ends(5, 5), 1: Ends(5, 5)}), ("record_bytes",)),
    ],
)
def test_what_was_not_answered_is_unknown_and_never_0(
    topic: Topic, unknown: tuple[str, ...]
) -> None:
    for name in unknown:
        assert getattr(topic, name) is None, name


def test_a_topic_of_which_a_partition_did_not_answer_is_not_complete() -> None:
    assert not replace(PLAIN, ends={0: Ends(10, 30)}).complete
    assert not replace(PLAIN, ends={}, partitions=0).complete


def test_nothing_in_remote_storage_is_known_to_be_nothing() -> None:
    empty = replace(TIERED, ends={0: Ends(0, 0, 0, last_remote=-1)}, sizes={0: Size(0, 0)})
    assert empty.remote_bytes == 0


@pytest.mark.parametrize(
    ("position", "found"),
    [
        (30, Unread(30, 0)),
        (25, Unread(25, 5)),
        (3, Unread(10, 20)),  # what was before the start is gone already
        (99, Unread(99, 0)),  # the topic was made again
    ],
)
def test_unread(position: int, found: Unread) -> None:
    assert unread(PLAIN.ends, {0: position, 7: 1})[0] == found


def test_of_a_partition_without_a_position_a_group_that_reads_others_has_read_nothing() -> None:
    ends = {0: Ends(10, 30), 1: Ends(5, 9), 2: Ends(4, 4)}
    assert unread(ends, {0: 30}) == {0: Unread(30, 0), 1: Unread(5, 4), 2: Unread(4, 0)}
    assert unread(ends, {}) == {}


def test_a_digest_changes_only_with_what_is_unread() -> None:
    behind = digest({0: Unread(25, 5), 1: Unread(80, 0)})
    assert behind == digest({1: Unread(90, 0), 0: Unread(25, 9)})  # more came; it did not move
    assert behind != digest({0: Unread(26, 4), 1: Unread(80, 0)})
