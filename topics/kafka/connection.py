"""A connection to one cluster: it sends requests, and says why it could not.

A connection is made after the fork and belongs to its process: its network thread does not survive
a fork. Every call has a deadline.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from typing import Any, Final, Self

from kafka import errors as wire
from kafka.net.inet import KafkaNetSocket
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from topics.kafka.errors import no_answer, not_reached
from topics.kafka.values import Settings, Timeouts

# kafka-python logs each failure several times, with a trace; all of them are raised here, as one
# sentence, and told by the caller.
logging.getLogger("kafka").setLevel(logging.CRITICAL)

REFUSALS: Final = (wire.SaslAuthenticationFailedError, wire.UnsupportedSaslMechanismError)
TIMEOUTS: Final = (wire.KafkaTimeoutError, wire.RequestTimedOutError)


_sock_connect = KafkaNetSocket.sock_connect


async def _sock_connect_or_close(
    self: Any, net: Any, sock: Any, address: Any, timeout_at: float | None = None
) -> Any:
    """As the library's, which leaves the socket of a connection that was refused to the garbage
    collector: a worker that watches a dead cluster would pile them up."""
    try:
        return await _sock_connect(self, net, sock, address, timeout_at=timeout_at)
    except BaseException:
        sock.close()
        raise


KafkaNetSocket.sock_connect = _sock_connect_or_close


class _Manager(KafkaConnectionManager):  # type: ignore[misc]  # kafka-python has no types
    """Connections that know why they failed.

    kafka-python loses the reason twice. A broker that refuses a password answers and closes the
    socket at once, and the answer is thrown away when both are found in one read; and a bootstrap
    that fails says "Unable to bootstrap", whatever happened. The private names used here are those
    of the one release that is pinned.
    """

    last_failure: BaseException | None = None

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        transport = await super()._build_transport(node, timeout_at=timeout_at)
        receive = transport._sock_recv

        def receive_whole() -> tuple[bytes, BaseException | None]:
            found, error = receive()
            # The end of the stream is found again by the next read, after the answer before it.
            return (found, None) if found else (found, error)

        transport._sock_recv = receive_whole
        return transport

    async def _connect(self, node: Any, conn: Any, **how: Any) -> None:
        await super()._connect(node, conn, **how)
        failure = conn.init_future.exception
        if isinstance(failure, REFUSALS):
            # The next attempt raises it, instead of trying the same password for ever.
            self._auth_failures[node.node_id] = failure
        # A time-out after a better reason is only the last attempt running out of time.
        if failure is not None and not (self.last_failure and isinstance(failure, TIMEOUTS)):
            self.last_failure = failure


class Connection:
    """A connection to one cluster. Calls may come from several threads of one process."""

    def __init__(self, settings: Settings, timeouts: Timeouts | None = None) -> None:
        """Connects, or raises ClusterError within the connect time-out."""
        self.settings = settings
        self.timeouts = timeouts or Timeouts()
        self._process = os.getpid()
        configs = {
            **settings.as_configs(),
            "client_id": "weir",
            "request_timeout_ms": self.timeouts.read_ms,
            "socket_connection_setup_timeout_ms": self.timeouts.connect_ms,
            "socket_connection_setup_timeout_max_ms": self.timeouts.connect_ms,
            "reconnect_backoff_max_ms": 1_000,
            "receive_message_max_bytes": 100_000_000,
        }
        try:
            self._net = NetworkSelector(**configs)
            self._manager = _Manager(self._net, **configs)
        except (ValueError, OSError, wire.KafkaError) as error:
            raise not_reached(settings.where, error) from error
        self._net.start()
        try:
            self._manager.bootstrap(self.timeouts.connect_ms)
        except (wire.KafkaError, OSError, ValueError) as error:
            reason: BaseException = error
            if isinstance(error, TIMEOUTS) and self._manager.last_failure:
                reason = self._manager.last_failure
            self.close()
            raise not_reached(settings.where, reason) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections and the network thread; a second call does nothing."""
        self._manager.close()
        self._net.close()

    # --- Sending ----------------------------------------------------------------------------

    def _call(self, request: Any, timeout_ms: int, *, changes: bool = False) -> Any:
        (answer,) = self._calls([request], timeout_ms, changes=changes)
        return answer

    def _calls(
        self,
        requests: Sequence[Any],
        timeout_ms: int,
        *,
        changes: bool = False,
        node: int | None = None,
    ) -> list[Any]:
        """Answers in order. The requests are written at once and answered one after the other.

        `changes` says that one without an answer may have been carried out. `node` is the broker
        that alone can answer; without one, any does.
        """
        if os.getpid() != self._process:
            raise RuntimeError("A Kafka client was carried over a fork: make one in each process.")
        answers: list[Any] = self._manager.run(self._send, requests, timeout_ms, changes, node)
        return answers

    async def _send(
        self, requests: Sequence[Any], timeout_ms: int, changes: bool, node: int | None
    ) -> list[Any]:
        connection = await self._connected(node)
        try:
            futures = [
                connection.send_request(request, request_timeout_ms=timeout_ms)
                for request in requests
            ]
            return [await future for future in futures]
        except wire.KafkaError as error:
            raise no_answer(self.settings.where, error, changes=changes) from error

    async def _connected(self, wanted: int | None) -> Any:
        """A connection that is up. What fails here was not sent, and the error says so."""
        deadline = time.monotonic() + self.timeouts.connect_ms / 1000
        error: BaseException | None = None
        while True:
            node = self._manager.least_loaded_node() if wanted is None else wanted
            try:
                return await self._manager.get_connection(node)
            except REFUSALS as refused:
                raise not_reached(self.settings.where, refused) from refused
            except wire.KafkaError as failed:
                if not isinstance(failed, wire.NodeNotReadyError):
                    error = failed
            if time.monotonic() > deadline:
                raise not_reached(self.settings.where, error) from error
            await self._net.sleep(0.05)
