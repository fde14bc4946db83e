"""Laying JSON out changes white space only."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.indent import indented

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(VALUES, max_size=4) | st.dictionaries(st.text(), VALUES, max_size=4))
def test_it_looks_as_the_library_would_have_it(value: object) -> None:
    plain = json.dumps(value, separators=(",", ":"))
    assert indented(plain) == json.dumps(value, indent=2)
    assert indented(indented(plain)) == indented(plain)


@pytest.mark.parametrize(
    "text", ['{"a":1.0,"b":1E+2,"c":12345678901234567890.50}', r'["\u00e4\/", "{,}"]']
)
def test_tokens_stay_as_they_were_written(text: str) -> None:
    assert re.sub(r"\s", "", indented(text)) == re.sub(r"\s", "", text)


def test_white_space_does_not_become_most_of_it() -> None:
    deep = "[" * 90 + ",".join("0" * 200_000) + "]" * 90
    assert indented(deep) == deep


@pytest.mark.parametrize("text", ["", '"string"', "{broken", 'syntax = "proto3";\n', "12.0"])
def test_what_is_no_json_object_or_list_stays(text: str) -> None:
    assert indented(text) == text
