"""Sealing and verifying, on a real database: late commits, tampering, two sealers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from governance import audit, sealer, verifier
from governance.actors import system_actor
from governance.audit import Subject
from governance.models import Event, Seal, SealedEvent
from governance.verifier import DamageKind

pytestmark = pytest.mark.django_db(transaction=True)

INSERT = """
    INSERT INTO governance_event (actor_kind, actor_name, action, object_kind, object_id,
                                  object_name, team, data, request_uid)
    VALUES ('system', 'tests', 'thing.happened', 'thing', %s, '', '', '{"a": 1.50}', '')
    RETURNING id
"""


def happen(*names: str) -> list[int]:
    about = [Subject("thing", name, name) for name in names]
    return [audit.record("thing.happened", by=system_actor("tests"), about=a).pk for a in about]


@pytest.fixture
def other() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A second connection to the same database, which commits when it is told to."""
    with connect() as opened:
        yield opened
        opened.rollback()


def connect() -> psycopg.Connection[tuple[object, ...]]:
    connection.ensure_connection()
    settings = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return psycopg.connect(**{name: settings[name] for name in names if settings.get(name)})


def insert(other: psycopg.Connection[tuple[object, ...]], name: str) -> int:
    row = other.execute(INSERT, [name]).fetchone()
    assert row is not None
    return int(str(row[0]))


def as_owner(*statements: str) -> None:
    """What somebody who owns the database could do: our guards do not stop her."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET session_replication_role = DEFAULT")


def sealed(count: int) -> None:
    """Seals until that many events are. Another database of the same server may hold a transaction
    open for a moment, which delays the sealing of ours."""
    deadline, total = monotonic() + 30, 0
    while (total := total + sealer.seal()) < count and monotonic() < deadline:
        sleep(0.01)
    assert total == count


def kinds_of_damage() -> set[DamageKind]:
    return {damage.kind for damage in verifier.verify().damages}


def test_committed_events_are_sealed_once_and_in_a_chain() -> None:
    happen("a", "b", "c")
    sealed(3)
    assert sealer.seal() == 0
    happen("d")
    sealed(1)
    first, second = Seal.objects.order_by("number")
    assert (first.number, first.count, second.number, second.count) == (1, 3, 2, 1)
    assert bytes(second.previous) == bytes(first.root)
    report = verifier.verify()
    assert report.intact
    assert (report.seals, report.events, report.unsealed) == (2, 4, 0)


def test_batches_are_bounded_and_nothing_falls_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "BATCH", 4)
    audit.record_many(
        [audit.Happening("thing.happened", Subject("thing", str(n), "")) for n in range(10)],
        by=system_actor(),
    )  # one transaction, cut by the batches
    sealed(10)
    assert [seal.count for seal in Seal.objects.order_by("number")] == [4, 4, 2]
    assert verifier.verify().intact


def test_an_event_that_commits_late_with_a_smaller_number_is_sealed_later(
    other: psycopg.Connection[tuple[object, ...]],
) -> None:
    with connect() as early:
        early.execute("SELECT pg_current_xact_id()")  # the older transaction …
        late = insert(other, "late")  # … while the younger one takes the smaller number
        soon = insert(early, "soon")
        early.commit()
    assert late < soon
    sealed(1)
    assert list(SealedEvent.objects.values_list("event_id", flat=True)) == [soon]
    other.commit()
    sealed(1)
    assert set(SealedEvent.objects.values_list("event_id", flat=True)) == {late, soon}
    assert verifier.verify().intact


def test_an_open_transaction_delays_what_is_younger_and_skips_nothing(
    other: psycopg.Connection[tuple[object, ...]],
) -> None:
    waiting = insert(other, "open")
    younger = happen("younger")
    assert sealer.seal() == 0  # nothing may appear behind a seal
    report = verifier.verify()
    assert report.intact
    assert report.unsealed == 1
    other.rollback()
    sealed(1)
    assert list(SealedEvent.objects.values_list("event_id", flat=True)) == younger
    assert not Event.objects.filter(pk=waiting).exists()


def test_a_second_sealer_leaves_it_to_the_first(
    other: psycopg.Connection[tuple[object, ...]],
) -> None:
    happen("a")
    other.execute("SELECT pg_advisory_xact_lock(%s)", [sealer._LOCK])
    assert sealer.seal() == 0
    other.rollback()
    sealed(1)


def test_events_restored_from_another_server_are_sealed() -> None:
    """Its count of transactions may be far ahead of ours, before and after the first seal."""
    happen("ours")
    sealed(1)
    happen("restored", "too")
    as_owner("UPDATE governance_event SET txid = '9000000000' WHERE object_id = 'restored'")
    sealed(2)
    happen("after")
    sealed(1)
    assert verifier.verify().intact


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


def test_a_chain_rewritten_from_some_seal_on_differs_from_what_was_published(
    tmp_path: Path,
) -> None:
    happen("a")
    sealed(1)
    happen("b")
    sealed(1)
    file = tmp_path / "roots"
    call_command("audit", "publish", str(file), stdout=StringIO())
    as_owner(
        "DELETE FROM governance_sealedevent WHERE seal_id = 2",
        "DELETE FROM governance_seal WHERE number = 2",
        "UPDATE governance_event SET actor_name = 'mallory' WHERE object_id = 'b'",
    )
    call_command("audit", "verify", stdout=StringIO())  # a shorter chain is a chain
    with pytest.raises(SystemExit):
        call_command("audit", "verify", published=file, stdout=StringIO())
    sealed(1)
    call_command("audit", "verify", stdout=StringIO())  # and so is a rewritten one
    said = StringIO()
    with pytest.raises(SystemExit):
        call_command("audit", "verify", published=file, stdout=said)
    assert "not as published: Seal 2 is not the one that was published." in said.getvalue()


def test_verify_says_what_it_found_and_ends_with_1_on_damage() -> None:
    happen("a", "b")
    sealed(2)
    happen("c")
    said = StringIO()
    call_command("audit", "verify", stdout=said)
    assert said.getvalue() == "Intact: 2 events in 1 seals, 1 not sealed yet.\n"
    as_owner("UPDATE governance_event SET actor_name = 'mallory' WHERE object_id = 'a'")
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("audit", "verify", "--json", stdout=said)
    assert ended.value.code == 1
    found = json.loads(said.getvalue())
    assert (found["intact"], found["damage_count"]) == (False, 1)
    assert "(thing.happened by mallory) is not what was sealed" in found["damages"][0]["message"]


def test_verify_from_a_later_seal_believes_the_one_before() -> None:
    for name in "abc":
        happen(name)
        sealed(1)
    as_owner("UPDATE governance_event SET actor_name = 'mallory' WHERE object_id = 'a'")
    assert not verifier.verify().intact
    assert verifier.verify(first=2).intact
    assert verifier.verify(first=2).seals == 2


def test_wrong_use_of_the_command_is_answered_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Nothing is sealed yet"):
        call_command("audit", "publish", str(tmp_path / "roots"))
    with pytest.raises(CommandError, match="1 or more"):
        call_command("audit", "verify", "--from", "0")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("audit", "verify", published=tmp_path / "none")
    (tmp_path / "junk").write_text("[1]\n")
    with pytest.raises(CommandError, match="is not what"):
        call_command("audit", "verify", published=tmp_path / "junk")
