"""Who loses records that she has not read when less is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from topics.kinds.topic.losses import losses
from topics.kinds.topic.volume import Kept
from topics.measures.values import Measured, Reader

HOUR = 3_600_000
WEEK = Kept(frozenset({"delete"}), 168 * HOUR, -1, -2, -2, False, 4, 3)
DAY = replace(WEEK, retention_ms=24 * HOUR)
SMALL = replace(WEEK, retention_bytes=1_000)
COMPACT = replace(WEEK, policy=frozenset({"compact"}))
UNLIMITED = replace(WEEK, retention_ms=-1)

DONE = Reader("done", 0)
NEAR = Reader("near", 5, 2 * HOUR, 500, ("billing",))
FAR = Reader("far", 900, 30 * HOUR, 5_000, ("billing",))
LOST = Reader("lost", 7)  # nobody knows how far behind
ALL = (DONE, NEAR, FAR, LOST)


@pytest.mark.parametrize(
    ("before", "after", "shrinks", "groups"),
    [
        (WEEK, DAY, True, ["far", "lost"]),
        (UNLIMITED, DAY, True, ["far", "lost"]),
        (WEEK, SMALL, True, ["far", "lost"]),
        (WEEK, COMPACT, True, ["near", "far", "lost"]),  # older values of a key go
        (COMPACT, DAY, True, ["far", "lost"]),  # nothing was deleted for its age until now
        (COMPACT, UNLIMITED, False, []),
        (DAY, WEEK, False, []),
        (DAY, UNLIMITED, False, []),
        (WEEK, replace(WEEK, partitions=8), False, []),
        (WEEK, replace(WEEK, policy=frozenset({"compact", "delete"})), True,
         ["near", "far", "lost"]),
        (WEEK, replace(WEEK, retention_ms=None), True, ["near", "far", "lost"]),
        (replace(WEEK, retention_ms=None), DAY, True, ["far", "lost"]),
        (replace(WEEK, retention_ms=None), UNLIMITED, False, []),
    ],
)  # fmt: skip
def test_groups(before: Kept, after: Kept, shrinks: bool, groups: list[str]) -> None:
    found = losses(before, after, Measured(readers=ALL, unknown=""))
    assert found.shrinks is shrinks
    assert [loss.reader.group for loss in found.groups] == groups
    assert found.unknown == ""


def test_each_says_how_far_it_is() -> None:
    found = losses(WEEK, DAY, Measured(readers=ALL, unknown=""))
    assert [loss.text for loss in found.groups] == [
        "far is 1 d 6 h behind, 900 records unread",
        "lost has 7 records unread, and how old they are is not known",
    ]


def test_old_measures_name_nobody_and_say_that_nobody_knows() -> None:
    old = Measured(readers=ALL, unknown="It was measured 90 minutes ago.", stale=True)
    found = losses(WEEK, DAY, old)
    assert found.shrinks
    assert found.groups == ()
    assert found.unknown == old.unknown
    assert losses(DAY, WEEK, old).unknown == ""  # who keeps more asks nobody


def test_hidden_groups_are_unknown_beside_those_that_are_seen() -> None:
    found = losses(WEEK, DAY, Measured(readers=ALL, unknown="2 groups are hidden."))
    assert [loss.reader.group for loss in found.groups] == ["far", "lost"]
    assert found.unknown == "2 groups are hidden."


def test_what_only_remote_storage_holds_goes_with_it() -> None:
    tiered = replace(WEEK, tiered=True)
    assert "remote" in losses(tiered, WEEK, Measured(readers=ALL, unknown="")).unknown
