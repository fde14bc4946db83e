"""Recomputes the chain of the audit and says what does not fit.

It reads events as they are now and compares them with their leaves, the leaves with the root of
their seal, and each seal with the one before. Whoever owns the database could rewrite all of it
from some seal on, so roots that were published elsewhere can be compared as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from django.db import connection

from governance import chain
from governance.models import Event, Seal
from governance.sealer import COLUMNS, SELECTED, content

MOST_DAMAGES = 1_000  # listed; all are counted

_SEALED = f"""
    SELECT s.position, s.leaf, s.event_id, {SELECTED}
    FROM governance_sealedevent s LEFT JOIN governance_event e ON e.id = s.event_id
    WHERE s.seal_id = %s ORDER BY s.position
"""  # noqa: S608  # only the names of columns


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
    """What a verification found. `unsealed` events are new ones as a rule: no damage."""

    seals: int = 0
    events: int = 0
    unsealed: int = 0
    last_root: str = ""
    damage_count: int = 0
    damages: list[Damage] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Whether nothing is damaged."""
        return self.damage_count == 0

    def add(self, kind: DamageKind, message: str, seal: int, event: int | None = None) -> None:
        """Counts a damage, and lists it while the list is short."""
        self.damage_count += 1
        if len(self.damages) < MOST_DAMAGES:
            self.damages.append(Damage(kind, message, seal, event))

    def as_json(self) -> dict[str, object]:
        """For `audit verify --json`."""
        return asdict(self) | {"intact": self.intact}


def verify(*, first: int = 1, published: Mapping[int, str] | None = None) -> Report:
    """Checks every seal from number `first` on, and roots published earlier (number → hex).

    The seal before `first` is believed. Memory stays that of one seal, whatever the audit holds.
    """
    report = Report()
    previous = _root_before(first)
    expected = first
    roots: dict[int, str] = {}
    for seal in Seal.objects.filter(number__gte=first).order_by("number").iterator(1_000):
        if seal.number != expected:
            report.add(
                DamageKind.MISSING, f"Seals {expected} to {seal.number - 1} are gone.", expected
            )
            previous = None
        elif previous is not None and bytes(seal.previous) != previous:
            report.add(
                DamageKind.BROKEN,
                f"Seal {seal.number} does not follow from seal {seal.number - 1}.",
                seal.number,
            )
        _check_seal(seal, report)
        previous, expected = bytes(seal.root), seal.number + 1
        report.seals += 1
        report.last_root = previous.hex()
        if published and seal.number in published:
            roots[seal.number] = report.last_root
    _check_published(published or {}, roots, first, report)
    report.unsealed = Event.objects.filter(sealed__isnull=True).count()
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


def _check_seal(seal: Seal, report: Report) -> None:
    leaves = []
    with connection.cursor() as cursor:
        cursor.execute(_SEALED, [seal.number])
        for position, leaf, event_id, *columns in cursor:
            leaves.append(bytes(leaf))
            report.events += 1
            if position != len(leaves) - 1:
                report.add(
                    DamageKind.MISSING,
                    f"Seal {seal.number} has no event at place {len(leaves) - 1}.",
                    seal.number,
                )
            _check_event(columns, bytes(leaf), event_id, seal.number, report)
    if len(leaves) != seal.count:
        report.add(
            DamageKind.MISSING,
            f"Seal {seal.number} was made over {seal.count} events and has {len(leaves)} now.",
            seal.number,
        )
    if not leaves or chain.seal_root(seal.number, bytes(seal.previous), leaves) != bytes(seal.root):
        report.add(
            DamageKind.BROKEN,
            f"The root of seal {seal.number} is not that of its events.",
            seal.number,
        )


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
