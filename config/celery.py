"""The jobs: `celery -A config.celery worker` and `celery -A config.celery beat`."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("weir")
app.config_from_object(settings.CELERY)
app.autodiscover_tasks()
