"""No secret is added without a canary that is looked for everywhere (`tests/real/canary`)."""

from __future__ import annotations

import base64

from tests.real.canary.secret_fields import NO_SECRETS, STANDS_FOR, columns, variables
from tests.real.canary.traces import disguises, hits


def test_every_secret_has_a_canary_or_a_reason_why_it_is_none() -> None:
    there = {*columns(), *variables()}
    assert there - STANDS_FOR.keys() - NO_SECRETS.keys() == set(), "put a canary there"
    assert STANDS_FOR.keys() - there == set(), "there is no such secret any more"


def test_a_canary_is_found_in_whatever_it_is_wrapped_in() -> None:
    value = "canary-7f3a+b/c d"
    for before in ("", "a", "ab", "abc"):
        text = f"{before}{value} and more".encode()
        for wrapped in (
            text,
            base64.b64encode(text),
            text.hex().encode(),
            text.hex().upper().encode(),
        ):
            assert hits({"here": wrapped}, {"it": value}), wrapped
    assert hits({"here": b"x=canary-7f3a%2Bb/c%20d"}, {"it": value})
    assert not hits({"here": b"canary-7f3a"}, {"it": value})
    assert len(set(disguises(value).values())) >= 6
