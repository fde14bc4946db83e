"""The child that answers large requests: what becomes of a request when it dies or hangs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

import pytest

from registry import heavy
from registry.errors import StoreBusy
from registry.heavy import Answered, Asked, Heavy
from tests.registry import loops

# A child of the same habits: it says how long the body was, dies of "die", hangs on "hang".
CHILD = """
import os, pickle, sys, time
while length := sys.stdin.buffer.read(8):
    asked = pickle.loads(sys.stdin.buffer.read(int.from_bytes(length, "big")))
    if asked.body == b"die":
        os._exit(1)
    if asked.body == b"hang":
        time.sleep(600)
    if asked.body == b"half":
        os.write(1, (100).to_bytes(8, "big") + b"x")
        os._exit(1)
    from registry.heavy import Answered
    last = asked.body == b"last"
    raw = pickle.dumps(Answered(200, [("uid", asked.uid)], str(len(asked.body)).encode(), last))
    sys.stdout.buffer.write(len(raw).to_bytes(8, "big") + raw)
    sys.stdout.buffer.flush()
    if last:
        time.sleep(600)  # it takes its time to end
"""


def asked(body: bytes, uid: str = "u") -> Asked:
    return Asked({"REQUEST_METHOD": "POST"}, body, b"", uid)


def play(story: Callable[[Heavy], Awaitable[None]]) -> None:
    async def run() -> None:
        one = Heavy([sys.executable, "-c", CHILD])
        try:
            await story(one)
        finally:
            child = one.child
            one.close()
            if child is not None:
                await child.process.wait()

    loops.run(run())


def test_it_answers_one_after_the_other() -> None:
    async def story(one: Heavy) -> None:
        bodies = [b"x" * size for size in (1, 70_000, 3_000_000)]
        answers = await asyncio.gather(*(one.answer(asked(b, str(len(b)))) for b in bodies))
        assert answers == [
            Answered(200, [("uid", str(len(b)))], str(len(b)).encode()) for b in bodies
        ]

    play(story)


@pytest.mark.parametrize("body", [b"die", b"half"])
def test_a_child_that_dies_costs_one_request(body: bytes) -> None:
    async def story(one: Heavy) -> None:
        await one.answer(asked(b"first"))
        with pytest.raises(StoreBusy, match="Send it again"):
            await one.answer(asked(body))
        assert (await one.answer(asked(b"next"))).content == b"4"

    play(story)


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(one: Heavy) -> None:
        await one.answer(asked(b"first"))
        monkeypatch.setattr(heavy, "PATIENCE", 0.1)
        with pytest.raises(StoreBusy, match=r"took longer than"):
            await one.answer(asked(b"hang"))
        monkeypatch.undo()
        assert (await one.answer(asked(b"next"))).content == b"4"

    play(story)


def test_a_child_that_says_that_it_ends_has_a_successor_at_once() -> None:
    async def story(one: Heavy) -> None:
        first = await one.start()
        await one.answer(asked(b"last"))
        assert one.child is not first  # before it has ended, and before it is needed
        assert (await one.answer(asked(b"next"))).content == b"4"
        first.process.kill()
        await first.process.wait()

    play(story)


def test_a_client_that_goes_away_leaves_no_half_answer() -> None:
    async def story(one: Heavy) -> None:
        await one.answer(asked(b"first"))
        waiting = asyncio.ensure_future(one.answer(asked(b"hang")))
        while one.child is None or not one.turn.locked():
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await one.answer(asked(b"next"))).content == b"4"

    play(story)
