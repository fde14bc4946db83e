"""Makes the app known to Django."""

from django.apps import AppConfig


class TopicsConfig(AppConfig):
    """See the package's README line in docs/architecture.md."""

    name = "topics"
