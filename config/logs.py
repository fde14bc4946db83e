"""Logs as events with fields, and the id that ties a page view to its tasks and their lines."""

from __future__ import annotations

import logging
import logging.config
import re
import uuid
from collections.abc import Callable, Mapping

import structlog
from django.http import HttpRequest, HttpResponseBase

ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def configure(settings: Mapping[str, str]) -> None:
    """Sets up structlog and the standard library's loggers to write one format to stderr."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if settings["format"] == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "weir": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        renderer,
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "weir"}},
            "root": {"handlers": ["stderr"], "level": settings["level"]},
            "loggers": {
                # These tell of every request and every packet at INFO.
                "kafka": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
                "celpy": {"level": "WARNING"},
                "Environment": {"level": "WARNING"},
                "Evaluator": {"level": "WARNING"},
            },
        }
    )


def current_id() -> str:
    """The id of the page view or task under way; empty outside of both."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def bind_id(value: str | None) -> str:
    """Makes `value`, or a new id, the id of what follows in this thread."""
    chosen = value if value and ID.fullmatch(value) else str(uuid.uuid4())
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=chosen)
    return chosen


class RequestIdMiddleware:
    """Takes X-Request-ID from the caller, or makes one, and gives it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = bind_id(request.headers.get("X-Request-ID"))
        response = self.get_response(request)
        response.headers.setdefault("X-Request-ID", chosen)
        return response
