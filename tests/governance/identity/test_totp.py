"""Codes as the standards have them, each taken once."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.identity import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    # RFC 6238, appendix B, the last six of eight digits.
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_of_the_standard(seconds: int, code: str) -> None:
    step = seconds // 30
    assert totp.code_at(SECRET, step) == code
    assert totp.step_of(SECRET, f"{code[:3]} {code[3:]}", now=seconds, used=0) == step
    assert totp.step_of(SECRET, code, now=seconds, used=step) is None
    assert totp.step_of(SECRET, code, now=seconds + 30, used=0) == step
    assert totp.step_of(SECRET, code, now=seconds + 61, used=0) is None


@given(st.text(max_size=12))
def test_what_is_no_code_is_none(text: str) -> None:
    assert totp.step_of(SECRET, text, now=59, used=10) is None


def test_secrets_and_recovery_codes_differ() -> None:
    assert totp.new_secret() != totp.new_secret()
    codes = totp.recovery_codes()
    assert len(set(codes)) == 10
    typed = codes[0].upper().replace("-", " ")
    assert totp.digest_of(typed) == totp.digest_of(codes[0])
    assert totp.digest_of(codes[1]) != totp.digest_of(codes[0])


def test_the_address_names_account_and_issuer() -> None:
    said = totp.address("ABC", account="a b@x", issuer="Weir")
    assert said == "otpauth://totp/Weir%3Aa%20b%40x?secret=ABC&issuer=Weir&digits=6"
