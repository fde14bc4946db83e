"""Makes the app known to Django."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """See the package's README line in docs/architecture.md."""

    name = "registry"
