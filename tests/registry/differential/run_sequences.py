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
from typing import Any

import django
import requests

from config.stack import throwaway
from tests.registry.differential.sequences import Call, Sequence

LENGTH = 30
FAILED = "the reference failed"


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
        comparable = _comparable(body)
        if "/schemas/ids/" in call.path:  # whose holders the reference has in a hash map
            if isinstance(comparable, list):
                comparable.sort(key=str)
            elif isinstance(comparable, dict) and "schema" in comparable:
                comparable = {**comparable, "subject": "", "version": 0, "deleted": False}
        if call.method == "POST" and isinstance(comparable, dict):
            # Which of two imported ids an answer was found by shows in this field alone.
            comparable.pop("deleted", None)
        return Answer(got.status_code, comparable, got.text[:400])


def _comparable(body: Any) -> Any:
    if isinstance(body, dict):
        if "error_code" in body:
            return body["error_code"]
        if "messages" in body:  # their wording is compared by the verdicts
            return {"is_compatible": body["is_compatible"], "any": bool(body["messages"])}
        return {key: _comparable(value) for key, value in body.items() if key != "ts"}
    return [_comparable(one) for one in body] if isinstance(body, list) else body


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
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    run = uuid.uuid4().hex[:8]
    reference = Server(options.reference)
    with weir() as ours:
        for number in range(options.sequences):
            sent: list[Call] = []
            for call in Sequence(f"{options.seed}/{number}", f"{run}n{number}").calls(LENGTH):
                sent.append(call)
                theirs, mine = reference.send(call), ours.send(call)
                if theirs.status >= 500:
                    counts[FAILED] += 1
                    break
                counts["requests"] += 1
                counts[f"answered {theirs.status // 100}xx"] += 1
                if (mine.status, mine.body) != (theirs.status, theirs.body):
                    if why := _known(sent):
                        counts[f"known: {why}"] += 1
                        break
                    counts["disagreed"] += 1
                    if counts["disagreed"] <= options.show:
                        _show(number, sent, mine, theirs)
                    break
            else:
                counts["sequences agreed to the end"] += 1
    print(json.dumps(counts, indent=1))
    return 1 if counts["disagreed"] else 0


def _known(sent: list[Call]) -> str:
    """The slip of the reference that the last request meets, "" where it meets none."""
    last = sent[-1]
    protobuf = any("proto3" in str(call.body) for call in sent)
    if last.path.endswith("/tags") and protobuf:
        return "a change of tags takes an absent package of Protobuf for another one"
    aliased = any(
        call.path.startswith("/config") and "alias" in call.body for call in sent if call.body
    )
    if last.path.startswith("/schemas/ids/") and aliased:
        return "an alias in the query leads out of its context"
    return ""


def _show(number: int, sent: list[Call], mine: Answer, theirs: Answer) -> None:
    print(f"--- sequence {number}")
    for call in sent[:-1]:
        if call.method != "GET":
            print(f"    {call}")
    print(f"  > {sent[-1]}\n  Weir:      {mine.status} {mine.said}")
    print(f"  reference: {theirs.status} {theirs.said}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
