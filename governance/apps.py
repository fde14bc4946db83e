"""People, requests, rules, audit."""

from importlib import import_module

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Knows no topic and no schema; kinds register with it."""

    name = "governance"

    def ready(self) -> None:
        """Lets the kinds of its own put themselves into the table of kinds."""
        import_module("governance.waivers.kind")
        import_module("governance.waivers.endings")
        import_module("governance.ownership.kind")
