"""Whether what is in memory is still true: one question to PostgreSQL, shared by all who wait.

*A read that starts after a write's answer sees that write.* Each write leaves rows of names in its
own transaction (`Change`). A read is answered from memory only after a check that was sent after
the read arrived; the check says which names committed since the snapshot of the check before. An
answered write had committed, so a later snapshot sees its rows. NOTIFY would be faster and wrong;
one row that all writers touch would make them wait for each other's disk.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

import orjson
import psycopg
import structlog
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

log = structlog.get_logger(__name__)

CHECK: Final = b"""
SELECT pg_current_snapshot()::text, (SELECT array_to_json(array_agg(DISTINCT name)) FROM (
    SELECT name FROM registry_change WHERE xid >= pg_snapshot_xmax($1::pg_snapshot)
    UNION ALL
    SELECT name FROM registry_change
        WHERE xid = ANY(ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))) changed)
"""
# Rows of changes are pruned after an hour; whoever looked away for longer forgets everything.
MAX_PAUSE: Final = 300.0
TIMEOUT: Final = 5.0
RECONNECT: Final = 0.5


class Unsure(Exception):
    """Nobody can say whether memory is still true: read from the database instead."""


class Freshness:
    """The check, on a connection of its own. Lives on one event loop."""

    def __init__(
        self,
        conninfo: str,
        *,
        forget: Callable[[Iterable[str]], None],
        clear: Callable[[], None],
    ) -> None:
        self.conninfo = conninfo
        self.forget = forget
        self.clear = clear
        self.checks = 0
        self._pg: PGconn | None = None
        self._snapshot = b""
        self._looked_at = 0.0
        self._sent_at = 0.0
        self._current: asyncio.Future[None] | None = None
        self._next: asyncio.Future[None] | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._failed_at = 0.0

    async def sure(self) -> None:
        """Return when memory is as true as the database was after this call. Raises Unsure."""
        if self._pg is None:
            self._connect_soon()
            raise Unsure
        if self._current is None:
            self._current = asyncio.get_running_loop().create_future()
            self._send()
            if self._current is None:  # the connection was lost in sending
                raise Unsure
            waited = self._current
        else:
            # The check under way was sent before this reader came: it takes the next one.
            if self._next is None:
                self._next = asyncio.get_running_loop().create_future()
            waited = self._next
        try:
            await asyncio.wait_for(asyncio.shield(waited), TIMEOUT)
        except TimeoutError:
            self._lost("no answer in time")
            raise Unsure from None

    async def start(self) -> None:
        """Connect now, so that the first read need not go without."""
        self._connect_soon()
        if self._connecting is not None:
            await self._connecting

    def close(self) -> None:
        """Give the connection back."""
        if self._connecting is not None:
            self._connecting.cancel()
        self._lost("")

    # -- the connection ------------------------------------------------------------------------

    def _connect_soon(self) -> None:
        if self._connecting is None and time.monotonic() - self._failed_at > RECONNECT:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            pg, snapshot = await loop.run_in_executor(None, self._open)
        except _NoConnection as error:
            self._failed_at = time.monotonic()
            log.warning("registry_freshness_away", error=str(error))
            return
        finally:
            self._connecting = None
        # Whatever was remembered before this snapshot was taken may be old by now.
        self.clear()
        self._pg, self._snapshot, self._looked_at = pg, snapshot, time.monotonic()
        loop.add_reader(pg.socket, self._readable)

    def _open(self) -> tuple[PGconn, bytes]:
        pg = pq.PGconn.connect(self.conninfo.encode())
        if pg.status != pq.ConnStatus.OK:
            raise _NoConnection(pg.get_error_message())
        result = pg.exec_(b"SELECT pg_current_snapshot()::text")
        snapshot = result.get_value(0, 0) if result.status == pq.ExecStatus.TUPLES_OK else None
        prepared = pg.prepare(b"check", CHECK)
        if snapshot is None or prepared.status != pq.ExecStatus.COMMAND_OK:
            message = pg.get_error_message()
            pg.finish()
            raise _NoConnection(message)
        pg.nonblocking = 1
        return pg, snapshot

    def _send(self) -> None:
        pg = self._pg
        if pg is None:
            return
        self.checks += 1
        self._sent_at = time.monotonic()
        try:
            pg.send_query_prepared(b"check", [self._snapshot])
            # The question has some hundred bytes; a socket that cannot take them is lost.
            if pg.flush() != 0:
                self._lost("the question could not be sent")
        except psycopg.Error as error:
            self._lost(str(error))

    def _readable(self) -> None:
        pg = self._pg
        if pg is None:
            return
        try:
            pg.consume_input()
            while not pg.is_busy():
                result = pg.get_result()
                if result is None:
                    self._done()
                    return
                self._take(result)
        except (psycopg.Error, _NoConnection) as error:
            self._lost(str(error))

    def _take(self, result: PGresult) -> None:
        snapshot = result.get_value(0, 0) if result.status == pq.ExecStatus.TUPLES_OK else None
        if snapshot is None:
            raise _NoConnection(result.get_error_message())
        if self._sent_at - self._looked_at > MAX_PAUSE:
            self.clear()
        names = result.get_value(0, 1)
        if names is not None:
            self.forget(orjson.loads(names))
        self._snapshot = snapshot
        self._looked_at = self._sent_at

    def _done(self) -> None:
        done, self._current, self._next = self._current, self._next, None
        if self._current is not None:
            self._send()
        if done is not None and not done.done():
            done.set_result(None)

    def _lost(self, why: str) -> None:
        """Give the connection up; without a reason, on purpose."""
        pg, self._pg = self._pg, None
        waiting = [future for future in (self._current, self._next) if future is not None]
        self._current = self._next = None
        self.clear()
        self._failed_at = time.monotonic()
        if pg is not None:
            if pg.status == pq.ConnStatus.OK or pg.socket >= 0:
                asyncio.get_running_loop().remove_reader(pg.socket)
            pg.finish()
            if why:
                log.warning("registry_freshness_lost", why=why)
        for future in waiting:
            if not future.done():
                future.set_exception(Unsure())
                future.exception()  # seen: readers may have gone away meanwhile


class _NoConnection(Exception):
    """PostgreSQL does not answer."""
