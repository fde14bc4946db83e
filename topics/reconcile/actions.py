"""What a plan is made of: actions, and what was held back and why.

A kind brings its own actions as subclasses; ordering, batching and caps look only at what stands
here. Risks and outcomes are the ones that requests speak of, so they come from `governance.kinds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from governance.kinds import Outcome, OutcomeState, Risk

__all__ = ["Action", "HeldBack", "Outcome", "OutcomeState", "Plan", "Risk"]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do to one named object.

    `phase` orders actions of different classes (lower first); actions of one class go to the broker
    together, in batches. `records` is what the action writes to the controller's metadata log.
    """

    phase: ClassVar[int] = 0

    name: str
    before: Mapping[str, object] | None = field(default=None, kw_only=True)

    @property
    def records(self) -> int:
        """Metadata records that this writes: a request may write 10,000 at most."""
        return 1

    @property
    def risk(self) -> Risk:
        """What this may cost."""
        return Risk.SAFE

    def words(self) -> str:
        """What is done, in words, without the object's name."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A difference that the plan leaves alone. `rule` is stable, `reason` is a sentence."""

    name: str
    path: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, in order, and what will not."""

    actions: tuple[Action, ...] = ()
    held_back: tuple[HeldBack, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.actions)
