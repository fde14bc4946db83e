"""Signing in with a name and a password, and what slows down guessing.

Failures are counted for an account from an address, for an address, and for an account from
anywhere. From some count on each further failure doubles the time until the next try is looked at.
An attempt counts before its password is checked and is taken back if it fits, so that a thousand at
once are no way around. Nobody can lock somebody else out for long: from another address her own
count begins afresh, and the count over all addresses is generous.
"""

from __future__ import annotations

import ipaddress
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from django.contrib import auth
from django.db import connection, transaction
from django.db.models.functions import Now
from django.http import HttpRequest

from governance import audit
from governance.actors import ANONYMOUS, actor_for_user
from governance.errors import WeirError
from governance.models import SignInCount, User

FORGOTTEN_AFTER = timedelta(hours=1)
FIRST_DELAY = 5
LONGEST_DELAY = 15 * 60


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


def sign_in(request: HttpRequest, *, username: str, password: str) -> User:
    """The person whose name and password these are; who calls begins the session.

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
    with transaction.atomic():
        audit.record("person.signed_in", by=actor_for_user(user), about=user)
    return user


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


def tidy() -> int:
    """Removes what is forgotten anyway; gives the number of rows."""
    removed, _ = SignInCount.objects.filter(last_at__lt=Now() - FORGOTTEN_AFTER).delete()
    return removed


@transaction.atomic
def _begin(limits: Sequence[Limit], username: str) -> None:
    """Counts an attempt as a failure, or refuses to look at it."""
    rows = _locked([limit.key for limit in limits])
    wait = max(rows[limit.key][1] for limit in limits)
    if wait > 0:
        raise SignInRefused(_too_early(wait), retry_after=math.ceil(wait))
    for limit in limits:
        failures = rows[limit.key][0] + 1
        _write(limit, failures)
        if failures == limit.slow_from and limit is limits[0]:
            _tell(username)


@transaction.atomic
def _fits(limits: Sequence[Limit]) -> None:
    """Takes the attempt back; the account's count from this address starts over."""
    rows = _locked([limit.key for limit in limits])
    for limit in limits:
        before = max(rows[limit.key][0] - 1, 0)
        _write(limit, 0 if limit is limits[0] else before)


def _locked(keys: Sequence[str]) -> dict[str, tuple[int, float]]:
    """Failures and seconds still to wait, by key; the rows stay locked for this transaction."""
    with connection.cursor() as cursor:
        # In one order everywhere, so that two attempts never wait for each other.
        cursor.execute(
            "INSERT INTO governance_signincount (key, failures, last_at) "
            "SELECT k, 0, clock_timestamp() FROM unnest(%s::text[]) AS k ORDER BY k "
            "ON CONFLICT DO NOTHING",
            [list(keys)],
        )
        cursor.execute(
            "SELECT key, failures, last_at, blocked_until FROM governance_signincount "
            "WHERE key = ANY(%s) ORDER BY key FOR UPDATE",
            [list(keys)],
        )
        # The clock is read once the rows are locked: an attempt that had to wait for another one
        # is judged by what that one left.
        found = cursor.fetchall()
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    return {
        key: (
            0 if now - last_at > FORGOTTEN_AFTER else failures,
            (blocked - now).total_seconds() if blocked else 0.0,
        )
        for key, failures, last_at, blocked in found
    }


def _write(limit: Limit, failures: int) -> None:
    seconds = delay(failures, limit.slow_from)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE governance_signincount SET failures = %s, last_at = clock_timestamp(), "
            "blocked_until = CASE WHEN %s > 0 "
            "THEN clock_timestamp() + make_interval(secs => %s) END WHERE key = %s",
            [failures, seconds, seconds, limit.key],
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
