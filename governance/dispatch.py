"""Waking a worker after the commit, by the name of a task.

A message is a hint: the row says what is to be done, and the sweep finds what no message
announced. So a lost queue delays work by a few seconds and fails no page.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def after_commit(task: str, *args: int | str, queue: str | None = None) -> None:
    """Sends the task once the caller's transaction has committed; never if it rolls back."""
    uid = structlog.contextvars.get_contextvars().get("request_id", "")
    transaction.on_commit(lambda: send(task, *args, queue=queue, uid=str(uid)))


def send(
    task: str,
    *args: int | str,
    queue: str | None = None,
    uid: str = "",
    expires: timedelta | None = None,
) -> bool:
    """Sends the task now; False, and a line in the log, when the queue cannot be reached.

    With `expires`, a worker that comes to it later than that leaves it: what is sent again and
    again must not pile up while nobody works.
    """
    try:
        current_app.send_task(
            task,
            args=args,
            queue=queue,
            headers={"weir_request_id": uid},
            retry=False,
            expires=expires.total_seconds() if expires else None,
        )
    except (OperationalError, ConnectionError, TimeoutError) as error:
        log.warning("queue_unreachable", task=task, args=args, error=str(error))
        return False
    return True
