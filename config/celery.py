"""The jobs: `celery -A config.celery worker` and `celery -A config.celery beat`."""

import os
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging, task_prerun

from config import broker
from config.logs import bind_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

broker.mend()

app = Celery("weir")
# By name, so that importing this module reads no setting: the stack's command line imports it too.
app.config_from_object("config.settings:CELERY")
app.autodiscover_tasks(["governance", "registry", "topics"])
# Threads of the web server would otherwise fall back to an app without a broker.
app.set_default()


@setup_logging.connect
def keep_our_logging(**_kwargs: Any) -> None:
    """Django has set up the logs already; Celery must not set up its own."""


@task_prerun.connect
def bind_request_id(task: Task[Any, Any], **_kwargs: Any) -> None:
    """Log lines and events of a task carry the id of the page view that asked for it."""
    bind_id((task.request.get("headers") or {}).get("weir_request_id"))
