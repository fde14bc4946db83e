"""The registry's entry point: `granian --interface asgi config.registry_asgi:application`."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402 - settings are there only after the set-up

from config import health  # noqa: E402
from registry.fastpath import Door  # noqa: E402
from registry.heavy import Heavy  # noqa: E402
from registry.limits import Limit  # noqa: E402

application = Door(
    settings.DATABASE_URL,
    settings.REGISTRY_CACHE_BYTES,
    Heavy([sys.executable, "-m", "config.registry_heavy"]),
    probes={"/healthz": health.healthz, "/readyz": health.readyz, "/metrics": health.metrics},
    limit=Limit(settings.REGISTRY_RATE, settings.REGISTRY_BURST),
    limits_url=settings.REDIS_URL,
)
