"""What else can be done with a request, and what it waits for: read for its page and the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.actors import Actor
from governance.models import BrokenGlass, Request, Review, Suggestion
from governance.services import glass, rollback, snapshots, suggestions, superseding, timing
from governance.services.snapshots import Changed
from governance.services.timing import Wait
from governance.workflow import OPEN, State

MOST_SUGGESTIONS = 200
_UNDER_WAY = frozenset({State.CHECKING, State.APPLYING})


@dataclass(frozen=True, slots=True)
class Ways:
    """Beside the decision: the time it waits for, the glass, and who looks at it afterwards."""

    wait: Wait | None
    can_set_not_before: bool
    can_break_glass: bool
    glasses: Sequence[BrokenGlass]
    can_roll_back: bool
    can_replace: bool
    can_suggest: bool
    suggestions: Sequence[Suggestion]
    reviewed: int  # the latest revision that this reader reviewed; 0: none
    changed: Sequence[Changed]  # since then

    @property
    def waits_until(self) -> object:
        """When it may be applied at the earliest; None where that is now, or never."""
        return self.wait.until if self.wait else None

    @property
    def waits_why(self) -> str:
        """Why not now, in words."""
        return self.wait.why if self.wait else ""


def ways_of(request: Request, actor: Actor, reviews: Sequence[Review], *, asked: bool) -> Ways:
    """The ways that this actor has with this request, of which these are all reviews; `asked` says
    whether she is to agree to it, as `timing.is_asked` has it."""
    open_still = State(request.state) in OPEN - _UNDER_WAY
    mine = [one.revision for one in reviews if one.reviewer_id == (actor.user_id or 0)]
    reviewed = max(mine, default=0)
    broken = request.glasses.select_related("broken_by", "reviewer") if request.break_glass else ()
    return Ways(
        wait=timing.wait_of(request) if open_still else None,
        can_set_not_before=timing.can_set_not_before(request, actor, asked=asked),
        can_break_glass=glass.can_break(request, actor),
        glasses=list(broken),
        can_roll_back=rollback.can_roll_back(request, actor),
        can_replace=superseding.can_replace(request, actor),
        can_suggest=suggestions.can_suggest(request, asked=asked),
        suggestions=list(request.suggestions.select_related("suggested_by")[:MOST_SUGGESTIONS]),
        reviewed=reviewed,
        changed=snapshots.changed_since(request, reviewed) if reviewed and open_still else (),
    )
