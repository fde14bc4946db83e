"""What input meant to hurt costs: its own answer, memory, and another client meanwhile."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from multiprocessing.synchronize import Semaphore

import orjson

from bench.table import Clock, Row
from config.stack.throwaway import Throwaway
from tests.real.registry_processes import Process, database, processes, resident

TITLE = "Hostile input"
ABOUT = (
    "One registry process, and the process that it hands large bodies to. *Weir* is the time until "
    "a body is refused; for another client, the slowest but one in a hundred of its requests while "
    "two others send nothing but large bodies, one after the other; *bare* is the same client's in "
    "the same round, alone. The two others run below all else in the system's order, since they "
    "stand for clients elsewhere. *Hurting another registry* is the same again with bodies sent "
    "to a process that the client does not ask: what two busy clients cost on a machine of two "
    "cores, whoever answers them. Memory is what both processes have grown by at the end."
)
REQUESTS = 400  # of the other client, in a round
ROUNDS = 5
MIB = 2**20


def run(servers: Throwaway) -> list[Row]:
    """Every body several times, then the other client's requests, alone and beside the bodies."""
    with (
        database(servers.environment()["WEIR_DATABASE_URL"]) as url,
        processes(url, 2) as (one, other),
    ):
        for server in (one, other):
            server.call("POST", "/subjects/s/versions", {"schema": '"int"'})
            server.call("POST", "/subjects/h/versions", BODIES["10,000 levels"])  # all have loaded
        began = resident(one)
        rows = [_refused(one, name, body) for name, body in BODIES.items()]
        for what, ask in READS.items():
            rows += _beside(one, other, what, ask(one))
        grown = max(resident(one) - began, 0) / MIB
        return [*rows, Row("memory grown by", [grown], limit=100, unit="MiB")]


def _fields(count: int) -> str:
    fields = ",".join(f'{{"name":"f{i}","type":"int"}}' for i in range(count))
    return f'{{"type":"record","name":"R","fields":[{fields}]}}'


def _body(schema: str) -> bytes:
    return orjson.dumps({"schema": schema})


BODIES: Mapping[str, bytes] = {
    "50 MB": b'{"schema":"' + b"x" * 50_000_000 + b'"}',
    "a record of 100,000 fields": _body(_fields(100_000)),
    "as many fields as the text may hold": _body(_fields(30_000)),
    "a union of 1,000,000 members": _body("[" + ",".join(['"int"'] * 1_000_000) + "]"),
    "10,000 levels": _body('{"type":"array","items":' * 10_000 + '"int"' + "}" * 10_000),
}
LARGE = tuple(body for body in BODIES.values() if len(body) < 4 * MIB)
READS: Mapping[str, Callable[[Process], Callable[[], object]]] = {
    "another client reads an id": lambda one: partial(one.call, "GET", "/schemas/ids/1"),
    "another client looks a schema up": lambda one: partial(
        one.call, "POST", "/subjects/s", {"schema": '"int"'}
    ),
}


def _refused(server: Process, name: str, body: bytes) -> Row:
    clock = Clock()
    clock.repeat(partial(server.call, "POST", "/subjects/h/versions", body), ROUNDS)
    return Row(f"{name}: refused", clock.seconds, limit=1)


def _beside(server: Process, other: Process, what: str, ask: Callable[[], object]) -> list[Row]:
    quiet, beside, elsewhere = [], [], []
    for _ in range(ROUNDS):
        quiet.append(_p99(ask))
        with _hurting(server):
            beside.append(_p99(ask))
        with _hurting(other):
            elsewhere.append(_p99(ask))
    return [
        Row(what, beside, quiet, most=2),
        Row(f"{what}, hurting another registry", elsewhere, quiet),
    ]


def _p99(ask: Callable[[], object]) -> float:
    clock = Clock()
    clock.repeat(ask, REQUESTS)
    return sorted(clock.seconds)[-REQUESTS // 100 - 1]


@contextmanager
def _hurting(server: Process) -> Iterator[None]:
    """Two clients, each a process, that send large bodies until the block ends."""
    fork = multiprocessing.get_context("fork")  # they need nothing but what is here
    under_way = fork.Semaphore(0)
    clients = [fork.Process(target=_hurt, args=(server, under_way), daemon=True) for _ in range(2)]
    for client in clients:
        client.start()
    for _ in clients:
        under_way.acquire()
    try:
        yield
    finally:
        for client in clients:
            client.terminate()
            client.join()


def _hurt(server: Process, under_way: Semaphore) -> None:
    os.nice(19)  # elsewhere they would take none of this machine's time
    while True:
        for body in LARGE:
            server.call("POST", "/subjects/h/versions", body)
        under_way.release()
