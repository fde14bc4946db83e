"""A kind of the tests' own, made as any kind is: one folder, one migration, one line."""

from django.apps import AppConfig


class ToyConfig(AppConfig):
    """Registers the toy kind when Django is ready."""

    name = "tests.toy"

    def ready(self) -> None:
        from governance import kinds
        from tests.toy.kind import Toy

        kinds.register(Toy())
