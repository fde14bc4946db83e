"""One stack a data folder: a locked file with the process id of whoever runs it."""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from config.stack.errors import StackError
from config.stack.groups import alive

# How long a stack, or the guard of one that was killed, may take to stop.
PATIENCE = 40.0


class AlreadyRunning(Exception):
    """Somebody else's stack runs on this folder."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Holds the lock; gives its descriptor. A stack that was killed holds it through its guard
    until its children have stopped, which is waited for."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _taken(descriptor):
            pid = _pid(path)
            if pid and alive(pid):
                raise AlreadyRunning(pid)
            if time.monotonic() > deadline:
                raise StackError(f"{path} is locked, and not by a stack: remove it and try again.")
            time.sleep(0.1)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def holder(path: Path) -> int | None:
    """The process id of the stack that runs on this folder now, 0 when only its guard is left."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        if _taken(descriptor):
            return None
        pid = _pid(path)
        return pid if pid and alive(pid) else 0
    finally:
        os.close(descriptor)


def stop_holder(path: Path) -> bool:
    """Asks the running stack to stop and waits for it; false when there was none."""
    pid = holder(path)
    if pid is None:
        return False
    if pid:
        os.kill(pid, signal.SIGTERM)
        if not _gone(path):
            # It does not listen. Killed, it leaves its children to its guard.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    if not _gone(path):
        raise StackError(f"The stack did not stop; {path} names its process.")
    return True


def _gone(path: Path) -> bool:
    deadline = time.monotonic() + PATIENCE
    while holder(path) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid(path: Path) -> int:
    try:
        return int(path.read_text().strip() or 0)
    except (OSError, ValueError):
        return 0
