"""Requests that may take long to think about are answered by a process of their own.

Reading a schema of a megabyte keeps the interpreter busy for a good part of a second, and threads
of one process share one interpreter: everybody else's reads would wait for it again and again. So a
request with a large body goes to a child, which runs the same views on the same database, below
the others in the system's order, one at a time. When it has grown too large it ends, and the next
request finds a new one.
"""

from __future__ import annotations

import asyncio
import pickle
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, cast

from registry.errors import StoreBusy

PATIENCE: Final = 30.0  # seconds for one answer, or for the child to be ready for work
LENGTH: Final = 8  # bytes that say how long what follows is


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it goes through the pipe."""

    environ: dict[str, Any]  # without the stream of its body
    body: bytes
    authorization: bytes
    uid: str

    def with_stream(self) -> dict[str, Any]:
        return {**self.environ, "wsgi.input": BytesIO(self.body)}


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it comes back."""

    status: int
    headers: list[tuple[str, str]]
    content: bytes
    last: bool = False  # whether the child ends after it


@dataclass(frozen=True, slots=True)
class Child:
    """The process, and the two ends of it that are here."""

    process: Process
    into: StreamWriter
    out_of: StreamReader


class Heavy:
    """The child, made when it is first needed and again when it has ended."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = command
        self.child: Child | None = None
        self.turn = asyncio.Lock()

    async def answer(self, asked: Asked) -> Answered:
        """The child's answer. Raises StoreBusy where none came: then nothing was done or all of
        it, and the request can be sent again."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.turn.acquire()
        except TimeoutError:
            raise StoreBusy(
                "The registry has too many large requests to answer: try again in a moment."
            ) from None
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._exchange(asked)
        except BaseException as error:
            self.close()  # half an answer must not be read as the next one
            if not isinstance(error, (TimeoutError, OSError, EOFError)):
                raise
            raise StoreBusy(
                f"The registry gave up on this request: it took longer than {PATIENCE:.0f}"
                " seconds, or more memory than there is. Send it again, or send less at once."
            ) from error
        finally:
            self.turn.release()

    async def start(self) -> Child:
        """A child, before it is needed or when there is none."""
        process = await asyncio.create_subprocess_exec(*self.command, stdin=PIPE, stdout=PIPE)
        # Where a pipe was asked for there is one.
        into, out_of = cast(StreamWriter, process.stdin), cast(StreamReader, process.stdout)
        self.child = Child(process, into, out_of)
        return self.child

    def close(self) -> None:
        """End the child, in the middle of a request too."""
        if self.child is not None and self.child.process.returncode is None:
            self.child.process.kill()
        self.child = None

    async def _exchange(self, asked: Asked) -> Answered:
        child = self.child
        if child is None or child.process.returncode is not None:
            child = await self.start()
        raw = pickle.dumps(asked)
        child.into.writelines([len(raw).to_bytes(LENGTH, "big"), raw])
        await child.into.drain()
        size = int.from_bytes(await child.out_of.readexactly(LENGTH), "big")
        # Written by code of ours, which the same user runs.
        answered: Answered = pickle.loads(await child.out_of.readexactly(size))  # noqa: S301
        if answered.last:
            child.into.close()
            self.child = None
            with suppress(OSError):  # the answer is there; whoever comes next is told
                await self.start()  # the next one gets ready before it is needed
        return answered
