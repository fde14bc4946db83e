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
    """One child's process group, its first process being the child itself."""

    name: str
    pgid: int
    stop_signal: int
    born: str

    def alive(self) -> bool:
        try:
            os.killpg(self.pgid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            # macOS says so of a group that consists of zombies; and a group that is not ours to
            # signal is not ours to wait for.
            return False
        return True

    def send(self, signum: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pgid, signum)


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
    """Asks all groups at once to stop, and ends by force those that have not after the grace."""
    left = [group for group in groups if group.alive()]
    for group in left:
        group.send(group.stop_signal)
    deadline = time.monotonic() + grace
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [group for group in left if group.alive()]
    for group in left:
        group.send(signal.SIGKILL)


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
