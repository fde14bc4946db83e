"""Seals committed events into Merkle batches.

Events get their numbers before they commit, so a late commit can carry a smaller number than one
that was sealed already: going by number would skip it for ever. The sealer goes by transactions
instead. It takes events of transactions older than every running one (`pg_snapshot_xmin`), which
have all committed or never will, and so nothing can appear behind it. Writers wait for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from governance import chain
from governance.models import Seal

BATCH = 5_000
MOST_BATCHES = 20  # of one call; the next beat takes the rest
MOST_COUNTED = 10_000  # of what waits, for those who only look
_LOCK = 0x5EA1  # one sealer at a time, on any host

COLUMNS = (
    "id", "at", "txid", "actor_kind", "actor_id", "actor_name", "action", "object_kind",
    "object_id", "object_name", "team", "request_id", "data", "request_uid",
)  # fmt: skip
SELECTED = ", ".join(
    {"txid": "e.txid::text", "data": "e.data::text"}.get(name, f"e.{name}") for name in COLUMNS
)

# Batches go by transaction and number, so everything up to the last event of the last seal lies in
# a seal. That holds for one server's count of transactions only: after a restore on another server
# the last event may lie "in the future", and then the whole audit is looked at again.
_LAST = """
    SELECT e.txid, e.id
    FROM governance_seal l
    JOIN governance_sealedevent s ON s.seal_id = l.number AND s.position = l.count - 1
    JOIN governance_event e ON e.id = s.event_id
    WHERE l.number = (SELECT max(number) FROM governance_seal)
      AND e.txid < pg_snapshot_xmin(pg_current_snapshot())
"""
_SINCE = f"SELECT txid, id FROM ({_LAST}) x UNION ALL SELECT '0', 0 ORDER BY txid DESC LIMIT 1"  # noqa: S608  # constants

# Asked row by row on purpose: of a join the planner may make a hash over all that was ever sealed.
_NOT_SEALED = "(SELECT s.seal_id FROM governance_sealedevent s WHERE s.event_id = e.id) IS NULL"

_AFTER = f"""
    e.txid >= (SELECT txid FROM since)
    AND (e.txid > (SELECT txid FROM since) OR e.id > (SELECT id FROM since))
    AND {_NOT_SEALED}
"""  # noqa: S608  # constants

# What nearly every beat asks, and all that it asks when nothing happened: some index look-ups.
_ANYTHING = f"""
    WITH since AS MATERIALIZED ({_SINCE})
    SELECT (SELECT txid FROM since) = '0' OR EXISTS (
        SELECT 1 FROM governance_event e
        WHERE e.txid < pg_snapshot_xmin(pg_current_snapshot()) AND {_AFTER}
    )
"""  # noqa: S608  # constants

_WAITING = f"""
    WITH since AS MATERIALIZED ({_SINCE})
    SELECT count(*), min(at) FROM (
        SELECT e.at FROM governance_event e WHERE {_AFTER} LIMIT %s
    ) x
"""  # noqa: S608  # constants

_COMMITTED = f"""
    SELECT {SELECTED} FROM governance_event e
    WHERE e.txid < pg_snapshot_xmin(pg_current_snapshot())
      AND e.txid >= %s::xid8 AND (e.txid > %s::xid8 OR e.id > %s) AND {_NOT_SEALED}
    ORDER BY e.txid, e.id LIMIT %s
"""  # noqa: S608  # constants

# An event whose transaction is "in the future" was restored from a server whose count was further:
# it is visible here, so it has committed.
_RESTORED = f"""
    SELECT {SELECTED} FROM governance_event e
    WHERE e.txid >= pg_snapshot_xmax(pg_current_snapshot()) AND {_NOT_SEALED}
    ORDER BY e.txid, e.id LIMIT %s
"""  # noqa: S608  # constants

# A seal that somebody removed keeps its number: `verify` shall find the gap.
_NUMBER = """
    SELECT greatest((SELECT max(number) FROM governance_seal),
                    (SELECT max(seal_id) FROM governance_sealedevent), 0) + 1
"""
_COPY = "COPY governance_sealedevent (event_id, seal_id, position, leaf) FROM STDIN"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Committed events in no seal yet, and when the oldest of them was; at most MOST_COUNTED are
    looked at."""

    count: int
    oldest: datetime | None


def seal(*, thorough: bool = False) -> int:
    """Seals what has committed; gives the number of events sealed.

    0 too when another sealer is at it. Each batch is a transaction of its own. `thorough` looks at
    the whole audit instead of what came after the last seal, and so finds what was put in by hand.
    """
    total = 0
    for _ in range(MOST_BATCHES):
        if not thorough and not _anything():
            break
        count = _seal_batch(whole=thorough)
        if not count:
            break
        # Batches go upwards: behind the first one of the whole audit nothing is left.
        total, thorough = total + count, False
    return total


def waiting() -> Waiting:
    """What is not sealed yet, as far as the last seal tells; `verifier.verify` counts exactly."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [MOST_COUNTED])
        return Waiting(*cursor.fetchone())


def content(row: Sequence[Any]) -> Mapping[str, object]:
    """What is hashed of an event: every column, times in UTC to the microsecond.

    `data` is hashed as PostgreSQL prints it, since numbers of JSON have more than one text.
    """
    event = dict(zip(COLUMNS, row, strict=True))
    at = event["at"]
    if isinstance(at, datetime):
        event["at"] = at.astimezone(UTC).isoformat(timespec="microseconds")
    return event


def _anything() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_ANYTHING)
        return bool(cursor.fetchone()[0])


@transaction.atomic
def _seal_batch(*, whole: bool) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        rows = _unsealed(cursor, whole=whole)
        if rows:
            _write(cursor, rows)
    return len(rows)


def _unsealed(cursor: Any, *, whole: bool) -> list[tuple[Any, ...]]:
    """The next events for a seal. What was restored goes first: a seal that ends with an event of
    our own count then says that nothing restored is left."""
    txid, number = "0", 0
    if not whole:
        cursor.execute(_SINCE)
        txid, number = cursor.fetchone()
    rows: list[tuple[Any, ...]] = []
    if str(txid) == "0":
        cursor.execute(_RESTORED, [BATCH])
        rows = cursor.fetchall()
    if not rows:
        cursor.execute(_COMMITTED, [str(txid), str(txid), number, BATCH])
        rows = cursor.fetchall()
    return rows


def _write(cursor: Any, rows: Sequence[Sequence[Any]]) -> None:
    last = Seal.objects.order_by("-number").first()
    cursor.execute(_NUMBER)
    number = cursor.fetchone()[0]
    previous = bytes(last.root) if last else chain.GENESIS
    leaves = [chain.leaf(content(row)) for row in rows]
    root = chain.seal_root(number, previous, leaves)
    Seal.objects.create(number=number, previous=previous, root=root, count=len(rows))
    with cursor.copy(_COPY) as copy:
        for position, (row, leaf) in enumerate(zip(rows, leaves, strict=True)):
            copy.write_row((row[0], number, position, leaf))
