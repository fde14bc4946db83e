"""Process groups: who is in `run/`, how they are stopped, and the guard that stops the rest.

    python -I groups.py RUN_FOLDER

is the guard: a small process that outlives its stack by as long as it takes to stop the children.
It reads from its standard input, which the stack holds open and never writes to. The end of that
input means that the stack is gone, in whatever way, `kill -9` included; then the guard stops every
group that is still registered. This works wherever there are pipes, for whole process groups and
whichever process started them, which a parent-death signal does not.

It imports nothing but the standard library: it must be light, and be up at once.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

GRACE = 10.0


@dataclass(frozen=True, slots=True)
class Group:
    """One child's process group, led by the child itself."""

    name: str
    pgid: int
    stop_signal: int
    born: str

    def ask_to_stop(self) -> None:
        """To the leader alone: a worker's pool, hit by the same signal, would drop its tasks."""
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.pgid, self.stop_signal)

    def end(self) -> None:
        """By force, all that is left of the group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pgid, signal.SIGKILL)


def born(pid: int) -> str:
    """A mark that a later process with the same number does not share; empty when there is none."""
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return ""
        # The name in brackets may hold anything; the start time is the 22nd field of all.
        return stat.rpartition(")")[2].split()[19]
    said = subprocess.run(  # noqa: S603  a fixed command and a number
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return said.stdout.strip()


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and that nobody has asked about yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return sys.platform != "linux"


def register(folder: Path, group: Group) -> None:
    part = folder / f".{group.name}"
    part.write_text(f"{group.pgid} {group.stop_signal} {group.born}\n")
    part.replace(folder / group.name)


def unregister(folder: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)


def registered(folder: Path) -> list[Group]:
    """The groups in the folder whose first process still is the one that was registered."""
    groups = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith("."):
            continue
        with suppress(OSError, ValueError):
            pgid, stop_signal, mark = path.read_text().strip().split(" ", 2)
            group = Group(path.name, int(pgid), int(stop_signal), mark)
            # A leader that is gone leaves its number to the group as long as a member lives.
            if born(group.pgid) in (group.born, ""):
                groups.append(group)
    return groups


def stop(groups: Iterable[Group], grace: float = GRACE) -> None:
    """Asks all leaders at once to stop; ends what is left of each group, at the latest after the
    grace."""
    waiting = list(groups)
    for group in waiting:
        group.ask_to_stop()
    deadline = time.monotonic() + grace
    while waiting:
        over = time.monotonic() > deadline
        for group in [group for group in waiting if over or not alive(group.pgid)]:
            group.end()
            waiting.remove(group)
        if waiting:
            time.sleep(0.02)


def guard(folder: Path) -> None:
    """Waits for the end of the stack, then stops what it left."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(signum, signal.SIG_IGN)
    while os.read(0, 1024):
        pass
    left = registered(folder)
    stop(left)
    for group in left:
        unregister(folder, group.name)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
