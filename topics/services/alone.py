"""One at a time for each cluster: a second round of the same work leaves it to the first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection


class Work(IntEnum):
    """What is done alone; the numbers are apart from other users of advisory locks."""

    OBSERVING = 0x7765
    MEASURING = 0x7766


@contextmanager
def alone(work: Work, cluster_id: int) -> Iterator[bool]:
    """Whether nobody else does this to the cluster now; holds that place for the block."""
    place = [work.value, cluster_id]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", place)
        (got,) = cursor.fetchone()
    try:
        yield bool(got)
    finally:
        if got:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", place)
