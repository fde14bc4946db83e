"""Codes that an app and Weir both know for half a minute (RFC 6238), and codes for a lost app.

Pure: the time is an argument. SHA-1, six digits and thirty seconds are what every app understands.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from hashlib import sha1, sha256
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
# A clock may go half a minute wrong, or somebody may type slowly (RFC 6238, 5.2).
TOLERATED_STEPS = 1
RECOVERY_CODES = 10
# Without letters and digits that look alike.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
TYPED = re.compile(r"[\s-]")


def new_secret() -> str:
    """A secret of 160 bits, in the base 32 that people can type into an app."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code_at(secret: str, step: int) -> str:
    """The code of one step (RFC 4226, 5.3)."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8), sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: str, typed: str, *, now: float, used: int) -> int | None:
    """The step whose code was typed; None where it is none, or one not later than the `used` one.

    That is what refuses a code a second time (RFC 6238, 5.2). `now` is in seconds since 1970.
    """
    code = TYPED.sub("", typed)
    current = int(now) // STEP_SECONDS
    if not (code.isascii() and code.isdecimal()):
        return None
    fits = [
        step
        for step in range(current - TOLERATED_STEPS, current + TOLERATED_STEPS + 1)
        if hmac.compare_digest(code_at(secret, step), code) and step > used
    ]
    return max(fits, default=None)


def address(secret: str, *, account: str, issuer: str) -> str:
    """What the picture says to the app."""
    query = urlencode({"secret": secret, "issuer": issuer, "digits": DIGITS}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{issuer}:{account}', safe='')}?{query}"


def recovery_codes() -> list[str]:
    """New codes, each good once: ``k7mqx-2hvdn``, 49 bits each."""

    def half() -> str:
        return "".join(secrets.choice(ALPHABET) for _ in range(5))

    return [f"{half()}-{half()}" for _ in range(RECOVERY_CODES)]


def digest_of(code: str) -> bytes:
    """What is kept of a recovery code, however it was typed."""
    return sha256(TYPED.sub("", code).casefold().encode()).digest()
