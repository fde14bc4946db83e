"""Verifying on a real database: what somebody who owns it changes is noticed and named."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from governance import verifier
from governance.models import Event
from governance.verifier import DamageKind
from tests.governance.events import as_owner, happen, sealed

pytestmark = pytest.mark.django_db(transaction=True)


def kinds_of_damage() -> set[DamageKind]:
    return {damage.kind for damage in verifier.verify().damages}


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE governance_event SET actor_name = 'mallory' WHERE object_id = 'b'", "tampered"),
        ("UPDATE governance_event SET data = '{\"amount\": 2}' WHERE object_id = 'b'", "tampered"),
        ("UPDATE governance_event SET at = at + '1 microsecond' WHERE object_id = 'b'", "tampered"),
        ("UPDATE governance_event SET request_id = 7 WHERE object_id = 'b'", "tampered"),
        ("DELETE FROM governance_event WHERE object_id = 'b'", "missing"),
        ("DELETE FROM governance_sealedevent WHERE position = 1", "missing"),
        ("DELETE FROM governance_seal WHERE number = 1", "missing"),
        ("UPDATE governance_seal SET root = sha256('x') WHERE number = 1", "broken"),
        ("UPDATE governance_seal SET previous = sha256('x') WHERE number = 2", "broken"),
        ("UPDATE governance_sealedevent SET leaf = sha256('x') WHERE position = 1", "broken"),
        (
            "UPDATE governance_sealedevent SET position = 9 - position WHERE seal_id = 1",
            "broken",
        ),
    ],
)
def test_tampering_by_the_owner_of_the_database_is_noticed(statement: str, kind: str) -> None:
    happen("a", "b", "c")
    sealed(3)
    happen("d")
    sealed(1)
    assert verifier.verify().intact
    as_owner(statement)
    assert DamageKind(kind) in kinds_of_damage()


def test_an_event_slipped_in_behind_is_sealed_as_new_and_an_old_place_is_not_given() -> None:
    happen("a")
    sealed(1)
    as_owner(
        "INSERT INTO governance_sealedevent (event_id, seal_id, position, leaf) "
        "SELECT 999999, 1, 1, leaf FROM governance_sealedevent"
    )
    assert {DamageKind.MISSING, DamageKind.BROKEN} <= kinds_of_damage()


def test_verify_from_a_later_seal_believes_the_one_before() -> None:
    for name in "abc":
        happen(name)
        sealed(1)
    as_owner("UPDATE governance_event SET actor_name = 'mallory' WHERE object_id = 'a'")
    assert not verifier.verify().intact
    assert verifier.verify(first=2).intact
    assert verifier.verify(first=2).seals == 2


def test_the_event_that_was_changed_is_named() -> None:
    happen("a")
    (changed,) = happen("b")
    sealed(2)
    as_owner("UPDATE governance_event SET actor_name = 'mallory' WHERE object_id = 'b'")
    report = verifier.verify()
    assert report.counts == {DamageKind.TAMPERED: 1}
    assert (report.damages[0].event, report.damages[0].seal) == (changed, 1)
    assert report.damages[0].message == (
        f"Event {changed} of seal 1 (thing.happened by mallory) is not what was sealed."
    )


def test_the_event_that_was_removed_is_named() -> None:
    (removed, _) = happen("a", "b")
    sealed(2)
    as_owner("DELETE FROM governance_event WHERE object_id = 'a'")
    report = verifier.verify()
    assert report.counts == {DamageKind.MISSING: 1}
    assert report.damages[0].message == f"Event {removed} of seal 1 is gone."


def test_leaves_whose_seal_is_gone_do_not_pass_for_sealed() -> None:
    happen("a")
    sealed(1)
    happen("b")
    sealed(1)
    as_owner("DELETE FROM governance_seal WHERE number = 2")
    report = verifier.verify()
    assert [damage.message for damage in report.damages] == ["Seal 2 is gone; 1 events were in it."]


def test_damages_are_counted_beyond_those_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "MOST_DAMAGES", 2)
    happen(*"abcde")
    sealed(5)
    as_owner("UPDATE governance_event SET team = 'other'")
    report = verifier.verify()
    assert (report.damage_count, len(report.damages), report.intact) == (5, 2, False)


def test_it_sees_one_moment_and_needs_a_transaction_of_its_own() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        verifier.verify()


def test_the_product_itself_cannot_change_what_happened() -> None:
    happen("a")
    for statement in ("UPDATE governance_event SET team = 'x'", "DELETE FROM governance_event"):
        with pytest.raises(Exception, match="insert-only"), connection.cursor() as cursor:
            cursor.execute(statement)
    assert Event.objects.get().team == ""
