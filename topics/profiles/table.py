"""All platform profiles, by name: adding one is its module and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from topics.profiles import apache_kafka, automq
from topics.profiles.base import Profile

PROFILES: Final[Mapping[str, Profile]] = {
    profile.name: profile for profile in (apache_kafka.PROFILE, automq.PROFILE)
}


def get(name: str) -> Profile:
    """The profile of that name; Apache Kafka's where a newer release knew one that we do not."""
    return PROFILES.get(name, apache_kafka.PROFILE)


def detected(topic_keys: frozenset[str]) -> str:
    """The profile that a cluster most probably has, from the topic configs it knows.

    A proposal: a person confirms it when the cluster is registered.
    """
    for profile in PROFILES.values():
        if profile.extra and profile.extra.keys() & topic_keys:
            return profile.name
    return apache_kafka.PROFILE.name
