"""Who sends a request: HTTP basic with a token as the password, a bearer token, or nobody."""

from __future__ import annotations

import binascii
import time
from base64 import b64decode
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from governance.actors import Actor, anonymous_with
from governance.permissions import Scope
from governance.services import tokens
from registry.errors import Unauthenticated
from registry.gate import may_read

# A revoked token is refused within a second; half of it is spent here at most.
REMEMBERED: Final = 0.5
KEPT: Final = 10_000

ANONYMOUS: Final = {
    "none": None,
    "read": anonymous_with(Scope.REGISTRY_READ),
    "full": anonymous_with(Scope.REGISTRY_READ, Scope.REGISTRY_WRITE),
}


def token_of(header: bytes) -> str:
    """The token in an Authorization header. Raises Unauthenticated for any other content."""
    scheme, _, rest = header.strip().partition(b" ")
    if scheme.lower() == b"bearer":
        return rest.strip().decode("latin-1")
    if scheme.lower() == b"basic":
        try:
            pair = b64decode(rest.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise Unauthenticated("The Authorization header is not valid basic.") from None
        return pair.partition(":")[2]
    raise Unauthenticated("Use HTTP basic authentication, or a bearer token.")


def identify(header: bytes) -> Actor:
    """The actor of a credential; asks the database. Raises Unauthenticated."""
    if not header:
        anonymous = ANONYMOUS[settings.REGISTRY_ANONYMOUS]
        if anonymous is None:
            raise Unauthenticated
        return anonymous
    actor = tokens.authenticate(token_of(header))
    if actor is None:
        raise Unauthenticated("The token is unknown, expired or revoked: ask its team for another.")
    return actor


@dataclass(frozen=True, slots=True)
class Known:
    """An actor, with the one right that remembered answers ask for, and since when it is known."""

    actor: Actor
    reads: bool
    since: float


class Remembered:
    """Actors of the last half second, by header; belongs to one event loop."""

    def __init__(self) -> None:
        self.kept: OrderedDict[bytes, Known] = OrderedDict()
        anonymous = ANONYMOUS[settings.REGISTRY_ANONYMOUS]
        self.anonymous = None if anonymous is None else Known(anonymous, may_read(anonymous), 0.0)

    def get(self, header: bytes) -> Known | None:
        if not header:
            return self.anonymous
        found = self.kept.get(header)
        if found is None or time.monotonic() - found.since > REMEMBERED:
            return None
        return found

    def last(self, header: bytes) -> Actor | None:
        """Whose header that was when it was last looked at: to count by, not to let in."""
        if not header:
            return None
        found = self.kept.get(header)
        return None if found is None else found.actor

    def put(self, header: bytes, actor: Actor, asked_at: float) -> None:
        """Remember an actor from when the database was asked, not from when it answered."""
        self.kept[header] = Known(actor, may_read(actor), asked_at)
        self.kept.move_to_end(header)
        while len(self.kept) > KEPT:
            self.kept.popitem(last=False)
