"""Signing in with a name and a password, and what slows down guessing.

Failures are counted for an account from an address, for an address, and for an account from
anywhere. From some count on each further failure doubles the time until the next try is looked at.
Each count forgets evenly, so that the slips of a busy office never add up. An attempt counts before
its password is checked and is taken back if it fits, so that a thousand at once are no way around.
Nobody can lock somebody else out for long: from another address her own count begins afresh, and
the count over all addresses is generous.
"""

from __future__ import annotations

import ipaddress
import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.contrib import auth
from django.db import connection, transaction
from django.db.models.functions import Now
from django.http import HttpRequest

from governance import audit
from governance.actors import ANONYMOUS, actor_for_user
from governance.errors import WeirError
from governance.models import SecondFactor, SignInCount, User

FORGOTTEN_AFTER = timedelta(hours=1)  # as many failures as slow somebody down
FIRST_DELAY = 5
LONGEST_DELAY = 15 * 60
STEPS = 8  # from the first delay to the longest; no count goes further


class SignInRefused(WeirError):
    """Name and password do not fit, or it is too early to try again (`retry_after` seconds)."""

    code = "sign_in_refused"
    retryable = True

    def __init__(self, message: str, *, retry_after: int = 0) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Limit:
    """What is counted together, and from which failure on the next one has to wait."""

    key: str
    slow_from: int

    @property
    def step(self) -> timedelta:
        """In which time one failure is forgotten."""
        return FORGOTTEN_AFTER / self.slow_from


@dataclass(frozen=True, slots=True)
class Count:
    """What stands in a row now: failures not yet forgotten, and up to when that was reckoned."""

    failures: int
    reckoned: datetime
    wait: float  # seconds


def sign_in(request: HttpRequest, *, username: str, password: str) -> User:
    """The person whose name and password these are; who calls begins the session, and records that
    she signed in where a code is asked for beside the password.

    Raises SignInRefused with a sentence that tells nothing about which of the two was wrong.
    """
    limits = limits_for(username, request.META.get("REMOTE_ADDR", ""))
    _begin(limits, username)
    user = auth.authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        raise SignInRefused(
            "Name and password do not fit together. Check both; the password minds upper and "
            "lower case."
        )
    _fits(limits)
    if not SecondFactor.objects.filter(user=user).exists():
        record_sign_in(user)
    return user


def record_sign_in(user: User) -> None:
    """The event of a sign-in that is complete."""
    with transaction.atomic():
        audit.record("person.signed_in", by=actor_for_user(user), about=user)


def confirm(user: User, password: str, *, address: str) -> None:
    """Makes sure that this is the person's password, before she changes it for example.

    Raises SignInRefused; a wrong one counts as a failed sign-in.
    """
    tried(
        user.username,
        address,
        lambda: user.check_password(password),
        "That is not your password. It minds upper and lower case.",
    )


def tried(name: str, address: str, fits: Callable[[], bool], otherwise: str) -> None:
    """Asks `fits`, unless too many tries under that name failed. Raises SignInRefused, with the
    sentence `otherwise` where it says no, which counts as a failure."""
    limits = limits_for(name, address)
    _begin(limits, name)
    if not fits():
        raise SignInRefused(otherwise)
    _fits(limits)


def delay(failures: int, slow_from: int) -> int:
    """Seconds to wait after that many failures: 0, then 5, 10, 20, … up to 15 minutes."""
    if failures < slow_from:
        return 0
    return min(LONGEST_DELAY, FIRST_DELAY << min(failures - slow_from, 20))


def limits_for(username: str, address: str) -> tuple[Limit, ...]:
    """What an attempt counts towards; the account from that address comes first."""
    account, network = _account(username), _network(address)
    return (
        Limit(_key("both", account, network), 5),
        Limit(_key("address", network), 30),
        Limit(_key("account", account), 50),
    )


def remembered(
    failures: int, reckoned: datetime, now: datetime, step: timedelta
) -> tuple[int, datetime]:
    """What is left of a count, and up to when that is reckoned: whole steps only, so that looking
    often neither hastens nor stops the forgetting."""
    steps = max((now - reckoned) // step, 0)
    left = failures - steps
    return (left, reckoned + steps * step) if left > 0 else (0, now)


def tidy() -> int:
    """Removes what is forgotten; gives the number of rows."""
    # The longest that any count can take: five and eight failures, one each twelve minutes.
    removed, _ = SignInCount.objects.filter(last_at__lt=Now() - 3 * FORGOTTEN_AFTER).delete()
    return removed


@transaction.atomic
def _begin(limits: Sequence[Limit], username: str) -> None:
    """Counts an attempt as a failure, or refuses to look at it."""
    counts = _locked(limits)
    wait = max(count.wait for count in counts)
    if wait > 0:
        raise SignInRefused(_too_early(wait), retry_after=math.ceil(wait))
    for limit, count in zip(limits, counts, strict=True):
        failures = min(count.failures + 1, limit.slow_from + STEPS)
        _write(limit, failures, count.reckoned, delay(failures, limit.slow_from))
    if counts[0].failures + 1 == limits[0].slow_from:
        _tell(username)


@transaction.atomic
def _fits(limits: Sequence[Limit]) -> None:
    """Takes the attempt back, and the wait that it began; the account's count from this address
    starts over."""
    for limit, count in zip(limits, _locked(limits), strict=True):
        before = 0 if limit is limits[0] else max(count.failures - 1, 0)
        _write(limit, before, count.reckoned, 0)


def _locked(limits: Sequence[Limit]) -> list[Count]:
    """The counts of the limits, in their order; the rows stay locked for this transaction."""
    keys = [limit.key for limit in limits]
    with connection.cursor() as cursor:
        # In one order everywhere, so that two attempts never wait for each other.
        cursor.execute(
            "INSERT INTO governance_signincount (key, failures, last_at) "
            "SELECT k, 0, clock_timestamp() FROM unnest(%s::text[]) AS k ORDER BY k "
            "ON CONFLICT DO NOTHING",
            [keys],
        )
        cursor.execute(
            "SELECT key, failures, last_at, blocked_until FROM governance_signincount "
            "WHERE key = ANY(%s) ORDER BY key FOR UPDATE",
            [keys],
        )
        # The clock is read once the rows are locked: an attempt that had to wait for another one
        # is judged by what that one left.
        found = {key: row for key, *row in cursor.fetchall()}
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    counts = []
    for limit in limits:
        failures, reckoned, blocked = found[limit.key]
        left, reckoned = remembered(failures, reckoned, now, limit.step)
        counts.append(Count(left, reckoned, (blocked - now).total_seconds() if blocked else 0.0))
    return counts


def _write(limit: Limit, failures: int, reckoned: datetime, wait: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE governance_signincount SET failures = %s, last_at = %s, "
            "blocked_until = CASE WHEN %s > 0 "
            "THEN clock_timestamp() + make_interval(secs => %s) END WHERE key = %s",
            [failures, reckoned, wait, wait, limit.key],
        )


def _tell(username: str) -> None:
    """An event, when guessing at an account begins to be slowed down. What was typed is kept only
    where it is somebody's name."""
    user = User.objects.filter(username=username).first()
    if user is not None:
        audit.record("person.sign_in_slowed", by=ANONYMOUS, about=user)


def _too_early(wait: float) -> str:
    seconds = math.ceil(wait)
    span = f"{seconds} seconds" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
    return f"Too many attempts to sign in failed. Try again in {span}."


def _account(username: str) -> str:
    return unicodedata.normalize("NFKC", username).strip().casefold()[:300]


def _network(address: str) -> str:
    """The address; of IPv6 the network of 64 bits, since one person has all of it."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped:
            return str(known.ipv4_mapped)
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)


def _key(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
