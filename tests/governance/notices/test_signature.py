"""Signatures: what was signed is taken, anything else is not."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.notices.signature import sign, verify

AT = 1_790_000_000


@given(st.text(min_size=1), st.binary())
def test_what_was_signed_is_taken(secret: str, body: bytes) -> None:
    header = sign(secret, body, at=AT)
    assert verify(secret, header, body, now=AT)
    assert not verify(secret, header, body + b" ", now=AT)
    assert not verify(secret + "x", header, body, now=AT)


def test_it_is_the_plain_hmac_that_the_documents_describe() -> None:
    expected = hmac.new(b"s", f"{AT}.".encode() + b"{}", hashlib.sha256).hexdigest()
    assert sign("s", b"{}", at=AT) == f"t={AT},v1={expected}"


@pytest.mark.parametrize("moved", [-301, 301])
def test_an_old_one_is_not_taken_again(moved: int) -> None:
    header = sign("s", b"{}", at=AT)
    assert verify("s", header, b"{}", now=AT + 299)
    assert not verify("s", header, b"{}", now=AT + moved)


@pytest.mark.parametrize(
    "header", ["", "t=,v1=", "t=x,v1=y", "v1=abc", "t=1,t=2,v1=a", "t=٣,v1=a", f"t={'9' * 99}"]
)
def test_nonsense_is_not_taken(header: str) -> None:
    assert not verify("s", header, b"{}", now=AT)


def test_a_changed_time_breaks_it() -> None:
    header = sign("s", b"{}", at=AT).replace(str(AT), str(AT + 1))
    assert not verify("s", header, b"{}", now=AT)
