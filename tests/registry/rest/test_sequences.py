"""Requests in any order get the answers that the reference server gave to the same ones.

They were recorded by ``python -m tests.registry.differential.run_sequences --record``, which
compares both servers live: random ones with seed 11, and with ``--scripts`` those that were written
by hand for each parameter and member.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.registry.differential.scripts import SCRIPTS
from tests.registry.differential.sequences import Call, comparable
from tests.registry.rest.conftest import Wire

RECORDED = Path(__file__).parents[1] / "verdicts"
Steps = Sequence[Sequence[Any]]  # method, path, body, status, what is comparable of the answer


def read(name: str) -> list[Steps]:
    return [json.loads(line) for line in (RECORDED / name).read_text().splitlines()]


DRAWN = read("sequences.jsonl")
WRITTEN = dict(zip(SCRIPTS, read("scripts.jsonl"), strict=True))


@pytest.mark.parametrize("number", range(len(DRAWN)))
def test_they_are_answered_as_there(number: int, wire: Wire) -> None:
    replay(wire, DRAWN[number])


@pytest.mark.parametrize("name", WRITTEN)
def test_each_parameter_and_member_means_what_it_means_there(name: str, wire: Wire) -> None:
    replay(wire, WRITTEN[name])


def replay(wire: Wire, steps: Steps) -> None:
    for method, path, body, status, expected in steps:
        call = Call(method, path, body)
        got = wire.send(method, path, body)
        said = got.text if got.json is None else got.json
        assert (got.status, comparable(call, said)) == (status, expected), (call, got.text)
