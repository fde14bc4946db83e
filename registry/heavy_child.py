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
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from django.core.signals import request_finished, request_started

from registry.heavy import LENGTH, Answered, Asked
from registry.rest import dispatch

PATIENT: Final = 10  # what `nice` adds: others go first
# Python gives back little of what a large schema took; grown by more the process is not kept.
GROWTH: Final = 96 * 2**20


def serve() -> None:
    """Answers until there is nothing to read, or until the process has become too large."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then ends this
    os.nice(PATIENT)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints must not come between the answers
    at_first = _resident()
    while (raw := _read(sys.stdin.buffer)) is not None:
        asked: Asked = pickle.loads(raw)  # noqa: S301 - from the server that started this process
        answered = answer(asked)
        last = _resident() - at_first > GROWTH
        said = pickle.dumps(replace(answered, last=last))
        answers.write(len(said).to_bytes(LENGTH, "big") + said)
        answers.flush()
        if last:
            return


def answer(asked: Asked) -> Answered:
    """As the server itself answers; Django keeps its connections by these signals."""
    request_started.send(sender=Asked)
    try:
        _, response = dispatch.respond(asked.with_stream(), asked.authorization, asked.uid)
    finally:
        request_finished.send(sender=Asked)
    return Answered(response.status_code, list(response.items()), response.getvalue())


def _resident() -> int:
    """Bytes of memory in use. What `getrusage` says is the parent's where that is larger."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # another system than Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * os.sysconf("SC_PAGE_SIZE")


def _read(source: BinaryIO) -> bytes | None:
    length = source.read(LENGTH)
    if len(length) < LENGTH:
        return None
    return source.read(int.from_bytes(length, "big"))
