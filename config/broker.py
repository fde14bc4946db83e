"""A mend of the jobs' transport, for the one release of kombu that is pinned.

When Valkey goes away while a job is in hand, kombu drops the connection, and then tries to give
the job back over it: an AttributeError, which no consumer expects, ends the whole worker with exit
code 1. There is nobody to give it back to. The job is not lost by that: Valkey keeps it as not
acknowledged, and what it was about is found by the sweep.
"""

from __future__ import annotations

from typing import Any

from kombu.transport.redis import QoS

_restore_unacked = QoS.restore_unacked


def restore_unacked(self: Any, client: Any = None) -> None:
    """As kombu's, where there is a connection still."""
    transport = self.channel.connection
    if client is None and (transport is None or transport.client is None):
        self._delivered.clear()
    else:
        _restore_unacked(self, client)


def mend() -> None:
    """Puts it in place; a second call does nothing."""
    QoS.restore_unacked = restore_unacked  # type: ignore[method-assign]  # that is the mend
