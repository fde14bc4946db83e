"""The schema registry."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Subjects, versions, formats, compatibility and the wire API; knows no broker."""

    name = "registry"

    def ready(self) -> None:
        # What registers itself does so when it is imported: formats, then the kind.
        from registry import kind  # noqa: F401
        from registry.formats.avro import format as avro  # noqa: F401
        from registry.formats.json_schema import format as json_schema  # noqa: F401
        from registry.formats.protobuf import format as protobuf  # noqa: F401
