"""`manage.py meddle TOPIC KEY=VALUE`: changes a topic behind Weir's back, for the tour."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import closing
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from config.stack.kafka import admin_client, quiet


class Command(BaseCommand):
    """Does what somebody with a Kafka tool and too many rights does."""

    help = "Changes one setting of a topic on the demo broker, past Weir, so that it drifts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The topic, and the setting."""
        parser.add_argument("topic")
        parser.add_argument("setting", help="key=value, for example max.message.bytes=2097152")

    def handle(self, *args: Any, **options: Any) -> None:
        """Changes it, or says why not."""
        kafka = settings.DEMO_KAFKA
        key, separator, value = options["setting"].partition("=")
        if not separator:
            raise CommandError("Write the setting as key=value.")
        if not kafka["bootstrap"] or not kafka["user"]:
            raise CommandError("There is no demo broker here. Start one with `make up`.")
        resource = ConfigResource(ConfigResourceType.TOPIC, options["topic"], {key: value})
        quiet()
        try:
            with closing(
                admin_client(kafka["bootstrap"], kafka["user"], kafka["password"])
            ) as client:
                if options["topic"] not in client.list_topics():
                    raise CommandError(
                        f"There is no topic {options['topic']} on the demo broker. Have its request"
                        " applied first."
                    )
                said = client.alter_configs([resource])
        except (KafkaError, ValueError) as error:
            raise CommandError(f"The broker refused: {error}") from error
        if refusals := [str(e) for e in said.values() if e and "error" in str(e).lower()]:
            raise CommandError(f"The broker refused: {refusals[0]}")
        self.stdout.write(
            f"{options['topic']} now has {key}={value}; its page shows the drift within "
            f"{settings.SCAN_INTERVAL.total_seconds():g} s."
        )
