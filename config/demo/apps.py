"""Makes `manage.py demo` known to Django."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """A small estate to look at; nothing in production uses it."""

    name = "config.demo"
    label = "demo"
