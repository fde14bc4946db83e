"""Two minutes of everything at once: nothing fails, nothing sticks, nothing is lost, nothing grows.

Four clients read and register, somebody looks at pages, and small requests are asked for, approved
and applied, all against one stack.
"""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.live import LiveStack
from tests.real.people import Person, eventually, person

pytestmark = [pytest.mark.real, pytest.mark.long]

SECONDS = 110
# By then every page, cache and connection has been used for the first time.
WARM_SECONDS = 35
CLIENTS = 4
# Of one subject, before a client turns to a new one.
VERSIONS = 25
READS_PER_WRITE = 8
# Between two calls of a client or of a reader of pages: a steady load that leaves room to the
# others on two cores, not the most that the stack can take.
PAUSE = 0.01
PATIENCE = 60.0

# How much more memory a part may hold at the end than when it was warm. The registry answers some
# ten thousand calls in between: with 4 KiB lost at each it would be above this.
GROWTH = 32 * 2**20
MEASURED = ("web", "registry", "worker")

PAGES = (
    "/",
    "/inbox/",
    "/requests/",
    "/requests/{request}/",
    "/topics/",
    "/topics/demo/payments.captured/",
    "/subjects/",
    "/subjects/~/{subject}/",
    "/drift/",
    "/clusters/",
    "/clusters/demo/",
    "/policies/",
    "/audit/",
    "/teams/payments/",
    "/tokens/",
    "/search/?q=soak",
)


@dataclass(frozen=True, slots=True)
class Registered:
    """What the registry said it had kept."""

    subject: str
    version: int
    id: int
    schema: str


@dataclass(slots=True)
class Soak:
    """What the threads share: when to stop, and what they saw."""

    stack: LiveStack
    over: threading.Event = field(default_factory=threading.Event)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    kept: list[Registered] = field(default_factory=list)
    applied: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, said: requests.Response, *expected: int) -> bool:
        """Counts the answer; whether it was one of those that are right."""
        right = said.status_code in expected
        with self.lock:
            self.answers[kind] += 1
            if not right:
                self.wrong.append(f"{kind}: {said.status_code} {said.url} {said.text[:200]}")
        return right

    def keep(self, what: Registered) -> None:
        with self.lock:
            self.kept.append(what)

    def some(self) -> Registered | None:
        with self.lock:
            return random.choice(self.kept) if self.kept else None  # noqa: S311  an order

    def going_on(self) -> Iterator[int]:
        """Numbers, with a pause before each, until the soak is over."""
        for number in itertools.count():
            if self.over.wait(PAUSE):
                return
            yield number


def schema(name: str, number: int) -> str:
    """One that can read what any other of the same name wrote, and is none of them."""
    optional = {"name": f"n{number}", "type": ["null", "string"], "default": None}
    fields = [{"name": "id", "type": "string"}, optional]
    return json.dumps({"type": "record", "name": name, "namespace": "soak", "fields": fields})


def registers_and_reads(soak: Soak, client: int) -> None:
    """A client of the registry, with subjects of its own and one that all of them share."""
    with requests.Session() as session:
        for number in soak.going_on():
            turn, rest = divmod(number, READS_PER_WRITE + 1)
            if rest:
                read(soak, session)
            elif turn % 10:
                stem = f"soak.{client}.{turn // VERSIONS}"
                register(soak, session, f"{stem}-value", schema("Own", turn))
            else:
                register(soak, session, "soak.all-value", schema("Shared", CLIENTS * turn + client))


def register(soak: Soak, session: requests.Session, subject: str, text: str) -> None:
    path = f"{soak.stack.registry}/subjects/{subject}"
    said = session.post(f"{path}/versions", json={"schema": text}, timeout=PATIENCE)
    if not soak.note("register", said, 200):
        return
    found = session.post(path, json={"schema": text}, timeout=PATIENCE)
    if soak.note("look up", found, 200):
        soak.keep(Registered(subject, found.json()["version"], said.json()["id"], text))


def read(soak: Soak, session: requests.Session) -> None:
    one = soak.some()
    paths = ["/subjects", "/config"]
    if one is not None:
        versions = f"/subjects/{one.subject}/versions"
        paths += [f"/schemas/ids/{one.id}", versions, f"{versions}/latest"]
        paths += [f"{versions}/{one.version}", f"/schemas/ids/{one.id}/versions"]
    path = random.choice(paths)  # noqa: S311  an order
    said = session.get(f"{soak.stack.registry}{path}", timeout=PATIENCE)
    soak.note("read", said, 200)


def looks_around(soak: Soak) -> None:
    """Somebody who opens one page after the other, and what is new among them."""
    with person(soak.stack, "mara") as mara:
        for number in soak.going_on():
            one = soak.some()
            path = PAGES[number % len(PAGES)].format(
                request=soak.applied[-1] if soak.applied else 1,
                subject=one.subject if one else "payments.captured-value",
            )
            said = mara.session.get(f"{mara.web}{path}", timeout=PATIENCE)
            soak.note("page", said, 200)


def asks_and_decides(soak: Soak) -> None:
    """Small requests, one after the other, each until the broker has its topics."""
    with person(soak.stack, "priya") as priya, person(soak.stack, "jonas") as jonas:
        for number in soak.going_on():
            names = [f"payments.soak-{number}-{part}" for part in ("a", "b")]
            request = priya.asks_for_topics(names)
            jonas.approves(request)
            wait_until_applied(priya, request)
            soak.applied.append(request)


def wait_until_applied(somebody: Person, request: int) -> None:
    eventually(lambda: somebody.state(request) == "applied", PATIENCE)


def memory(stack: LiveStack) -> dict[str, int]:
    """Resident bytes of each measured part, all its processes together."""
    if not Path("/proc/self/status").exists():
        pytest.fail("The soak reads how much memory processes have from /proc: run it on Linux.")
    parts = {pid: name for name, pid in stack.pids().items() if name in MEASURED}
    found = dict.fromkeys(MEASURED, 0)
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            stat = status.with_name("stat").read_text()
            said = status.read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # The name in brackets may hold anything; the group is the third field after it.
        name = parts.get(int(stat.rpartition(")")[2].split()[2]))
        resident = [line for line in said.splitlines() if line.startswith("VmRSS:")]
        if name and resident:
            found[name] += int(resident[0].split()[1]) * 1024
    return found


def go_through_it(soak: Soak) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Runs the load to its end; gives back the memory of the parts when warm and at the end."""
    work: list[tuple[Callable[..., None], Any]] = [
        *((registers_and_reads, (soak, client)) for client in range(CLIENTS)),
        (looks_around, (soak,)),
        (asks_and_decides, (soak,)),
    ]
    with ThreadPoolExecutor(len(work)) as pool:
        running = [pool.submit(what, *given) for what, given in work]
        # A thread that breaks off ends the soak: there is no point in going on for minutes.
        for thread in running:
            thread.add_done_callback(lambda _: soak.over.set())
        try:
            began = time.monotonic()
            soak.over.wait(WARM_SECONDS)
            warm = memory(soak.stack)
            soak.over.wait(SECONDS - (time.monotonic() - began))
            last = memory(soak.stack)
        finally:
            soak.over.set()
        for thread in running:
            thread.result()
    return warm, last


def every_registration_is_there(soak: Soak) -> None:
    with closing(requests.Session()) as session:
        for one in soak.kept:
            path = f"{soak.stack.registry}/subjects/{one.subject}/versions/{one.version}"
            said = session.get(path, timeout=PATIENCE).json()
            assert said["id"] == one.id
            assert json.loads(said["schema"]) == json.loads(one.schema)


@pytest.mark.timeout(600)
def test_two_minutes_of_everything_at_once(live_stack: LiveStack) -> None:
    soak = Soak(live_stack)
    before = live_stack.pids()

    warm, last = go_through_it(soak)

    assert not soak.wrong, soak.wrong[:10]
    assert soak.answers["register"] > 100, "a load, not a trickle"
    assert soak.answers["page"] > 100
    assert len(soak.applied) > 5
    every_registration_is_there(soak)
    with person(live_stack, "priya") as priya:
        assert {priya.state(request) for request in soak.applied} == {"applied"}
    assert live_stack.pids() == before, "no part had to be started again"
    grown = {name: last[name] - warm[name] for name in MEASURED}
    assert max(grown.values()) < GROWTH, (warm, last)
    assert live_stack.manage("audit", "verify").startswith("Intact")
