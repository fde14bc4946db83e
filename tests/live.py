"""A whole stack as `make up` starts it, for tests from end to end: its own ports, its own data."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.stack import ports
from config.stack.groups import alive, registered
from config.stack.paths import ROOT, Folders

FIRST_START = 300.0


@dataclass(slots=True)
class LiveStack:
    """`python -m config.stack up`, running. What it prints is collected in `lines`."""

    folders: Folders
    environment: Mapping[str, str]
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.environment['WEIR_PORT']}"

    @property
    def registry(self) -> str:
        return f"http://127.0.0.1:{self.environment['WEIR_REGISTRY_PORT']}"

    @property
    def demo(self) -> Mapping[str, Any]:
        """Accounts, the demo application and the registry's access: `manage.py demo --json`."""
        said: Mapping[str, Any] = json.loads(self.folders.demo.read_text())
        return said

    def account(self, role: str) -> Mapping[str, str]:
        """The first demo account with this role."""
        accounts: list[Mapping[str, str]] = self.demo["accounts"]
        return next(account for account in accounts if account["role"] == role)

    def told(self) -> dict[str, str]:
        """The variables that the stack wrote down for commands beside it."""
        lines = self.folders.env.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def manage(self, *arguments: str, timeout: float = 120) -> str:
        """What this command of manage.py prints."""
        return run(["manage.py", *arguments], self.environment, timeout)

    def pids(self) -> dict[str, int]:
        """The running children's process ids by name."""
        return {group.name: group.pgid for group in registered(self.folders.run)}

    def kill(self, name: str, signum: int = signal.SIGKILL) -> int:
        """Sends the signal to this child alone, as a fault would; gives back its process id."""
        pid = self.pids()[name]
        os.kill(pid, signum)
        return pid

    def wait_for_line(self, *parts: str, timeout: float = 60, since: int = 0) -> str:
        """The first line, printed already or not, that has all the parts; `since` leaves out that
        many lines from the start."""
        deadline = time.monotonic() + timeout
        while True:
            for line in self.lines[since:]:
                if all(part in line for part in parts):
                    return line
            ended = self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"never printed {parts}:\n" + "\n".join(self.lines))
            time.sleep(0.05)

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Stops the stack by this signal; gives back its exit code."""
        self.process.send_signal(signum)
        return self.process.wait(60)

    def collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))


def nobodys_environment() -> dict[str, str]:
    """This process's variables without those that are about Weir, the tests' settings among them:
    what a person's shell holds."""
    # A make that knows of one above it says into which folder it goes, and takes its flags.
    ours = ("WEIR_", "DJANGO_", "MAKE", "MFLAGS")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def own_environment(data: Path, **more: str) -> dict[str, str]:
    """The variables of a stack in this folder: free ports, nothing of the caller's."""
    block = [str(port) for port in ports.free_block(7)]
    names = ("WEIR_PORT", "WEIR_REGISTRY_PORT", "WEIR_PG_PORT", "WEIR_REDIS_PORT")
    chosen = dict(zip((*names, "WEIR_KAFKA_PORT"), block, strict=False))
    return {**nobodys_environment(), "WEIR_DATA": str(data), **chosen, **more}


def run(arguments: list[str], environment: Mapping[str, str], timeout: float = 120) -> str:
    """What this Python prints for these arguments; fails with what it said when it does."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{arguments} exited {done.returncode}:\n{done.stderr[-3000:]}"
    return done.stdout


UP = ("-m", "config.stack", "up")


@contextmanager
def running(environment: Mapping[str, str], command: Sequence[str] = UP) -> Iterator[LiveStack]:
    """The stack, from the moment it says that it is up; stopped at the end."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    stack = LiveStack(Folders(Path(environment["WEIR_DATA"])), environment, process)
    reader = threading.Thread(target=stack.collect)
    reader.start()
    try:
        stack.wait_for_line("Weir is up", timeout=FIRST_START)
        yield stack
    finally:
        if alive(process.pid):
            process.terminate()
        process.wait(60)
        reader.join()
        assert process.stdout is not None
        process.stdout.close()
