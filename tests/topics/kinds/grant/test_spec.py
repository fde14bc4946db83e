"""What people write of a grant, read once and the same everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.kinds.grant.pattern import Pattern
from topics.kinds.grant.roles import Access, Role
from topics.kinds.grant.spec import (
    GrantName,
    GrantSpec,
    from_json,
    name_of,
    name_problem,
    parse,
)

CONSUMER = GrantName("billing", Role.CONSUMER, Pattern("pay.ok"))
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("billing/consumer/pay.ok", CONSUMER),
        (
            "my/odd app/producer/pay.*",
            GrantName("my/odd app", Role.PRODUCER, Pattern("pay.", True)),
        ),
        ("billing/consumer/*", GrantName("billing", Role.CONSUMER, Pattern("*"))),
        ("billing/consumer/", None),
        ("billing/reader/pay.ok", None),
        ("/consumer/pay.ok", None),
        ("billing/consumer/pay.**", None),
        ("billing/consumer/pay*ok", None),
        ("billing/consumer/pay ok", None),
        ("billing/consumer/pay.ok\n", None),
        ("billing", None),
        ("", None),
    ],
)
def test_a_name_says_who_as_what_on_which(text: str, expected: GrantName | None) -> None:
    found = name_of(text)
    assert found == expected
    assert (name_problem(text) is None) is (expected is not None)
    if found is not None:
        assert str(found) == text


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/consumer/pay.ok", "application"),
        ("billing/consumer/", "topic"),
        ("billing/consumer/pay ok", "topic"),
        ("billing/reader/pay.ok", "role"),
    ],
)
def test_what_is_wrong_with_a_name_stands_beside_its_control(text: str, path: str) -> None:
    problem = name_problem(text)
    assert problem is not None
    assert problem.path == path
    assert problem.way_out


@pytest.mark.parametrize(
    ("text", "lasts", "ends_at"),
    [
        ("90 d", timedelta(days=90), None),
        ("36h", timedelta(hours=36), None),
        ("never", None, None),
        ("", None, None),
        ("2027-03-01", None, datetime(2027, 3, 1, 22, 59, 59, tzinfo=UTC)),  # the day's end, there
        ("2027-07-01", None, datetime(2027, 7, 1, 21, 59, 59, tzinfo=UTC)),  # summer time
        ("2027-03-01T12:00", None, datetime(2027, 3, 1, 11, tzinfo=UTC)),
        ("2027-03-01T12:00:00Z", None, datetime(2027, 3, 1, 12, tzinfo=UTC)),
        ("2027-03-01T12:00:00+05:00", None, datetime(2027, 3, 1, 7, tzinfo=UTC)),
    ],
)
def test_an_end_is_written_as_people_say_it(
    text: str, lasts: timedelta | None, ends_at: datetime | None
) -> None:
    spec, problems = parse({"ends": text}, CONSUMER, base=None, zone="Europe/Berlin")
    assert not problems
    assert (spec.lasts, spec.ends_at) == (lasts, ends_at)
    assert from_json(spec.as_json()) == spec


@pytest.mark.parametrize(
    ("given_", "path"),
    [
        ({"ends": "soon"}, "ends"),
        ({"ends": "5 s"}, "ends"),
        ({"ends": "20000 d"}, "ends"),
        ({"ends": "99999999999999999999 d"}, "ends"),
        ({"ends": "2027-13-01"}, "ends"),
        ({"ends": "0001-01-01T00:00+23:00"}, "ends"),
        ({"group": "a b"}, "group"),
        ({"group": "a*b"}, "group"),
        ({"group": "g" * 300}, "group"),
        ({"transactional_id": "x"}, "transactional_id"),
        ({"purpose": "p" * 600}, "purpose"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_control(given_: dict[str, str], path: str) -> None:
    _, problems = parse(given_, CONSUMER, base=None)
    assert [problem.path for problem in problems] == [path]
    assert problems[0].way_out


def test_a_group_is_called_after_its_application_unless_told() -> None:
    assert parse({}, CONSUMER, base=None)[0].group == Pattern("billing")
    base = GrantSpec(group=Pattern("billing-2"), purpose="invoices")
    kept, _ = parse({"ends": "1 d"}, CONSUMER, base=base)
    assert (kept.group, kept.purpose, kept.lasts) == (
        Pattern("billing-2"),
        "invoices",
        timedelta(days=1),
    )


def test_an_end_counts_from_when_it_is_given() -> None:
    assert GrantSpec(lasts=timedelta(days=2)).until(NOW) == NOW + timedelta(days=2)
    assert GrantSpec(ends_at=NOW).until(NOW) == NOW
    assert GrantSpec().until(NOW) is None


@given(
    lasts=st.none() | st.integers(1, 5_000_000).map(lambda m: timedelta(minutes=m)),
    group=st.none() | st.sampled_from([Pattern("a"), Pattern("a.", True)]),
    access=st.sampled_from(list(Access)),
    purpose=st.text(max_size=20),
)
def test_the_normal_form_reads_back(
    lasts: timedelta | None, group: Pattern | None, access: Access, purpose: str
) -> None:
    spec = GrantSpec(group=group, access=access, lasts=lasts, purpose=purpose)
    assert from_json(spec.as_json()) == spec
