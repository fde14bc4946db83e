"""How clients came to a subject's name: the three naming strategies of the serializers, read back.

`TopicNameStrategy` makes ``orders-value`` and ``orders-key`` of the topic, `RecordNameStrategy` the
full name of the record (the title of a JSON Schema), `TopicRecordNameStrategy` both, joined by a
dash. Names of records are those that `Format.names` gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PARTS: Final = ("value", "key")


class Strategy(StrEnum):
    """A strategy by the name that serializers configure it with."""

    TOPIC = "TopicNameStrategy"
    RECORD = "RecordNameStrategy"
    TOPIC_RECORD = "TopicRecordNameStrategy"


@dataclass(frozen=True, slots=True)
class Naming:
    """What a name says: the topic it belongs to ("" where none is in it), the part of the topic's
    records ("key", "value" or ""), the record ("" where none is in it)."""

    strategy: Strategy
    topic: str = ""
    part: str = ""
    record: str = ""

    def __str__(self) -> str:
        match self.strategy:
            case Strategy.TOPIC:
                return f"{self.part}s of the topic {self.topic}"
            case Strategy.RECORD:
                return f"the record {self.record}, in whatever topic"
        return f"the record {self.record} in the topic {self.topic}"


def naming(subject: str, records: Sequence[str] = ()) -> Naming | None:
    """How a subject (its name without context) was named; None for a name of another making.

    >>> naming("orders-com.acme.Order", ["com.acme.Order"]).topic
    'orders'
    """
    for part in PARTS:  # first, as a title of a JSON Schema may look like anything
        topic = subject.removesuffix(f"-{part}")
        if topic and topic != subject:
            return Naming(Strategy.TOPIC, topic=topic, part=part)
    if subject in records:
        return Naming(Strategy.RECORD, record=subject)
    for record in records:
        topic = subject.removesuffix(f"-{record}")
        if topic and topic != subject:
            return Naming(Strategy.TOPIC_RECORD, topic=topic, record=record)
    return None
