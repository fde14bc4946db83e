"""One writer a cluster: a row in PostgreSQL, a token that grows, and the database's clock.

The rules that make it hold: the token is looked at before every batch, a batch takes less than a
third of the lease, and who takes over from a holder that vanished waits one batch out first, since
that one may have sent its last batch just before it was cut off.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from topics.errors import LeaseLost, LeaseTaken

POLL_S = 0.1

# One statement, so that of two that come at once one waits for the other's row lock and then finds
# the lease taken. `abandoned` tells a lease that ran out from one that was given back.
_TAKE = """
    WITH held AS (
        SELECT expires_at IS NOT NULL AS abandoned FROM topics_lease WHERE cluster_id = %(cluster)s
    ), taken AS (
        INSERT INTO topics_lease AS lease (cluster_id, holder, token, expires_at)
        VALUES (%(cluster)s, %(holder)s, 1, clock_timestamp() + %(ttl)s * interval '1 second')
        ON CONFLICT (cluster_id) DO UPDATE
        SET holder = excluded.holder, token = lease.token + 1, expires_at = excluded.expires_at
        WHERE lease.expires_at IS NULL OR lease.expires_at <= clock_timestamp()
        RETURNING token
    )
    SELECT taken.token, coalesce((SELECT abandoned FROM held), false) FROM taken
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease in hand."""

    cluster_id: int
    token: int

    def renew(self) -> None:
        """Prolongs it, or raises LeaseLost: nothing may be sent then. To be called before each
        batch."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE topics_lease SET expires_at = clock_timestamp() + %s * interval '1 second' "
                "WHERE cluster_id = %s AND token = %s AND expires_at > clock_timestamp()",
                [ttl_s(), self.cluster_id, self.token],
            )
            kept = cursor.rowcount == 1
        if not kept:
            raise LeaseLost(
                "Another worker has taken this cluster over, so this one stopped before its next "
                "batch.",
                token=self.token,
            )

    def release(self) -> None:
        """Gives it back, so that the next holder need not wait; nothing when it was lost."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE topics_lease SET expires_at = NULL, holder = '' "
                "WHERE cluster_id = %s AND token = %s",
                [self.cluster_id, self.token],
            )


def ttl_s() -> float:
    """How long a lease lasts, in seconds."""
    return settings.LEASE_TTL.total_seconds()


def batch_timeout_ms() -> int:
    """How long one batch may take: less than a third of the lease."""
    return int(ttl_s() * 1000 * 0.3)


def this_worker() -> str:
    """A name for this process and thread, for people who look at the lease."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_native_id()}"


def acquire(cluster_id: int, *, patience_s: float = 0.0) -> Held:
    """The lease, after waiting at most `patience_s` for another holder. Raises LeaseTaken."""
    deadline = time.monotonic() + patience_s
    while True:
        taken = _take(cluster_id)
        if taken is not None:
            token, abandoned = taken
            held = Held(cluster_id, token)
            if abandoned:
                time.sleep(batch_timeout_ms() / 1000)
                held.renew()
            return held
        if time.monotonic() >= deadline:
            raise LeaseTaken(
                "Another worker is changing this cluster at the moment. This one tries again by "
                "itself."
            )
        time.sleep(POLL_S)


def _take(cluster_id: int) -> tuple[int, bool] | None:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"cluster": cluster_id, "holder": this_worker(), "ttl": ttl_s()})
        row = cursor.fetchone()
    return None if row is None else (int(row[0]), bool(row[1]))


@contextmanager
def holding(cluster_id: int, *, patience_s: float = 0.0) -> Iterator[Held]:
    """The lease for the time of a block. Raises LeaseTaken before the block, nothing after it."""
    held = acquire(cluster_id, patience_s=patience_s)
    try:
        yield held
    finally:
        held.release()
