"""The lines of the difference that a request makes to a grant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from topics.kinds.grant.diff import rows
from topics.kinds.grant.pattern import Pattern
from topics.kinds.grant.situation import ApplicationFacts, Situation
from topics.kinds.grant.spec import GrantSpec, name_of

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BILLING = ApplicationFacts("billing", "billing", "User:billing", ("bills.",))
SPEC = GrantSpec(group=Pattern("billing"), lasts=timedelta(days=90), purpose="Sends invoices")
IN_FORCE = Situation(
    application=BILLING,
    topic_there=True,
    now=NOW,
    declared=replace(SPEC, lasts=None, ends_at=NOW + timedelta(days=9)),
)


@pytest.mark.parametrize(
    ("spec", "applied", "changed", "delta"),
    [
        (SPEC, False, True, "+81 d"),
        (SPEC, True, False, ""),
        (replace(SPEC, lasts=None, ends_at=NOW + timedelta(days=9)), True, False, ""),
        (replace(SPEC, lasts=None, ends_at=NOW + timedelta(days=8)), True, True, "-1 d"),
    ],
)
def test_a_length_of_time_that_was_applied_has_become_the_end(
    spec: GrantSpec, applied: bool, changed: bool, delta: str
) -> None:
    name = name_of("billing/consumer/pay.ok")
    assert name is not None
    found = {row.path: row for row in rows("alter", name, spec, IN_FORCE, applied=applied)}
    assert (found["ends"].changed, found["ends"].delta) == (changed, delta)
    assert not found["purpose"].changed
