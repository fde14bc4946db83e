"""What takes a change of a topic back, key by key."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import Problem
from governance.kinds import Undone
from topics.kinds.topic.about import NEW, SILENT, About
from topics.kinds.topic.reason import ReasonKind, RetentionReason
from topics.kinds.topic.spec import TopicSpec, from_json
from topics.kinds.topic.undo import undo_change


def spec(partitions: int = 6, **configs: str) -> TopicSpec:
    return TopicSpec(partitions, 3, {k.replace("_", "."): v for k, v in configs.items()})


@pytest.mark.parametrize(
    ("before", "after", "now", "asked", "notes"),
    [
        (spec(retention_ms="1"), spec(retention_ms="2"), spec(retention_ms="2"),
         spec(retention_ms="1"), ""),
        (spec(), spec(retention_ms="2"), spec(retention_ms="2"), spec(), ""),
        (spec(retention_ms="1"), spec(), spec(), spec(retention_ms="1"), ""),
        (spec(6, retention_ms="1"), spec(12, retention_ms="2"), spec(12, retention_ms="2"),
         spec(12, retention_ms="1"), "12 partitions stay"),
        (spec(retention_ms="1"), spec(retention_ms="2"), spec(retention_ms="2", a_b="new"),
         spec(retention_ms="1", a_b="new"), ""),
        (spec(retention_ms="1", c_d="1"), spec(retention_ms="2", c_d="2"),
         spec(retention_ms="9", c_d="2"), spec(retention_ms="9", c_d="1"),
         "retention.ms was changed since, to 9"),
    ],
)  # fmt: skip
def test_it_goes_back_and_leaves_what_others_did(
    before: TopicSpec, after: TopicSpec, now: TopicSpec, asked: TopicSpec, notes: str
) -> None:
    undone = undo_change("t", before=before, after=after, now=now)
    assert isinstance(undone, Undone)
    assert undone.operation == "alter"
    assert undone.after == asked.as_json()
    assert notes in " ".join(undone.notes)
    assert bool(notes) == bool(undone.notes)


@pytest.mark.parametrize(
    ("before", "after", "now", "words"),
    [
        (None, spec(), spec(), "was created"),
        (spec(6), spec(12), spec(12), "never taken away"),
        (spec(), spec(retention_ms="1"), None, "not declared any more"),
        (spec(), spec(retention_ms="1"), spec(), "declared as it was before already"),
        (spec(), spec(retention_ms="1"), spec(retention_ms="5"), "changed since"),
    ],
)
def test_what_cannot_be_taken_back_says_why(
    before: TopicSpec | None, after: TopicSpec, now: TopicSpec | None, words: str
) -> None:
    why = undo_change("t", before=before, after=after, now=now)
    assert isinstance(why, Problem)
    assert words in why.message


configs = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["1", "2"]))


@given(configs, configs)
def test_without_anything_since_all_keys_are_as_before(
    before: dict[str, str], after: dict[str, str]
) -> None:
    was, became = TopicSpec(3, 1, before), TopicSpec(3, 1, after)
    undone = undo_change("t", before=was, after=became, now=became)
    if before == after:
        assert isinstance(undone, Problem)
    else:
        assert isinstance(undone, Undone)
        assert from_json(undone.after).as_json() == was.as_json()


PERSONAL = About("personal", "", {})
NOW = datetime(2027, 1, 1, tzinfo=UTC)
HELD = RetentionReason(ReasonKind.AUDIT, "Of 2026", None, NOW + timedelta(days=1), "1")
OTHER = replace(HELD, kind=ReasonKind.REPLAY)


def said(about: About = SILENT, why: RetentionReason | None = None, **configs: str) -> TopicSpec:
    overrides = {key.replace("_", "."): value for key, value in configs.items()}
    return TopicSpec(6, 3, overrides, about, why)


@pytest.mark.parametrize(
    ("before", "after", "now", "about", "reason", "notes"),
    [
        # A class alone goes back, unless somebody said another one since.
        (said(NEW), said(About("personal")), said(PERSONAL), NEW, None, ""),
        (said(NEW), said(About("personal"), retention_ms="2"),
         said(About("sensitive", "", {}), retention_ms="2"),
         About("sensitive", "", {}), None, "changed since"),
        # The reason goes and comes with its value.
        (said(NEW, retention_ms="1"), said(why=HELD, retention_ms="9"),
         said(NEW, HELD, retention_ms="9"), NEW, None, ""),
        (said(NEW, HELD, retention_ms="9"), said(retention_ms="1"), said(NEW, retention_ms="1"),
         NEW, HELD, ""),
        (said(NEW, HELD, retention_ms="9"), said(why=OTHER, retention_ms="9"),
         said(NEW, OTHER, retention_ms="9"), NEW, HELD, ""),
        (said(NEW, retention_ms="1"), said(About("personal"), HELD, retention_ms="9"),
         said(PERSONAL, OTHER, retention_ms="5"), NEW, OTHER, "retention.ms was changed since"),
    ],
)  # fmt: skip
def test_what_is_said_of_it_and_why_goes_back_too(
    before: TopicSpec, after: TopicSpec, now: TopicSpec, about: About,
    reason: RetentionReason | None, notes: str,
) -> None:  # fmt: skip
    undone = undo_change("t", before=before, after=after, now=now, time=NOW)
    assert isinstance(undone, Undone)
    asked = from_json(undone.after)
    assert (asked.about, asked.reason) == (about, reason)
    assert notes in " ".join(undone.notes)


def test_a_reason_whose_end_is_over_does_not_come_back() -> None:
    before, now = said(NEW, HELD, retention_ms="9"), said(NEW, retention_ms="2")
    late = HELD.ends_at
    undone = undo_change("t", before=before, after=said(retention_ms="2"), now=now, time=late)
    assert isinstance(undone, Undone)
    assert from_json(undone.after).reason is None


def test_a_value_whose_time_is_over_comes_back_as_what_was_agreed_on_for_then() -> None:
    over = RetentionReason(ReasonKind.AUDIT, "", None, NOW_OVER - timedelta(days=1), "700")
    before = TopicSpec(6, 3, {"retention.ms": "9000"}, reason=over)
    made = TopicSpec(6, 3, {"retention.ms": "5000"})
    undone = undo_change("t", before=before, after=made, now=made, time=NOW_OVER)
    assert isinstance(undone, Undone)
    asked = from_json(undone.after)
    assert (asked.configs, asked.reason) == ({"retention.ms": "700"}, None)
    assert "is over: it becomes 700" in " ".join(undone.notes)
    # A renewal that is taken back after the end of what it renewed.
    renewed = replace(before, reason=replace(over, ends_at=NOW_OVER + timedelta(days=9)))
    undone = undo_change("t", before=before, after=renewed, now=renewed, time=NOW_OVER)
    assert isinstance(undone, Undone)
    assert from_json(undone.after).configs == {"retention.ms": "700"}
    # Another change beside it, and a retention that somebody asked for anew, without a reason.
    other = replace(before, configs={"retention.ms": "9000", "a": "1"})
    kept = replace(other, reason=None)
    undone = undo_change("t", before=before, after=other, now=kept, time=NOW_OVER)
    assert isinstance(undone, Undone)
    assert from_json(undone.after).configs == {"retention.ms": "9000"}


NOW_OVER = datetime(2027, 1, 1, tzinfo=UTC)
