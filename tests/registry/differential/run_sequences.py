"""Sends random requests to Weir and to the reference, and compares what both answer:
``python -m tests.registry.differential.run_sequences --reference URL --sequences 500``.

Weir is started for it, on a database that is gone afterwards. Status, error code and body are
compared; of errors the sentences are not, nor is when something was registered. A sequence ends
where the two differ, since from there on they are in different states.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import requests

from config.stack import throwaway
from tests.registry.differential.scripts import SCRIPTS, Place
from tests.registry.differential.sequences import Call, Sequence, comparable

LENGTH = 30
FAILED = "the reference failed"
INVALID = 42201


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, without what differs by nature."""

    status: int
    body: Any
    said: str


class Server:
    """One of the two."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()

    def send(self, call: Call) -> Answer:
        data = None if call.body is None else json.dumps(call.body)
        kind = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
        got = self.http.request(
            call.method, self.url + call.path, data=data, headers=kind, timeout=60
        )
        try:
            body = got.json()
        except ValueError:
            body = got.text
        return Answer(got.status_code, comparable(call, body), got.text[:400])


@contextmanager
def weir() -> Iterator[Server]:
    """A registry of this checkout, on servers of its own."""
    with throwaway.servers() as servers:
        servers.ensure(servers.postgres)
        servers.ensure(servers.valkey)
        os.environ.update(servers.environment())
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        django.setup()  # with the settings that were just set, which what is imported reads
        from tests.real.registry_processes import database, processes

        with database(servers.postgres.url) as url, processes(url, 1) as (one,):
            yield Server(one.url)


def main() -> int:
    """Exit code 0 when both agree on every answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--sequences", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20, help="disagreements to print")
    parser.add_argument("--scripts", action="store_true", help="those written by hand instead")
    parser.add_argument("--record", help="file to append what both agreed on to")
    options = parser.parse_args()
    if options.scripts:
        return _scripts(Server(options.reference), options.record)
    counts: Counter[str] = Counter()
    run = uuid.uuid4().hex[:8]
    reference = Server(options.reference)
    with weir() as ours:
        for number in range(options.sequences):
            sent: list[Call] = []
            answers: list[Answer] = []
            for call in Sequence(f"{options.seed}/{number}", f"{run}n{number}").calls(LENGTH):
                sent.append(call)
                theirs, mine = reference.send(call), ours.send(call)
                if theirs.status >= 500:
                    counts[FAILED] += 1
                    break
                counts["requests"] += 1
                counts[f"answered {theirs.status // 100}xx"] += 1
                if (mine.status, mine.body) != (theirs.status, theirs.body):
                    if why := _known(sent, mine, theirs):
                        counts[f"known: {why}"] += 1
                        break
                    counts["disagreed"] += 1
                    if counts["disagreed"] <= options.show:
                        _show(number, sent, mine, theirs)
                    break
                answers.append(theirs)
            else:
                counts["sequences agreed to the end"] += 1
                if options.record:
                    _record(Path(options.record), sent, answers)
    print(json.dumps(counts, indent=1))
    return 1 if counts["disagreed"] else 0


def _scripts(reference: Server, record: str | None) -> int:
    """All requests of each script are compared; what the reference fails at is left out."""
    counts: Counter[str] = Counter()
    run = uuid.uuid4().hex[:8]
    with weir() as ours:
        for name, script in SCRIPTS.items():
            sent: list[Call] = []
            answers: list[Answer] = []
            for call in script(Place(f"{run}{name}")):
                theirs, mine = reference.send(call), ours.send(call)
                counts["requests"] += 1
                if theirs.status >= 500 and mine.status < 500:
                    counts[FAILED] += 1
                    continue
                sent.append(call)
                answers.append(theirs)
                if (mine.status, mine.body) == (theirs.status, theirs.body):
                    continue
                if why := _known(sent, mine, theirs):
                    counts[f"known: {why}"] += 1
                    answers[-1] = mine
                else:
                    counts["disagreed"] += 1
                    _show(name, [call], mine, theirs)
            if record:
                _record(Path(record), sent, answers)
    print(json.dumps(counts, indent=1))
    return 1 if counts["disagreed"] else 0


def _known(sent: list[Call], mine: Answer, theirs: Answer) -> str:
    """The slip of the reference that the last request meets, "" where it meets none."""
    last = sent[-1]
    if last.path.endswith("referenceFormat=qualified"):
        return "the guid is that of the references as they are shown"
    if last.path.startswith("/comp") and (mine.body, theirs.status) == (INVALID, 200):
        return "a schema that names one that is nowhere is compatible with nothing"
    if last.method == "POST" and last.path.split("?")[0].endswith("/versions"):
        if mine.body == INVALID and "import" in last.body["schema"] and _importing(sent):
            return "an import does not link the Protobuf schema it brings"
        if mine.body == INVALID and last.body["schema"] == "" and "id" in last.body:
            return "an import takes an empty schema"
        if _same_version(mine.body, theirs.body):
            return "a registration answers a guid and metadata that are not stored"
    bodies = [str(call.body) for call in sent]
    without_package = any("proto3" in body and "package" not in body for body in bodies)
    if last.path.endswith("/tags") and without_package and mine.status != theirs.status:
        return "a change of tags takes an absent package of Protobuf for another one"
    aliased = any(
        call.path.startswith("/config") and "alias" in call.body for call in sent if call.body
    )
    if last.path.startswith("/schemas/ids/") and aliased:
        return "an alias in the query leads out of its context"
    return ""


def _importing(sent: list[Call]) -> bool:
    return any(
        call.path.startswith("/mode") and "import" in str(call.body).lower() for call in sent
    )


def _record(file: Path, sent: list[Call], answers: list[Answer]) -> None:
    """What the tests replay (`tests/registry/rest/test_sequences.py`)."""
    steps = [
        [call.method, call.path, call.body, answer.status, answer.body]
        for call, answer in zip(sent, answers, strict=True)
    ]
    with file.open("a") as lines:
        lines.write(f"{json.dumps(steps, separators=(',', ':'))}\n")


def _same_version(mine: Any, theirs: Any) -> bool:
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        return False
    return all(mine.get(key) == theirs.get(key) for key in ("id", "version", "schema"))


def _show(number: int | str, sent: list[Call], mine: Answer, theirs: Answer) -> None:
    print(f"--- sequence {number}")
    for call in sent[:-1]:
        if call.method != "GET":
            print(f"    {call}")
    print(f"  > {sent[-1]}\n  Weir:      {mine.status} {mine.said}")
    print(f"  reference: {theirs.status} {theirs.said}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
