"""Who is meant in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.mentions import MOST, mentions, pieces


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ada look", {"ada"}),
        ("Ask @ada, @jonas.weber and (@mara).", {"ada", "jonas.weber", "mara"}),
        ("That is @ada.", {"ada"}),
        ("@ada-", {"ada"}),
        ("mail ada@example.com", set()),
        ("@@ada", set()),
        ("@", set()),
        ("@ ada", set()),
        ("@ada@ada", {"ada@ada"}),
        ("@ada+test\n@Ada", {"ada+test", "Ada"}),
        ("@<b>ada</b>", set()),
        ("@ада и @ünal", {"ада", "ünal"}),
        ("@" + "x" * 151, set()),
        ("@" + "x" * 150, {"x" * 150}),
    ],
)
def test_names_are_read_exactly(text: str, names: set[str]) -> None:
    assert mentions(text) == names


def test_no_more_than_a_few_count() -> None:
    text = " ".join(f"@p{n}" for n in range(MOST + 30))
    assert mentions(text) == {f"p{n}" for n in range(MOST)}


@given(st.text(alphabet="@ab.-+ <\n", max_size=60) | st.text(max_size=60))
def test_the_pieces_are_the_text(text: str) -> None:
    assert "".join(piece.text for piece in pieces(text)) == text
    assert all(piece.text == f"@{piece.name}" for piece in pieces(text) if piece.name)
