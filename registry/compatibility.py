"""Compatibility levels: which versions take part, and who must read whom.

The formats say what keeps one schema from reading another; this module applies that in the
directions, and to the versions, that a level asks for. It knows no format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from registry.errors import InvalidLevel
from registry.formats import base
from registry.formats.base import Difference, Parsed, Policy

SHOWN_TEXT: Final = 10_240  # characters of the older schema in a message
OTHER_TYPE: Final = "Incompatible because of different schema type"


class Level(StrEnum):
    """What a subject asks of each new version."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def transitive(self) -> bool:
        """Whether all live versions take part, or only the latest."""
        return self.name.endswith("_TRANSITIVE")

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Who must read whom, in the order in which it is reported."""
        return _DIRECTIONS[self.name.removesuffix("_TRANSITIVE")]

    def loosens(self, before: Level) -> bool:
        """Whether it promises less than that level: a direction less, or fewer versions."""
        fewer = not set(before.directions) <= set(self.directions)
        return fewer or (before.transitive and not self.transitive)


class Direction(StrEnum):
    """Who reads whom."""

    NEW_READS_OLD = "BACKWARD"
    OLD_READS_NEW = "FORWARD"


_DIRECTIONS: Final[dict[str, tuple[Direction, ...]]] = {
    "NONE": (),
    "BACKWARD": (Direction.NEW_READS_OLD,),
    "FORWARD": (Direction.OLD_READS_NEW,),
    "FULL": (Direction.OLD_READS_NEW, Direction.NEW_READS_OLD),
}


def level(text: object) -> Level:
    """The level of that name, in any letter case. Raises InvalidLevel."""
    try:
        return Level(str(text).upper())
    except ValueError:
        raise InvalidLevel from None


@dataclass(frozen=True, slots=True)
class Older:
    """A stored version to compare with. `parsed` is called only when its turn comes."""

    version: int
    text: str
    parsed: Callable[[], Parsed]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the new schema may follow, and if not, why.

    `messages` is the verbose list of the wire API, `words` the same for people, and
    `against` the version that the check failed on.
    """

    compatible: bool
    messages: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    against: int | None = None


FINE: Final = Verdict(True)


def check(
    asked: Level,
    new: Parsed,
    older: Iterable[Older],
    policy: Policy = Policy.STRICT,
    in_time: Callable[[], bool] = lambda: True,
) -> Verdict:
    """The verdict on `new` against live versions, which come newest first.

    Stops at the first version that fails, which is the next one when `in_time` is so no more.
    """
    if not asked.directions:
        return FINE
    for version in older if asked.transitive else islice(older, 1):
        if not in_time():
            why = f"comparing with version {version.version} and those before it takes too long"
            text = f"{{errorType:'UNEXPECTED', description:'{why}'}}"
            way_out = f"{why}: ask for a level that is not transitive, or delete old versions"
            return _refused(version, [text, *_tail(version)], [way_out])
        verdict = check_one(asked, new, version, policy)
        if not verdict.compatible:
            return verdict
    return FINE


def check_one(asked: Level, new: Parsed, old: Older, policy: Policy = Policy.STRICT) -> Verdict:
    """The verdict against one version, in the directions of the level."""
    if not asked.directions:
        return FINE
    parsed = old.parsed()
    if parsed.format != new.format:
        return _refused(old, [OTHER_TYPE], [_other_type(new, parsed, old)])
    messages: list[str] = []
    words: list[str] = []
    found: Sequence[tuple[Difference, str, str]] = ()
    for direction in asked.directions:
        found = _found(direction, new, parsed, policy)
        messages += [difference.said(reader, writer) for difference, reader, writer in found]
        words += [difference.in_words(reader, writer) for difference, reader, writer in found]
    if found:  # of both directions the original tells the older schema with the second alone
        messages += _tail(old)
    return _refused(old, messages, words) if messages else FINE


Judged = Mapping[Direction, Verdict]


def both_ways(new: Parsed, old: Older, policy: Policy = Policy.STRICT) -> Judged:
    """The verdict against one version in each direction."""
    return {way: check_one(Level(way), new, old, policy) for way in Direction}


def _found(
    direction: Direction, new: Parsed, old: Parsed, policy: Policy
) -> list[tuple[Difference, str, str]]:
    differences = base.get(new.format).differences
    if direction is Direction.NEW_READS_OLD:
        return [(d, "new", "old") for d in differences(new, old, policy) if not d.allowed]
    return [(d, "old", "new") for d in differences(old, new, policy) if not d.allowed]


def _refused(old: Older, messages: list[str], words: list[str]) -> Verdict:
    return Verdict(False, tuple(messages), tuple(dict.fromkeys(words)), old.version)


def _tail(old: Older) -> list[str]:
    text = f"'{old.text}'"
    if len(old.text) > SHOWN_TEXT:
        text = f"<truncated> '{old.text[:SHOWN_TEXT]}...'"
    return [f"{{oldSchemaVersion: {old.version}}}", f"{{oldSchema: {text}}}"]


def _other_type(new: Parsed, old: Parsed, version: Older) -> str:
    return (
        f"version {version.version} is {old.format} and the new schema is {new.format}, and two "
        "types are never compatible: set the level to NONE first, or take another subject"
    )
