"""How the parts are put together."""

from config import starting

# Before anything that takes long to load; whatever is loaded from here passes by.
starting.stop_at_once()

from config.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app"]
