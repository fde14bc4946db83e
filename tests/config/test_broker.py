"""A connection to Valkey that breaks while a job is in hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection, Consumer, Queue
from kombu.transport.redis import Channel

from config import celery


@pytest.fixture
def broken(redis_url: str) -> Iterator[Connection]:
    """One with a job that was taken and not acknowledged, left by kombu as it leaves them: without
    the transport's way back, and with its channel still open."""
    name = f"jobs-{uuid.uuid4().hex}"
    taken: list[Any] = []
    with Connection(redis_url) as connection:
        connection.SimpleQueue(name).put({"job": 1})
        consumer = Consumer(
            connection.default_channel,
            [Queue(name)],
            callbacks=[lambda _body, message: taken.append(message)],
            accept=["json"],
        )
        with consumer:
            while not taken:
                connection.drain_events(timeout=10)
            connection.transport.client = None
            yield connection


def test_the_worker_gets_over_it(broken: Connection) -> None:
    assert celery.app.main == "weir"  # importing the app is what mends the transport
    channel = broken.default_channel
    assert isinstance(channel, Channel)
    channel.close()
    assert channel.closed
