"""Recomputes the chain of the audit and says what does not fit.

It reads events as they are now and compares them with their leaves, the leaves with the root of
their seal, and each seal with the one before. Whoever owns the database could rewrite all of it
from some seal on, so roots that were published elsewhere can be compared as well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any

from django.db import connection, transaction

from governance import chain
from governance.models import Seal
from governance.sealer import COLUMNS, SELECTED, content

MOST_DAMAGES = 1_000  # listed; all are counted
CHUNK = 2_000  # rows in memory besides those of one seal

# One statement for all of it: one snapshot, and one walk through the index of the seals.
_SEALED = f"""
    SELECT l.number, l.previous, l.root, l.count, s.position, s.leaf, s.event_id, {SELECTED}
    FROM governance_seal l
    LEFT JOIN governance_sealedevent s ON s.seal_id = l.number
    LEFT JOIN governance_event e ON e.id = s.event_id
    WHERE l.number >= %s ORDER BY l.number, s.position
"""  # noqa: S608  # only the names of columns

# Leaves without their seal: their events are in no chain, though they look sealed.
_ORPHANS = """
    SELECT s.seal_id, count(*)
    FROM governance_sealedevent s LEFT JOIN governance_seal l ON l.number = s.seal_id
    WHERE s.seal_id >= %s AND l.number IS NULL
    GROUP BY s.seal_id ORDER BY s.seal_id
"""

_UNSEALED = """
    SELECT count(*), min(e.at), extract(epoch FROM clock_timestamp() - min(e.at))
    FROM governance_event e
    WHERE NOT EXISTS (SELECT 1 FROM governance_sealedevent s WHERE s.event_id = e.id)
"""


class DamageKind(StrEnum):
    """What can be wrong."""

    TAMPERED = "tampered"  # an event is not what was sealed
    MISSING = "missing"  # an event, a leaf or a seal is gone
    BROKEN = "broken"  # a seal does not fit its events or the seal before
    UNPUBLISHED = "not as published"  # a seal is not what was published outside


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that does not fit, in a sentence."""

    kind: DamageKind
    message: str
    seal: int
    event: int | None = None


@dataclass(slots=True)
class Report:
    """What a verification found. `unsealed` events are new ones as a rule: no damage.

    `events` are those read through their seals; `oldest_unsealed_seconds` is by the database's
    clock. `damages` lists the first MOST_DAMAGES, `counts` counts all of them by kind.
    """

    seals: int = 0
    events: int = 0
    unsealed: int = 0
    oldest_unsealed: datetime | None = None
    oldest_unsealed_seconds: float = 0.0
    last_root: str = ""
    counts: Counter[DamageKind] = field(default_factory=Counter)
    damages: list[Damage] = field(default_factory=list)

    @property
    def damage_count(self) -> int:
        """How many things do not fit."""
        return self.counts.total()

    @property
    def intact(self) -> bool:
        """Whether nothing is damaged."""
        return not self.counts

    def add(self, kind: DamageKind, message: str, seal: int, event: int | None = None) -> None:
        """Counts a damage, and lists it while the list is short."""
        self.counts[kind] += 1
        if len(self.damages) < MOST_DAMAGES:
            self.damages.append(Damage(kind, message, seal, event))

    def as_json(self) -> dict[str, object]:
        """For `audit verify --json`: plain values only."""
        oldest = self.oldest_unsealed
        return asdict(self) | {
            "counts": {kind.value: self.counts[kind] for kind in DamageKind},
            "damage_count": self.damage_count,
            "intact": self.intact,
            "oldest_unsealed": oldest.isoformat() if oldest else None,
        }


@dataclass(frozen=True, slots=True)
class _Link:
    """A seal as it stands in its table."""

    number: int
    previous: bytes
    root: bytes
    count: int


@transaction.atomic(durable=True)
def verify(*, first: int = 1, published: Mapping[int, str] | None = None) -> Report:
    """Checks every seal from number `first` on, and roots published earlier (number → hex).

    The seal before `first` is believed. Memory stays that of one seal, whatever the audit holds.
    It sees one moment of the audit and delays neither writers nor the sealer, for which it needs a
    transaction of its own: RuntimeError within another.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    report = Report()
    roots = _check_seals(first, frozenset(published or ()), report)
    _check_published(published or {}, roots, first, report)
    with connection.cursor() as cursor:
        cursor.execute(_ORPHANS, [first])
        for number, events in cursor.fetchall():
            report.add(
                DamageKind.MISSING, f"Seal {number} is gone; {events:,} events were in it.", number
            )
        cursor.execute(_UNSEALED)
        report.unsealed, report.oldest_unsealed, age = cursor.fetchone()
        report.oldest_unsealed_seconds = max(float(age or 0), 0.0)
    return report


def read_published(lines: Iterable[str]) -> dict[int, str]:
    """Roots by number, from the lines that `publication` gave. Raises ValueError for other text."""
    roots = {}
    for line in lines:
        if line.strip():
            entry = json.loads(line)
            roots[int(entry["number"])] = str(entry["root"])
    return roots


def publication() -> dict[str, object] | None:
    """The latest seal as it is published outside, on one line; None while there is none."""
    seal = Seal.objects.order_by("-number").first()
    if seal is None:
        return None
    return {
        "number": seal.number,
        "root": bytes(seal.root).hex(),
        "count": seal.count,
        "sealed_at": seal.sealed_at.isoformat(),
    }


def _root_before(first: int) -> bytes | None:
    if first <= 1:
        return chain.GENESIS
    seal = Seal.objects.filter(number=first - 1).first()
    return bytes(seal.root) if seal else None


def _check_seals(first: int, wanted: frozenset[int], report: Report) -> dict[int, str]:
    """Walks the chain; gives the roots of the wanted seals, as they are now."""
    previous = _root_before(first)
    expected = first
    roots: dict[int, str] = {}
    with connection.chunked_cursor() as cursor:
        cursor.execute(_SEALED, [first])
        for link, rows in groupby(_rows(cursor), key=lambda row: _Link(*row[:4])):
            if link.number != expected:
                report.add(DamageKind.MISSING, _gone(expected, link.number - 1), expected)
            elif previous is not None and link.previous != previous:
                report.add(
                    DamageKind.BROKEN,
                    f"Seal {link.number} does not follow from seal {link.number - 1}.",
                    link.number,
                )
            _check_seal(link, (row[4:] for row in rows), report)
            previous, expected = link.root, link.number + 1
            report.seals += 1
            report.last_root = link.root.hex()
            if link.number in wanted:
                roots[link.number] = report.last_root
    return roots


def _rows(cursor: Any) -> Iterator[tuple[Any, ...]]:
    while rows := cursor.fetchmany(CHUNK):
        yield from rows


def _gone(first: int, last: int) -> str:
    return f"Seal {first} is gone." if first == last else f"Seals {first} to {last} are gone."


def _check_seal(link: _Link, rows: Iterable[tuple[Any, ...]], report: Report) -> None:
    leaves: list[bytes] = []
    place = 0
    for position, leaf, event_id, *columns in rows:
        if event_id is None:  # the join's answer for a seal without any leaf
            break
        leaves.append(leaf)
        report.events += 1
        if position > place:
            report.add(
                DamageKind.MISSING,
                f"Seal {link.number} has no event at {_places(place, position - 1)}.",
                link.number,
            )
        place = position + 1
        _check_event(columns, leaf, event_id, link.number, report)
    if len(leaves) != link.count:
        report.add(
            DamageKind.MISSING,
            f"Seal {link.number} was made over {link.count:,} events and has {len(leaves):,} now.",
            link.number,
        )
    if not leaves or chain.seal_root(link.number, link.previous, leaves) != link.root:
        report.add(
            DamageKind.BROKEN,
            f"The root of seal {link.number} is not that of its events.",
            link.number,
        )


def _places(first: int, last: int) -> str:
    return f"place {first}" if first == last else f"places {first} to {last}"


def _check_event(columns: list[Any], leaf: bytes, event_id: int, seal: int, report: Report) -> None:
    event = dict(zip(COLUMNS, columns, strict=True))
    if event["id"] is None:
        report.add(DamageKind.MISSING, f"Event {event_id} of seal {seal} is gone.", seal, event_id)
    elif chain.leaf(content(columns)) != leaf:
        report.add(
            DamageKind.TAMPERED,
            f"Event {event_id} of seal {seal} ({event['action']} by {event['actor_name']}) is not "
            "what was sealed.",
            seal,
            event_id,
        )


def _check_published(
    published: Mapping[int, str], roots: Mapping[int, str], first: int, report: Report
) -> None:
    for number in sorted(number for number in published if number >= first):
        if number not in roots:
            report.add(DamageKind.MISSING, f"Seal {number} was published and is gone.", number)
        elif roots[number] != published[number]:
            report.add(
                DamageKind.UNPUBLISHED, f"Seal {number} is not the one that was published.", number
            )
