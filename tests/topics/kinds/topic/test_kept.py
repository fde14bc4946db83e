"""Facts, rules and lines of the difference about what a topic holds and why it keeps it; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from governance.kinds import DiffRow
from topics.kinds.topic import kept_facts, kept_rows
from topics.kinds.topic.about import NEW, SILENT, About
from topics.kinds.topic.kept_rules import reason_fits
from topics.kinds.topic.place import Known, Place
from topics.kinds.topic.plan import Observed
from topics.kinds.topic.reason import DEFAULT, Limits, ReasonKind, RetentionReason
from topics.kinds.topic.spec import TopicSpec
from topics.profiles import table

DAY = 86_400_000
NOW = datetime(2027, 1, 1, tzinfo=UTC)
YEAR = str(365 * DAY)
LIMITS = Limits(30 * DAY, {"personal": 7 * DAY})
DEFAULTS = {
    "retention.ms": {"value": str(7 * DAY), "source": "default"},
    "cleanup.policy": {"value": "delete", "source": "default"},
}
PLACE = Place("main", table.get("apache-kafka"), 3, defaults=DEFAULTS, zone="Europe/Berlin",
              limits=LIMITS)  # fmt: skip
REASON = RetentionReason(ReasonKind.AUDIT, "Audit of 2026", timedelta(days=90), None, str(7 * DAY))
PERSONAL = About("personal", "", {})
NOTHING = Known(now=NOW)


def spec(reason: RetentionReason | None = None, about: About = SILENT, **configs: str) -> TopicSpec:
    overrides = {key.replace("_", "."): value for key, value in configs.items()}
    return TopicSpec(6, 3, overrides, about, reason)


@pytest.mark.parametrize(
    ("asked", "before", "expected"),
    [
        (spec(), None, {"data_class": "internal", "data_class_before": None,
                        "class_lowered": False, "retention_limit_ms": 30 * DAY}),
        (spec(about=About("personal")), None,
         {"data_class": "personal", "class_lowered": False, "retention_limit_ms": 7 * DAY}),
        (spec(), PERSONAL, {"data_class": "personal", "data_class_before": "personal",
                            "class_lowered": False, "retention_limit_ms": 7 * DAY}),
        (spec(about=About("none")), PERSONAL,
         {"data_class": "none", "data_class_before": "personal", "class_lowered": True}),
        (spec(about=About(labels={"a": "b"})), PERSONAL, {"labels": {"a": "b"}}),
        (spec(), PERSONAL, {"retention_reason": None, "retention_reason_text": "",
                            "retention_lasts_ms": None, "retention_falls_back_ms": None}),
        (spec(REASON), None, {"retention_reason": "audit", "retention_reason_text": "Audit of 2026",
                              "retention_lasts_ms": 90 * DAY, "retention_falls_back_ms": 7 * DAY}),
        (spec(replace(REASON, lasts=None, falls_back_to=DEFAULT)), None,
         {"retention_lasts_ms": None, "retention_falls_back_ms": 7 * DAY}),
        (spec(replace(REASON, lasts=None, ends_at=NOW + timedelta(days=2))), None,
         {"retention_lasts_ms": 2 * DAY}),
        (spec(replace(REASON, lasts=None, ends_at=NOW - timedelta(days=2))), None,
         {"retention_lasts_ms": 0}),
    ],
)  # fmt: skip
def test_facts(asked: TopicSpec, before: About | None, expected: dict[str, object]) -> None:
    found = kept_facts.facts(asked, PLACE, before, NOW)
    assert {key: found[f"topic.{key}"] for key in expected} == expected
    assert found.keys() == {fact.name for fact in kept_facts.FACTS}


@pytest.mark.parametrize(
    ("policy", "default", "expected"),
    [
        ("", "delete", True),
        ("", "compact", False),
        ("compact", "delete", False),
        ("compact,delete", "compact", True),
        ("", "", True),  # a cluster that was never looked at
        ("compact", "", False),
    ],
)
def test_where_only_the_latest_record_is_kept_no_time_deletes(
    policy: str, default: str, expected: bool
) -> None:
    defaults = {"cleanup.policy": {"value": default, "source": "default"}} if default else {}
    asked = spec(cleanup_policy=policy) if policy else spec()
    found = kept_facts.facts(asked, replace(PLACE, defaults=defaults), None, NOW)
    assert found["topic.time_deletes"] is expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"partitions": 12}, False),
        ({"about": SILENT}, False),
        ({"about": About("internal")}, True),  # another limit holds
        ({"about": About(description="New.")}, False),
        ({"configs": {"retention.ms": "5"}}, True),
        ({"configs": {}}, True),
        ({"reason": None}, True),
        ({"reason": REASON}, True),
    ],
)
def test_whether_what_was_agreed_on_stays(changed: dict[str, object], expected: bool) -> None:
    declared = HELD.declared
    assert declared is not None
    asked = replace(declared, **changed)  # type: ignore[arg-type]  # fields of the spec
    found = kept_facts.facts(asked, PLACE, declared.about, NOW, declared)
    assert found["topic.retention_changes"] is expected
    assert kept_facts.facts(asked, PLACE, None, NOW)["topic.retention_changes"] is True


def test_what_cannot_be_reckoned_is_unknown_and_no_none() -> None:
    asked = spec(replace(REASON, lasts=None, ends_at=NOW, falls_back_to=DEFAULT))
    found = kept_facts.facts(asked, replace(PLACE, defaults={}), None, None)
    assert "topic.retention_lasts_ms" not in found
    assert "topic.retention_falls_back_ms" not in found


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (spec(retention_ms=YEAR), None),
        (spec(REASON, retention_ms=YEAR), None),
        (spec(REASON, retention_ms="-1"), None),
        (spec(REASON), "reason_without_value"),
        (spec(REASON, cleanup_policy="compact", retention_ms=YEAR), "time_deletes_nothing"),
        (spec(REASON, cleanup_policy="compact,delete", retention_ms=YEAR), None),
        (spec(replace(REASON, lasts=None, ends_at=NOW), retention_ms=YEAR), "end_is_past"),
        (
            spec(replace(REASON, lasts=None, ends_at=NOW.replace(year=2099)), retention_ms=YEAR),
            "end_is_far",
        ),
        (
            spec(
                replace(REASON, lasts=None, ends_at=NOW + timedelta(seconds=1)), retention_ms=YEAR
            ),
            None,
        ),
        (
            spec(replace(REASON, falls_back_to=str(365 * DAY)), retention_ms=YEAR),
            "falls_back_shorter",
        ),
        (spec(replace(REASON, falls_back_to="-1"), retention_ms=YEAR), "falls_back_shorter"),
        (spec(replace(REASON, falls_back_to=DEFAULT), retention_ms=str(DAY)), "falls_back_shorter"),
        (spec(replace(REASON, falls_back_to=DEFAULT), retention_ms=YEAR), None),
    ],
)
def test_a_reason_that_cannot_be_is_refused(asked: TopicSpec, rule: str | None) -> None:
    problems = list(reason_fits("t", asked, PLACE, Known(now=NOW)))
    assert [p.rule for p in problems] == ([] if rule is None else [rule])
    assert all(p.path.startswith("retention_reason.") and p.way_out for p in problems)


@pytest.mark.parametrize(
    ("declared", "observed", "back", "fits"),
    [
        # A year with a reason, on top of what is kept now; and no less than that afterwards.
        (spec(retention_ms=str(30 * DAY)), None, str(30 * DAY), True),
        (spec(retention_ms=str(30 * DAY)), None, str(8 * DAY), False),
        (spec(retention_ms=str(30 * DAY)), None, DEFAULT, False),
        (spec(), None, DEFAULT, True),
        (spec(retention_ms="-1"), None, str(300 * DAY), False),
        # What the cluster has decides as well as what is declared: the shorter of the two.
        (spec(retention_ms=str(30 * DAY)), {"retention.ms": str(DAY)}, str(DAY), True),
        (spec(retention_ms=str(30 * DAY)), {"retention.ms": str(DAY)}, "1000", False),
        # A reason in force was agreed on with what it falls back to.
        (spec(replace(REASON, falls_back_to=str(2 * DAY)), retention_ms=YEAR), None,
         str(2 * DAY), True),
        (spec(replace(REASON, falls_back_to=str(2 * DAY)), retention_ms=YEAR), None,
         str(DAY), False),
        # Where no time deletes anything now, each fall-back takes records away.
        (spec(cleanup_policy="compact", retention_ms=str(DAY)), None, str(7 * DAY), False),
    ],
)  # fmt: skip
def test_no_fall_back_takes_what_nobody_was_asked_about(
    declared: TopicSpec, observed: dict[str, str] | None, back: str, fits: bool
) -> None:
    asked = spec(replace(REASON, falls_back_to=back), retention_ms=YEAR)
    seen = None if observed is None else Observed(6, 3, observed)
    known = Known(declared=declared, observed=seen, now=NOW)
    found = [p.rule for p in reason_fits("t", asked, PLACE, known)]
    assert found == ([] if fits else ["falls_back_below_now"])
    assert not list(reason_fits("t", asked, PLACE, NOTHING))  # a new topic loses nothing


def shown(asked: TopicSpec, known: Known = NOTHING) -> dict[str, DiffRow]:
    before = known.declared.about if known.declared else None
    return {row.path: row for row in kept_rows.rows(asked, PLACE, known, before)}


HELD = Known(
    declared=spec(
        RetentionReason(ReasonKind.AUDIT, "Audit of 2026", None, NOW + timedelta(days=10), "1000"),
        PERSONAL,
        retention_ms=YEAR,
    ),
    also_on=("eu-prod-2",),
    now=NOW,
)


def test_a_new_topic_says_its_class_and_why_it_keeps_so_long() -> None:
    rows = shown(spec(REASON, NEW, retention_ms=YEAR))
    assert [(row.label, row.declared, row.requested) for row in rows.values()] == [
        ("Data class", "–", "Internal"),
        ("Longer because of", "–", "audit"),
        ("Which one", "–", "Audit of 2026"),
        ("Until", "–", "90 d after it is applied"),
        ("Falls back to", "–", "7 d"),
    ]
    assert "Falls back to 7 d by itself then" in rows["retention_reason.ends"].note
    assert all(row.observed == "–" and not row.irreversible for row in rows.values())


def test_a_renewal_moves_the_end_by_the_clock_of_the_environment() -> None:
    assert HELD.declared is not None
    ahead = replace(REASON, lasts=timedelta(days=40), falls_back_to="1000")
    row = shown(replace(HELD.declared, reason=ahead), HELD)["retention_reason.ends"]
    assert (row.declared, row.delta) == ("11 January 2027, 01:00 CET", "+30 d")
    assert row.changed


def test_a_reason_that_goes_with_another_value_is_said() -> None:
    row = shown(spec(retention_ms="5"), HELD)["retention_reason.kind"]
    assert (row.declared, row.requested) == ("audit", "no reason")
    assert "The reason (audit: Audit of 2026) is dropped" in row.note


def test_another_class_holds_wherever_the_topic_lives() -> None:
    assert HELD.declared is not None
    lowered = replace(HELD.declared, about=About("internal", "What it is", {"tier": "1"}))
    rows = shown(lowered, HELD)
    assert rows["data_class"].note == (
        "It would count as less sensitive than until now. "
        "It holds on eu-prod-2 as well, where the topic also lives."
    )
    assert rows["description"].requested == "What it is"
    assert rows["labels"].requested == "tier=1"
    same = shown(HELD.declared, HELD)["data_class"]
    assert (same.changed, same.note) == (False, "")


def test_no_end_and_an_unknown_default_are_said_as_such() -> None:
    rows = kept_rows.rows(
        spec(replace(REASON, lasts=None, falls_back_to=DEFAULT), retention_ms=YEAR),
        replace(PLACE, defaults={}),
        Known(),
        None,
    )
    found = {row.path: row for row in rows}
    assert found["retention_reason.ends"].requested == "no end"
    assert "somebody must ask" in found["retention_reason.ends"].note
    assert found["retention_reason.falls_back_to"].requested == "the cluster's default"


@pytest.mark.parametrize(
    ("applied", "changed", "delta"), [(False, True, "+80 d"), (True, False, "")]
)
def test_a_length_of_time_that_was_applied_has_become_the_end_and_differs_no_more(
    applied: bool, changed: bool, delta: str
) -> None:
    found = kept_rows.rows(spec(REASON), PLACE, HELD, PERSONAL, applied=applied)
    until = next(row for row in found if row.path == "retention_reason.ends")
    assert (until.changed, until.delta) == (changed, delta)
    assert until.requested == "90 d after it is applied"
