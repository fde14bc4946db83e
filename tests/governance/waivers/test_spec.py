"""What a request may say of a waiver."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.waivers.spec import from_json, parse, until_problem

TODAY = date(2026, 11, 30)
NAME = "partitions/topic/payments.captured"
WELL: dict[str, object] = {"until": "2027-03-01", "reason": "It is being split."}


def paths(given: dict[str, object], *, name: str = NAME, ends: bool = False) -> list[str]:
    return [problem.path for problem in parse(given, name=name, today=TODAY, ends=ends)[1]]


@pytest.mark.parametrize(
    ("until", "becomes"),
    [
        ("2027-03-01", date(2027, 3, 1)),
        ("30d", date(2026, 12, 30)),
        ("30 d", date(2026, 12, 30)),
        ("1 h", date(2026, 12, 1)),
        ("365d", date(2027, 11, 30)),
    ],
)
def test_a_length_becomes_a_day(until: str, becomes: date) -> None:
    spec, problems = parse(WELL | {"until": until}, name=NAME, today=TODAY)
    assert problems == []
    assert spec.until == becomes
    assert spec.name == NAME


def test_its_last_day_is_included() -> None:
    spec, _ = parse(WELL, name=NAME, today=TODAY)
    assert spec.ends_at == datetime(2027, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"until": ""}, ["until"]),
        ({"until": None}, ["until"]),
        ({"until": "soon"}, ["until"]),
        ({"until": "2027-02-30"}, ["until"]),
        ({"until": "unlimited"}, ["until"]),
        ({"until": "86400000"}, ["until"]),
        ({"until": "99999999999999 d"}, ["until"]),
        ({"until": ["2027-03-01"]}, ["until"]),
        ({"reason": " "}, ["reason"]),
        ({"reason": "x" * 2_001}, ["reason"]),
        ({"reason": "a\x00b"}, ["reason"]),
        ({"policy": "other"}, ["name"]),
        ({"object": "payments.other"}, ["name"]),
        ({"for": "ever"}, ["for"]),
    ],
)
def test_what_cannot_be_read_stands_beside_its_field(
    changed: dict[str, object], wrong: list[str]
) -> None:
    assert paths(WELL) == []
    assert paths(WELL | changed) == wrong


@pytest.mark.parametrize("name", ["", "partitions", "partitions/topic", "partitions/topic/", "//x"])
def test_a_name_says_the_policy_the_kind_and_the_object(name: str) -> None:
    assert paths(dict(WELL), name=name) == ["name"]
    assert paths(dict(WELL), name="a/b/c/d") == []  # an object may have slashes
    assert paths(dict(WELL), name=f"a/b/{'c' * 400}") == ["name"]


def test_taking_back_needs_a_reason_and_no_day() -> None:
    assert paths({"reason": "It is split."}, ends=True) == []
    assert paths({}, ends=True) == ["reason"]


@pytest.mark.parametrize(
    ("until", "fine"),
    [
        (date(2026, 11, 29), False),
        (TODAY, True),
        (date(2027, 12, 1), True),
        (date(2027, 12, 2), False),
        (None, False),
    ],
)
def test_it_lies_ahead_and_within_a_year(until: date | None, fine: bool) -> None:
    assert (until_problem(until, TODAY) is None) is fine


@given(
    st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1),
)
def test_the_normal_form_reads_back_as_itself(until: date, reason: str) -> None:
    spec, problems = parse({"until": until.isoformat(), "reason": reason}, name=NAME, today=TODAY)
    if problems:
        assert not reason.split()
        return
    assert from_json(spec.as_json()) == spec
    assert parse(spec.as_json(), name=NAME, today=TODAY) == (spec, [])
