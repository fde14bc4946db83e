"""Small services for the tests of the machinery: real processes, that start at once."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.stack import groups
from config.stack.children import Launch, plain_environment

# Makes a child of its own, as a web server makes workers; notes both; waits for ever.
FAMILY = """
import os, signal, sys, time
folder = sys.argv[1]
child = os.fork()
if child == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    with open(f"{folder}/family", "w") as file:
        file.write(f"{os.getpid()} {child}")
    os.rename(f"{folder}/family", f"{folder}/pids")
while True:
    time.sleep(60)
"""

# Ends at once, as a server with a broken setting does.
FAILURE = "import sys; sys.exit('the port is painted green')"


@dataclass(frozen=True, slots=True)
class Script:
    """A service that is one Python script, and serves when `serves` says so."""

    name: str
    script: str
    folder: Path
    serves: Callable[[], bool]
    patience: float = 20

    def prepare(self) -> None:
        (self.folder / "pids").unlink(missing_ok=True)

    def launch(self) -> Launch:
        argv = [sys.executable, "-c", self.script, str(self.folder)]
        return Launch(argv, plain_environment(), self.folder)

    def ready(self) -> bool:
        return self.serves()


def family(folder: Path) -> Script:
    return Script("family", FAMILY, folder, (folder / "pids").exists)


def pids(folder: Path) -> tuple[int, int]:
    """The family's: the leader, and its child, which does not listen to SIGTERM."""
    leader, child = (folder / "pids").read_text().split()
    return int(leader), int(child)


def eventually(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def gone(pid: int) -> bool:
    return not groups.alive(pid)
