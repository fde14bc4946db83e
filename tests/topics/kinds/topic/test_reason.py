"""Reasons for a longer retention: read beside the value they belong to, with limits by class."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from governance.errors import Problem
from topics.kinds.topic.reason import (
    DEFAULT,
    FIELD,
    Asking,
    Limits,
    ReasonKind,
    RetentionReason,
    from_json,
    parse,
    shorter,
    within,
)

DAY = 86_400_000
WEEK = str(7 * DAY)
MONTH = str(30 * DAY)
YEAR = str(365 * DAY)
END = datetime(2027, 3, 1, tzinfo=UTC)
HELD = RetentionReason(ReasonKind.AUDIT, "Audit of 2026", None, END, WEEK)
GIVEN = {"kind": "replay", "text": " Disputes  of May ", "ends": "90d", "falls_back_to": "7d"}
AROUND = Asking(limit=30 * DAY, default=WEEK, was=MONTH, known=True)


def read(
    given: object, asked: str | None = YEAR, around: Asking = AROUND
) -> tuple[RetentionReason | None, list[Problem]]:
    problems: list[Problem] = []
    found = {} if given is ... else {FIELD: given}
    return parse(found, asked, around, problems), problems


def test_a_reason_is_read_and_reads_back() -> None:
    found, problems = read(GIVEN)
    assert problems == []
    assert found == RetentionReason(
        ReasonKind.REPLAY, "Disputes of May", timedelta(days=90), None, WEEK
    )
    assert found.as_json() == {
        "kind": "replay", "text": "Disputes of May", "ends": "90 d", "falls_back_to": WEEK,
    }  # fmt: skip
    assert from_json(found.as_json()) == found
    assert read(found.as_json())[0] == found
    fixed = found.fixed(found.until(END))
    assert fixed.ends_at == END + timedelta(days=90)
    assert from_json(fixed.as_json()) == fixed


@pytest.mark.parametrize(
    ("given", "asked", "before", "expected"),
    [
        (..., YEAR, None, None),
        # It stays with its value, and goes with another one.
        (..., YEAR, HELD, HELD),
        (..., MONTH, HELD, None),
        (..., None, HELD, None),
        (None, YEAR, HELD, None),
        ({}, YEAR, HELD, None),
        ("", YEAR, HELD, None),
        # A renewal says the new end, and the rest is as it was.
        ({"ends": "2027-06-01T00:00:00Z"}, YEAR, HELD,
         RetentionReason(HELD.kind, HELD.text, None, datetime(2027, 6, 1, tzinfo=UTC), WEEK)),
        ({"text": "", "kind": "legal"}, YEAR, HELD,
         RetentionReason(ReasonKind.LEGAL, "", None, END, WEEK)),
    ],
)  # fmt: skip
def test_a_reason_belongs_to_one_value(
    given: object, asked: str | None, before: RetentionReason | None,
    expected: RetentionReason | None,
) -> None:  # fmt: skip
    around = Asking(default=WEEK, was=YEAR, known=True, before=before)
    assert read(given, asked, around) == (expected, [])


def test_a_new_topic_keeps_no_reason_that_nobody_gave() -> None:
    assert read(..., YEAR, Asking(was=YEAR, before=HELD)) == (None, [])


@pytest.mark.parametrize(
    ("asked", "around", "expected"),
    [
        (YEAR, AROUND, MONTH),  # the value until now
        (YEAR, Asking(limit=14 * DAY, default=WEEK, was=MONTH, known=True), str(14 * DAY)),
        (YEAR, Asking(limit=14 * DAY, default=WEEK), str(14 * DAY)),  # a new topic
        (YEAR, Asking(default=WEEK), DEFAULT),
        (YEAR, Asking(default=WEEK, known=True), DEFAULT),  # there was no override
        (YEAR, Asking(limit=2 * 365 * DAY, default=WEEK), DEFAULT),  # the limit is no shorter
        (YEAR, Asking(limit=DAY, default=WEEK, known=True), str(DAY)),  # the default is above it
        (MONTH, Asking(limit=14 * DAY, default=WEEK, was=YEAR, known=True), str(14 * DAY)),
        ("-1", Asking(default=WEEK, was=YEAR, known=True), YEAR),
        (YEAR, Asking(default=WEEK, was="-1", known=True), DEFAULT),
        (YEAR, Asking(default=WEEK, was=YEAR, known=True, before=HELD), WEEK),
        (YEAR, Asking(was=YEAR, known=True), None),  # nothing is known that is shorter
        (str(DAY), Asking(limit=30 * DAY, default=WEEK), None),
        (None, Asking(limit=30 * DAY, default=WEEK), None),
    ],
)
def test_what_it_falls_back_to_where_nobody_says(
    asked: str | None, around: Asking, expected: str | None
) -> None:
    found, problems = read({**GIVEN, "falls_back_to": ""}, asked, around)
    assert found is not None
    if expected is None:
        assert [(p.path, p.rule) for p in problems] == [(f"{FIELD}.falls_back_to", "falls_back")]
    else:
        assert (found.falls_back_to, problems) == (expected, [])


@pytest.mark.parametrize(
    ("changed", "path", "said"),
    [
        ({"kind": ""}, "kind", "not said what it is kept for"),
        ({"kind": "because"}, "kind", "no such reason"),
        ({"text": "x" * 501}, "text", "501 characters"),
        ({"text": "a\x00b"}, "text", "NUL"),
        ({"ends": ""}, "ends", "until when"),
        ({"ends": None}, "ends", "until when"),
        ({"ends": "1 month"}, "ends", "no fixed length"),
        ({"falls_back_to": "10 G"}, "falls_back_to", "is no unit"),
        ({"falls_back_to": "1 month"}, "falls_back_to", "no fixed length"),
        ({"falls_back_to": "-2"}, "falls_back_to", "smallest"),
        ({"falls_back_to": {"a": 1}}, "falls_back_to", "cannot be read"),
        ({"until": "x"}, "", "has no 'until'"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(
    changed: dict[str, object], path: str, said: str
) -> None:
    _, problems = read({**GIVEN, **changed})
    (problem,) = problems
    assert problem.path == (f"{FIELD}.{path}" if path else FIELD)
    assert said in problem.message
    assert problem.way_out


def test_a_reason_is_an_object() -> None:
    found, (problem,) = read("audit")
    assert found is None
    assert problem.path == FIELD


def test_after_its_end_the_rest_of_the_topic_is_as_it_was() -> None:
    overrides = {"retention.ms": YEAR, "segment.ms": "1"}
    assert HELD.after_end(overrides) == {"retention.ms": WEEK, "segment.ms": "1"}
    back = RetentionReason(ReasonKind.STATE, falls_back_to=DEFAULT)
    assert back.after_end(overrides) == {"segment.ms": "1"}
    assert (back.falls_back_ms(WEEK), back.falls_back_ms(None)) == (7 * DAY, None)
    assert (back.has_end, HELD.has_end) == (False, True)


LIMITS = Limits(30 * DAY, {"personal": 7 * DAY, "none": -1})


@pytest.mark.parametrize(
    ("limits", "data_class", "expected"),
    [
        (LIMITS, "internal", 30 * DAY),
        (LIMITS, "personal", 7 * DAY),
        (LIMITS, "none", None),
        (LIMITS, None, 30 * DAY),
        (Limits(), "personal", None),
        (Limits(None, {"personal": DAY}), "personal", DAY),
        (Limits(None, {"personal": DAY}), "internal", None),
    ],
)
def test_the_limit_of_a_class_goes_before_the_general_one(
    limits: Limits, data_class: str | None, expected: int | None
) -> None:
    assert limits.of(data_class) == expected


@pytest.mark.parametrize(
    ("value", "limit", "is_within"),
    [(7, 7, True), (8, 7, False), (-1, 7, False), (-1, None, True), (None, 7, False)],
)
def test_what_has_no_end_is_above_every_limit(
    value: int | None, limit: int | None, is_within: bool
) -> None:
    assert within(value, limit) is is_within


@pytest.mark.parametrize(
    ("value", "than", "expected"),
    [(7, 8, True), (8, 8, False), (7, -1, True), (-1, 7, False), (-1, -1, False), (None, 7, False)],
)
def test_shorter(value: int | None, than: int | None, expected: bool) -> None:
    assert shorter(value, than) is expected
