"""What takes a change of access back; pure."""

from __future__ import annotations

from datetime import datetime

from governance.errors import Problem
from governance.kinds import Undone
from topics.kinds.grant.spec import GrantName, GrantSpec


def undo_change(
    operation: str,
    name: GrantName,
    *,
    before: GrantSpec | None,
    declared: GrantSpec | None,
    now: datetime,
) -> Undone | Problem:
    """What was given is ended; what was ended, or changed, is as it was before.

    An end that is over by now cannot come back: access would be taken away as it is given.
    """
    if operation == "create":
        if declared is None:
            return _no(f"{name.words} no longer.", "There is nothing to end.")
        return Undone("revoke", declared.as_json())
    if before is None:
        return _no(f"It is not known how {name.words} before.", "Ask for the access anew.")
    if before.ends_at is not None and before.ends_at <= now:
        return _no("What was granted before would be over by now.", "Ask for the access anew.")
    if declared is None:
        return Undone("create", before.as_json())
    if before.as_json() == declared.as_json():
        return _no("It is granted as it was before already.", "There is nothing to take back.")
    return Undone("alter", before.as_json())


def _no(message: str, way_out: str) -> Problem:
    return Problem("", message, way_out, rule="undo")
