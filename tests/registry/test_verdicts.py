"""Verdicts that the wire's reference server gave, kept as data: the formats give the same.

Each case holds two schemas of ours and, for each direction, the kinds of what stands in the way.
They come from `tests.registry.differential.run --write`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from registry.formats import base
from registry.formats.base import Policy, Source
from tests.registry.differential.pairs import FORMATS

HERE = Path(__file__).parent / "verdicts"
LEAST = 300  # cases a format


@cache
def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((HERE / f"{name}.json").read_text())
    return found


def kinds(case: dict[str, Any], type_: str) -> dict[str, list[str]]:
    format_ = base.get(type_)
    sources = [Source(r["name"], r["text"], r["name"], 1) for r in case.get("references", ())]
    old, new = (format_.parse(case[side], sources, strict=True) for side in ("old", "new"))
    policy = Policy(case.get("policy", Policy.STRICT))
    judged = {
        "new_reads_old": format_.differences(new, old, policy),
        "old_reads_new": format_.differences(old, new, policy),
    }
    return {way: sorted(d.kind for d in found if not d.allowed) for way, found in judged.items()}


@pytest.mark.parametrize("name", sorted(path.stem for path in HERE.glob("*.json")))
def test_they_are_the_references(name: str) -> None:
    wrong = [
        (case["name"], way, ours, case[way])
        for case in cases(name)
        for way, ours in kinds(case, FORMATS[name]).items()
        if ours != sorted(case[way])
    ]
    assert not wrong


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_there_are_enough_and_of_both_sorts(name: str) -> None:
    if FORMATS[name] not in base.names():
        pytest.fail(f"There is no format {FORMATS[name]}, and it has no verdicts.")
    found = cases(name)
    assert len(found) >= LEAST
    for way in ("new_reads_old", "old_reads_new"):
        refused = sum(bool(case[way]) for case in found)
        assert 0.3 * len(found) <= refused <= 0.7 * len(found)
