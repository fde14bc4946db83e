"""`manage.py traffic TOPIC`: records of the last days, and a group that lags, for the tour."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from contextlib import closing
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import CoordinatorNotAvailableError, KafkaError
from kafka.structs import OffsetAndMetadata, TopicPartition

from config.stack.kafka import admin_client, quiet

GROUP: Final = "checkout.receipts"  # by its name of the demo's application, so of its team
RECORDS: Final = 6_000
DAYS: Final = 5
PATIENCE_S: Final = 30
READ: Final = 0.4  # of each partition, so that what is unread begins three days ago


class Command(BaseCommand):
    """Does what clients do, in a moment instead of in days."""

    help = "Writes records of the last five days to a topic of the demo broker; a group reads some."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The topic."""
        parser.add_argument("topic")

    def handle(self, *args: Any, **options: Any) -> None:
        """Writes and reads, or says why not."""
        kafka, topic = settings.DEMO_KAFKA, options["topic"]
        if not kafka["bootstrap"] or not kafka["user"]:
            raise CommandError("There is no demo broker here. Start one with `make up`.")
        quiet()
        try:
            with closing(
                admin_client(kafka["bootstrap"], kafka["user"], kafka["password"])
            ) as client:
                if topic not in client.list_topics():
                    raise CommandError(
                        f"There is no topic {topic} on the demo broker. Have its request applied "
                        "first."
                    )
                _write(kafka, topic)
                _read(client, topic)
        except (KafkaError, ValueError) as error:
            raise CommandError(f"The broker refused: {error}") from error
        self.stdout.write(
            f"{topic} has {RECORDS:,} records more, and {GROUP} has read up to three days ago; its "
            f"page shows both within {settings.MEASURE_INTERVAL.total_seconds():g} s."
        )


def _write(kafka: dict[str, str], topic: str) -> None:
    """Records evenly over the last days, oldest first, as their producers would have dated them."""
    with closing(
        KafkaProducer(
            bootstrap_servers=kafka["bootstrap"],
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_plain_username=kafka["user"],
            sasl_plain_password=kafka["password"],
        )
    ) as producer:
        now = int(time.time() * 1000)
        for number in range(RECORDS):
            age = (RECORDS - number) * DAYS * 86_400_000 // RECORDS
            producer.send(topic, b"x" * 900, timestamp_ms=now - age)
        producer.flush()


def _read(client: KafkaAdminClient, topic: str) -> None:
    """Lets the group be where it would be had it stopped three days ago."""
    (found,) = client.describe_topics([topic])
    partitions = [TopicPartition(topic, one["partition_index"]) for one in found["partitions"]]
    starts = client.list_partition_offsets(dict.fromkeys(partitions, -2))
    ends = client.list_partition_offsets(dict.fromkeys(partitions, -1))
    positions = {
        one: OffsetAndMetadata(
            starts[one].offset + int((ends[one].offset - starts[one].offset) * READ), "", None
        )
        for one in partitions
    }
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            client.alter_group_offsets(GROUP, positions)
            return
        except CoordinatorNotAvailableError:
            # The first group of a broker waits for the topic that keeps positions.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
