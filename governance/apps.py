"""People, requests, rules, audit."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Knows no topic and no schema; kinds register with it."""

    name = "governance"
