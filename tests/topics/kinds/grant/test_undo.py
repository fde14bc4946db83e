"""Taking a change of access back, and when there is nothing to take back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from governance.errors import Problem
from governance.kinds import Undone
from topics.kinds.grant.pattern import Pattern
from topics.kinds.grant.spec import GrantSpec, from_json, name_of
from topics.kinds.grant.undo import undo_change

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
OLD = GrantSpec(group=Pattern("a"), ends_at=NOW + timedelta(days=9))
NEW = GrantSpec(group=Pattern("b"), ends_at=NOW + timedelta(days=90))
OVER = GrantSpec(group=Pattern("a"), ends_at=NOW - timedelta(days=1))


@pytest.mark.parametrize(
    ("operation", "before", "declared", "expected"),
    [
        ("create", None, NEW, ("revoke", NEW)),
        ("create", None, None, "no longer"),
        ("alter", OLD, NEW, ("alter", OLD)),
        ("alter", OLD, None, ("create", OLD)),
        ("alter", OLD, OLD, "as it was before already"),
        ("alter", OVER, NEW, "over by now"),
        ("revoke", OLD, None, ("create", OLD)),
        ("revoke", OVER, None, "over by now"),
        ("revoke", None, None, "not known"),
    ],
)
def test_what_takes_it_back(
    operation: str,
    before: GrantSpec | None,
    declared: GrantSpec | None,
    expected: tuple[str, GrantSpec] | str,
) -> None:
    name = name_of("billing/consumer/pay.ok")
    assert name is not None
    found = undo_change(operation, name, before=before, declared=declared, now=NOW)
    if isinstance(expected, str):
        assert isinstance(found, Problem)
        assert expected in found.message
        assert found.way_out
    else:
        assert isinstance(found, Undone)
        assert (found.operation, from_json(found.after)) == expected
