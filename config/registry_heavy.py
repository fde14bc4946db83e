"""The entry point of the registry's process for requests with large bodies, which it starts itself:
`python -m config.registry_heavy`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from registry.heavy_child import serve  # noqa: E402 - models are there only after the set-up

serve()
