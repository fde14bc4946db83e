"""Compares verdicts: ``python -m tests.registry.differential.run --reference URL --format json``.

Each pair is judged in both directions, by Weir's format in this process and by the reference over
HTTP: whether the newer reads the older, and the other way round, and for which reasons. With
``--write FILE`` the reference's verdicts become a file of cases for the tests.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import django
import requests

from registry.errors import RegistryError
from registry.formats import base
from registry.formats.base import Policy, Source
from tests.registry.differential.pairs import FORMATS, Pair, generator

LEVELS = {"new_reads_old": "BACKWARD", "old_reads_new": "FORWARD"}
KIND = re.compile(r"""errorType:['"]([A-Z_0-9]+)['"]""")


@dataclass(frozen=True, slots=True)
class Judged:
    """Kinds of obstacles in each direction; `refused` where one of the two is no schema."""

    new_reads_old: tuple[str, ...] = ()
    old_reads_new: tuple[str, ...] = ()
    refused: str = ""


def ours(pair: Pair, type_: str) -> Judged:
    """The verdict of Weir."""
    format_ = base.get(type_)
    sources = [Source(name, text, name, 1) for name, text in pair.references]
    try:
        for source in sources:
            format_.parse(source.text, strict=True)
        old = format_.parse(pair.old, sources, strict=True)
        new = format_.parse(pair.new, sources, strict=True)
    except RegistryError as error:
        return Judged(refused=error.message)
    policy = Policy(pair.policy)
    there = (d.kind for d in format_.differences(new, old, policy) if not d.allowed)
    back = (d.kind for d in format_.differences(old, new, policy) if not d.allowed)
    return Judged(tuple(there), tuple(back))


@dataclass(slots=True)
class Reference:
    """The registry to compare with. Each run has subjects of its own."""

    url: str
    type: str
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    http: requests.Session = field(default_factory=requests.Session)

    def judge(self, index: int, pair: Pair) -> Judged:
        subject = f"{self.run}-{index}"
        self.call("PUT", f"/config/{subject}", {"compatibility": "NONE"})
        references = [self.referenced(index, *one) for one in pair.references]
        body = {"schemaType": self.type, "references": references}
        status, said = self.call(
            "POST", f"/subjects/{subject}/versions", {**body, "schema": pair.old}
        )
        if status != 200:
            return Judged(refused=f"{status}: {said.get('message', '')[:300]}")
        kinds: dict[str, tuple[str, ...]] = {}
        for direction, level in LEVELS.items():
            config = {"compatibility": level, "compatibilityPolicy": pair.policy}
            self.call("PUT", f"/config/{subject}", config)
            status, said = self.call(
                "POST",
                f"/compatibility/subjects/{subject}/versions/latest?verbose=true",
                {**body, "schema": pair.new},
            )
            messages = said.get("messages") or []
            if status != 200 or any(str(m).startswith("Invalid schema") for m in messages):
                return Judged(refused=f"{status}: {said.get('message', messages)!r}"[:300])
            found = tuple(kind for m in messages for kind in KIND.findall(str(m)))
            if not found and not said["is_compatible"]:
                found = ("OTHER",)
            kinds[direction] = found
        return Judged(kinds["new_reads_old"], kinds["old_reads_new"])

    def referenced(self, index: int, name: str, text: str) -> dict[str, Any]:
        subject = f"{self.run}-{index}-{name}"
        body = {"schemaType": self.type, "schema": text}
        self.call("POST", f"/subjects/{quote(subject, safe='')}/versions", body)
        return {"name": name, "subject": subject, "version": 1}

    def call(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answer = self.http.request(method, self.url + path, json=body, timeout=60)
        said = answer.json()
        return answer.status_code, said if isinstance(said, dict) else {}


def case(pair: Pair, verdict: Judged) -> dict[str, Any]:
    """A pair with its verdict, as the tests read it."""
    found: dict[str, Any] = {"name": pair.name, "old": pair.old, "new": pair.new}
    if pair.policy != "STRICT":
        found["policy"] = pair.policy
    if pair.references:
        found["references"] = [{"name": name, "text": text} for name, text in pair.references]
    found["new_reads_old"] = list(verdict.new_reads_old)
    found["old_reads_new"] = list(verdict.old_reads_new)
    return found


def main() -> int:
    """Exit code 0 when both agree on every pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument("--pairs", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=10, help="disagreements to print")
    parser.add_argument("--write", type=Path, help="keep the reference's verdicts in this file")
    options = parser.parse_args()
    django.setup()  # formats register themselves when the apps are loaded
    type_ = FORMATS[options.format]
    reference = Reference(options.reference, type_)
    counts: Counter[str] = Counter()
    cases: list[dict[str, Any]] = []
    for index, pair in enumerate(generator(options.format).pairs(options.seed, options.pairs)):
        theirs, mine = reference.judge(index, pair), ours(pair, type_)
        if theirs.refused.startswith("5"):
            counts["the reference failed"] += 1
            continue
        counts["refused" if theirs.refused else "judged"] += 1
        for direction in LEVELS:
            if not theirs.refused:
                word = "incompatible" if getattr(theirs, direction) else "compatible"
                counts[f"{direction}: {word}"] += 1
        if _agree(mine, theirs):
            counts["agreed"] += 1
            if not theirs.refused:
                cases.append(case(pair, theirs))
        else:
            counts["disagreed"] += 1
            if counts["disagreed"] <= options.show:
                print(f"--- {pair.name} {pair.policy}\n{pair.old}\n{pair.new}\nWeir: {mine}")
                print(f"reference: {theirs}\n", flush=True)
    print(json.dumps(counts, indent=1))
    if options.write:
        options.write.write_text(json.dumps(cases, indent=0, ensure_ascii=False) + "\n")
    return 1 if counts["disagreed"] else 0


def _agree(mine: Judged, theirs: Judged) -> bool:
    if mine.refused or theirs.refused:
        return bool(mine.refused) == bool(theirs.refused)
    return all(
        sorted(getattr(mine, direction)) == sorted(getattr(theirs, direction))
        for direction in LEVELS
    )


if __name__ == "__main__":
    sys.exit(main())
