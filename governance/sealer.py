"""Seals committed events into Merkle batches.

Events get their numbers before they commit, so a late commit can carry a smaller number than one
that was sealed already: going by number would skip it for ever. The sealer goes by transactions
instead. It takes events of transactions older than every running one (`pg_snapshot_xmin`), which
have all committed or never will, and so nothing can appear behind it. Writers wait for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from governance import chain
from governance.models import Seal, SealedEvent

BATCH = 5_000
MOST_BATCHES = 20  # of one call; the next beat takes the rest
_LOCK = 0x5EA1  # one sealer at a time, on any host

COLUMNS = (
    "id", "at", "txid", "actor_kind", "actor_id", "actor_name", "action", "object_kind",
    "object_id", "object_name", "team", "request_id", "data", "request_uid",
)  # fmt: skip
SELECTED = ", ".join(
    {"txid": "e.txid::text", "data": "e.data::text"}.get(name, f"e.{name}") for name in COLUMNS
)

# An event whose transaction is "in the future" was restored from another server, whose count of
# transactions was further: it is visible here, so it has committed.
_UNSEALED = f"""
    SELECT {SELECTED}
    FROM governance_event e
    WHERE (e.txid < pg_snapshot_xmin(pg_current_snapshot())
           OR e.txid >= pg_snapshot_xmax(pg_current_snapshot()))
      AND e.txid >= %s::xid8
      AND NOT EXISTS (SELECT 1 FROM governance_sealedevent s WHERE s.event_id = e.id)
    ORDER BY e.txid, e.id
    LIMIT %s
"""  # noqa: S608  # only the names of columns above

# Everything of older transactions lies in a seal: batches go by transaction. This keeps a beat from
# looking at the whole audit. It holds for one server's count only, hence the comparison.
_SINCE = """
    SELECT CASE WHEN e.txid < pg_snapshot_xmin(pg_current_snapshot()) THEN e.txid::text ELSE '0' END
    FROM governance_sealedevent s JOIN governance_event e ON e.id = s.event_id
    WHERE s.seal_id = %s ORDER BY s.position DESC LIMIT 1
"""


def seal() -> int:
    """Seals what has committed; gives the number of events sealed.

    0 too when another sealer is at it. Each batch is a transaction of its own.
    """
    total = 0
    for _ in range(MOST_BATCHES):
        count = _seal_batch()
        total += count
        if count < BATCH:
            break
    return total


def content(row: Sequence[Any]) -> Mapping[str, object]:
    """What is hashed of an event: every column, times in UTC to the microsecond.

    `data` is hashed as PostgreSQL prints it, since numbers of JSON have more than one text.
    """
    event = dict(zip(COLUMNS, row, strict=True))
    at = event["at"]
    if isinstance(at, datetime):
        event["at"] = at.astimezone(UTC).isoformat(timespec="microseconds")
    return event


@transaction.atomic
def _seal_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        last = Seal.objects.order_by("-number").first()
        cursor.execute(_UNSEALED, [_since(cursor, last), BATCH])
        rows = cursor.fetchall()
    if rows:
        _write(rows, last)
    return len(rows)


def _since(cursor: Any, last: Seal | None) -> str:
    if last is None:
        return "0"
    cursor.execute(_SINCE, [last.number])
    found = cursor.fetchone()
    return str(found[0]) if found else "0"


def _write(rows: Sequence[Sequence[Any]], last: Seal | None) -> None:
    number = last.number + 1 if last else 1
    previous = bytes(last.root) if last else chain.GENESIS
    leaves = [chain.leaf(content(row)) for row in rows]
    made = Seal.objects.create(
        number=number,
        previous=previous,
        root=chain.seal_root(number, previous, leaves),
        count=len(rows),
    )
    SealedEvent.objects.bulk_create(
        [
            SealedEvent(event_id=row[0], seal=made, position=position, leaf=leaf)
            for position, (row, leaf) in enumerate(zip(rows, leaves, strict=True))
        ],
        batch_size=1_000,
    )
