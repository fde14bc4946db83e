"""Names in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.notices.mentions import MOST, mentioned


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@priya please look", ["priya"]),
        ("Ask @Priya, or @jonas.", ["priya", "jonas.", "jonas"]),
        ("(@priya)", ["priya"]),
        ("priya@example.com", []),
        ("@@priya", []),
        ("@", []),
        ("@maya.klein!", ["maya.klein"]),
        ("@a @a @A", ["a"]),
    ],
)
def test_names(text: str, names: list[str]) -> None:
    assert mentioned(text) == names


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    assert len(mentioned(text)) <= MOST * 2


def test_a_flood_of_names_is_bounded() -> None:
    assert len(mentioned(" ".join(f"@person{n}" for n in range(10_000)))) <= MOST * 2
