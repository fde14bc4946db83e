"""Registers the kinds of this app."""

from importlib import import_module

from django.apps import AppConfig

KINDS = ("topic", "grant")


class TopicsConfig(AppConfig):
    """Clusters and everything declared on them."""

    name = "topics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Lets each kind put itself into the table of kinds."""
        for kind in KINDS:
            import_module(f"topics.kinds.{kind}.kind")
        import_module("topics.kinds.grant.form")
        import_module("topics.kinds.grant.endings")
        import_module("topics.kinds.topic.endings")
        import_module("topics.grant_queries")  # says who reads a topic
