"""The process that `registry.heavy` hands its requests to.

Standard input brings requests and standard output takes answers, each after its length. When the
input ends, whoever started it has ended, and so does it.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import sys
from typing import BinaryIO, Final

from django.core.signals import request_finished, request_started

from registry.heavy import LENGTH, Answered, Asked
from registry.rest import dispatch

PATIENT: Final = 10  # what `nice` adds: others go first
# Python gives back little of what a large schema took; beyond this the process is not kept.
MEMORY: Final = 160 * 2**20


def serve() -> None:
    """Answers until there is nothing to read, or until the process has become too large."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then ends this
    os.nice(PATIENT)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints must not come between the answers
    while (raw := _read(sys.stdin.buffer)) is not None:
        asked: Asked = pickle.loads(raw)  # noqa: S301 - from the server that started this process
        said = pickle.dumps(answer(asked))
        answers.write(len(said).to_bytes(LENGTH, "big") + said)
        answers.flush()
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MEMORY:
            return


def answer(asked: Asked) -> Answered:
    """As the server itself answers; Django keeps its connections by these signals."""
    request_started.send(sender=Asked)
    try:
        _, response = dispatch.respond(asked.with_stream(), asked.authorization, asked.uid)
    finally:
        request_finished.send(sender=Asked)
    return Answered(response.status_code, list(response.items()), response.content)


def _read(source: BinaryIO) -> bytes | None:
    length = source.read(LENGTH)
    if len(length) < LENGTH:
        return None
    return source.read(int.from_bytes(length, "big"))
