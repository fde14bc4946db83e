"""The signature of a webhook: how it is made, and how whoever gets one checks it."""

from __future__ import annotations

import hmac
from hashlib import sha256

HEADER = "Weir-Signature"
TOLERANCE_S = 300


def sign(secret: str, body: bytes, *, at: int) -> str:
    """The header's value for a body sent at that time (seconds since 1970)."""
    return f"t={at},v1={_digest(secret, body, at)}"


def verify(
    secret: str, header: str, body: bytes, *, now: int, tolerance: int = TOLERANCE_S
) -> bool:
    """Whether the body was signed with the secret, not longer ago than the tolerance.

    The time is part of what is signed, so that an old message cannot be sent again as a new one.
    """
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) < 12):
        return False
    at = int(times[0])
    if abs(now - at) > tolerance:
        return False
    expected = _digest(secret, body, at)
    given = [value for name, _, value in parts if name.strip() == "v1"]
    return any(hmac.compare_digest(expected.encode(), value.encode()) for value in given)


def _digest(secret: str, body: bytes, at: int) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()
