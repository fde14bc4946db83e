"""Requests in any order get the answers that the reference server gave to the same ones.

The sequences were recorded by ``python -m tests.registry.differential.run_sequences --record``
with seed 11, which compares both servers live and keeps what they agree on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.registry.differential.sequences import Call, comparable
from tests.registry.rest.conftest import Wire

RECORDED = Path(__file__).parents[1] / "verdicts" / "sequences.jsonl"
SEQUENCES = [json.loads(line) for line in RECORDED.read_text().splitlines()]


@pytest.mark.parametrize("number", range(len(SEQUENCES)))
def test_they_are_answered_as_there(number: int, wire: Wire) -> None:
    steps: list[list[Any]] = SEQUENCES[number]
    for method, path, body, status, expected in steps:
        call = Call(method, path, body)
        got = wire.send(method, path, body)
        said = got.text if got.json is None else got.json
        assert (got.status, comparable(call, said)) == (status, expected), (call, got.text)
