"""Sealing on a real database: late commits, two sealers, restored events, the cost of nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from django.db import connections
from pytest_django import DjangoAssertNumQueries

from governance import audit, sealer, verifier
from governance.actors import system_actor
from governance.audit import Subject
from governance.models import Event, Seal, SealedEvent
from tests.governance.events import as_owner, connect, happen, insert, sealed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A second connection to the same database, which commits when it is told to."""
    with connect() as opened:
        yield opened
        opened.rollback()


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


def test_two_sealers_at_once_seal_each_event_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "BATCH", 7)
    happen(*(str(n) for n in range(60)))
    at_once = Barrier(3)

    def work() -> int:
        try:
            at_once.wait(timeout=30)
            return sealer.seal()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        total = sum(found.result() for found in [pool.submit(work) for _ in range(3)])
    if total < 60:
        sealed(60 - total)
    assert SealedEvent.objects.count() == 60
    report = verifier.verify()
    assert report.intact
    assert (report.events, report.unsealed) == (60, 0)


def test_nothing_to_do_costs_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    happen("a")
    sealed(1)
    with django_assert_num_queries(1):
        assert sealer.seal() == 0


def test_what_waits_is_counted_with_its_age() -> None:
    assert sealer.waiting() == sealer.Waiting(0, None)
    happen("a")
    sealed(1)
    assert sealer.waiting().count == 0
    first, _ = happen("b", "c")
    assert sealer.waiting() == sealer.Waiting(2, Event.objects.get(pk=first).at)
    report = verifier.verify()
    assert (report.unsealed, report.oldest_unsealed) == (2, Event.objects.get(pk=first).at)
    assert report.oldest_unsealed_seconds > 0


def test_events_restored_from_another_server_are_sealed() -> None:
    """Its count of transactions may be far ahead of ours."""
    happen("sealed there")
    as_owner("UPDATE governance_event SET txid = '9000000000'")
    sealed(1)
    happen("not sealed there")
    as_owner("UPDATE governance_event SET txid = '9000000001' WHERE object_id LIKE 'not%'")
    happen("ours")
    sealed(2)
    happen("later")
    sealed(1)
    assert sealer.waiting().count == 0
    report = verifier.verify()
    assert (report.intact, report.events, report.unsealed) == (True, 4, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE governance_event SET txid = '3' WHERE object_id = 'by hand'",
        "UPDATE governance_event SET txid = '9000000000' WHERE object_id = 'by hand'",
    ],
)
def test_what_was_put_in_by_hand_is_found_when_everything_is_looked_at(statement: str) -> None:
    happen("a")
    sealed(1)
    happen("by hand")
    as_owner(statement)
    assert sealer.seal() == 0
    assert verifier.verify().unsealed == 1
    assert sealer.seal(thorough=True) == 1
    happen("b")
    sealed(1)
    report = verifier.verify()
    assert (report.intact, report.events, report.unsealed) == (True, 3, 0)


def test_sealing_goes_on_after_the_latest_seal_was_removed() -> None:
    happen("a")
    sealed(1)
    happen("b")
    sealed(1)
    as_owner("DELETE FROM governance_seal WHERE number = 2")
    happen("c")
    sealed(1)
    assert [seal.number for seal in Seal.objects.order_by("number")] == [1, 3]
    assert "Seal 2 is gone; 1 events were in it." in [
        damage.message for damage in verifier.verify().damages
    ]
