"""Renewing a request's lease from a thread of its own, while the worker waits on a broker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.db import DatabaseError, connection
from django.db.models import DateTimeField, Func

from governance.models import Request

log = structlog.get_logger(__name__)


class Clock(Func):
    """The time now; `Now()` is when the transaction began, which waiting for a row makes old."""

    function = "clock_timestamp"
    output_field = DateTimeField()


@contextmanager
def heartbeat(request_id: int, lease: int, ttl: timedelta) -> Iterator[None]:
    """Keeps the lease three times per `ttl` until the block ends or somebody else has taken it.

    A frozen process does not beat, so its request is taken over after `ttl`; the guarded writes of
    the pipeline then stop it when it thaws.
    """
    stop = threading.Event()
    thread = threading.Thread(
        target=_beat, args=(request_id, lease, ttl, stop), name=f"lease-{request_id}", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beat(request_id: int, lease: int, ttl: timedelta, stop: threading.Event) -> None:
    try:
        while not stop.wait(ttl.total_seconds() / 3):
            try:
                kept = Request.objects.filter(pk=request_id, lease=lease).update(
                    lease_until=Clock() + ttl
                )
            except DatabaseError as error:
                # The database may be back before the lease ends; if not, the worker loses it.
                log.warning("lease_not_renewed", request=request_id, error=str(error))
                connection.close()
                continue
            if not kept:
                return
    finally:
        connection.close()
