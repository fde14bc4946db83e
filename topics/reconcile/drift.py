"""Three-way comparison, key by key: what was declared, what we applied last, what is there.

The third leg decides what a missing key means. A key that is not declared but was applied by us
once was given up, and its override goes; one that we never applied belongs to somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a key needs."""

    IN_STEP = "in_step"  # as declared
    SET = "set"  # declared, and not so on the cluster
    REMOVE = "remove"  # ours once, declared no longer
    UNMANAGED = "unmanaged"  # an override that nobody declared
    FOREIGN = "foreign"  # an override that belongs to a tool or to the platform


@dataclass(frozen=True, slots=True)
class KeyState:
    """One key: the declared value, the observed override (None: there is none), the verdict."""

    key: str
    declared: str | None
    observed: str | None
    verdict: Verdict


def same(_key: str, left: str, right: str) -> bool:
    """Plain equality, for kinds whose values have one spelling."""
    return left == right


def three_way(
    declared: Mapping[str, str],
    last_applied: Mapping[str, str],
    observed: Mapping[str, str],
    *,
    foreign: Callable[[str], bool] = lambda _key: False,
    equal: Callable[[str, str, str], bool] = same,
) -> Iterator[KeyState]:
    """The state of every key of the three, in order of keys.

    `observed` holds overrides only: a value that comes from a default of the broker is not an
    override and must not be among them, or every default would look like drift. `foreign(key)` says
    that others own the key; a key that was declared all the same is ours. `equal(key, a, b)` knows
    which spellings mean the same.
    """
    for key in sorted(declared.keys() | last_applied.keys() | observed.keys()):
        wanted, there = declared.get(key), observed.get(key)
        if wanted is not None:
            kept = there is not None and equal(key, wanted, there)
            yield KeyState(key, wanted, there, Verdict.IN_STEP if kept else Verdict.SET)
        elif there is None:
            yield KeyState(key, None, None, Verdict.IN_STEP)
        elif foreign(key):
            yield KeyState(key, None, there, Verdict.FOREIGN)
        elif key in last_applied:
            yield KeyState(key, None, there, Verdict.REMOVE)
        else:
            yield KeyState(key, None, there, Verdict.UNMANAGED)
