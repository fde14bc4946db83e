"""Typed errors of the core and the services.

Each error is one sentence a person can act on: it names the object, the rule and the way out. The
edges (pages, `/api/v1`) map the classes to status codes in one place each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


class WeirError(Exception):
    """Base of all expected failures. `code` is stable; `retryable`: trying again may help."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts: Mapping[str, object] = facts


class NotFound(WeirError):
    """No such object, or none that this actor may see: the two look the same on purpose."""

    code = "not_found"


class NotAllowed(WeirError):
    """The actor sees the object but may not do this; the message says who can."""

    code = "not_allowed"


class Invalid(WeirError):
    """A value cannot be read. `path` says which one."""

    code = "invalid"

    def __init__(self, message: str, *, path: str = "", **facts: object) -> None:
        super().__init__(message, path=path, **facts)
        self.path = path


class Conflict(WeirError):
    """Things stand in a way that does not allow this."""

    code = "conflict"


class Taken(Conflict):
    """The name belongs to something else already."""

    code = "taken"


class Overtaken(Conflict):
    """Somebody else did something in the moment between looking and doing."""

    code = "overtaken"


class Stale(Conflict):
    """The decision was made on an older revision than the one that stands now."""

    code = "stale"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one value.

    `path` is the field it stands beside (``configs.retention.ms``), empty for the whole item;
    `position` is the item's place in its request, -1 when it concerns the request itself.
    """

    path: str
    message: str
    way_out: str = ""
    position: int = -1
    rule: str = ""


class Refused(WeirError):
    """A request cannot go on as it is; `problems` says why, one entry a value."""

    code = "refused"

    def __init__(self, message: str, problems: Sequence[Problem] = (), **facts: object) -> None:
        super().__init__(message, **facts)
        self.problems = tuple(problems)
