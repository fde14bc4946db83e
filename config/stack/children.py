"""Children: processes that the stack starts, each the head of a process group of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from config.stack import groups
from config.stack.errors import StackError
from config.stack.identity import OWN, Identity
from config.stack.paths import ROOT, Folders, last_lines, turn_over


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run, and how to stop it. `env` is the whole environment, not an addition."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path = ROOT
    stop_signal: int = signal.SIGTERM
    identity: Identity = OWN


@dataclass(slots=True)
class Child:
    """A running process and the group it leads."""

    group: groups.Group
    process: subprocess.Popen[bytes]
    log: Path
    folder: Path
    started: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        return self.group.name

    def alive(self) -> bool:
        return self.process.poll() is None


def plain_environment() -> dict[str, str]:
    """What a service may inherit: no WEIR_ variable, no locale that changes its messages."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TZ") if name in os.environ}
    return {**kept, "LC_ALL": "C", "HOME": "/"}


def spawn(name: str, launch: Launch, folders: Folders) -> Child:
    """Starts the process with its output appended to logs/NAME.log and registers its group."""
    log = folders.logs / f"{name}.log"
    turn_over(log)
    with log.open("ab") as out:
        log.chmod(0o600)
        process = _popen(launch, out)
    group = groups.Group(name, process.pid, launch.stop_signal, groups.born(process.pid))
    groups.register(folders.run, group)
    return Child(group, process, log, folders.run)


def _popen(launch: Launch, out: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  command lines of this package only
            [*launch.identity.prefix, *launch.argv],
            env=dict(launch.env),
            cwd=launch.cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **launch.identity.options(),
        )
    except OSError as error:
        raise StackError(f"{launch.argv[0]} cannot be started: {error.strerror}.") from error


def run(what: str, launch: Launch, *, stdin: str = "", timeout: float = 300) -> str:
    """Runs a command to its end and gives back what it printed; a failure is a StackError that
    ends with the command's own last lines."""
    process = subprocess.Popen(  # noqa: S603  command lines of this package only
        [*launch.identity.prefix, *launch.argv],
        env=dict(launch.env),
        cwd=launch.cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **launch.identity.options(),
    )
    _RUNNING.add(process)
    try:
        out, said = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise StackError(f"{what} did not end within {timeout:.0f} s.") from error
    finally:
        _RUNNING.discard(process)
        _end(process)
    if process.returncode:
        end = "\n".join((said or out).strip().splitlines()[-8:])
        raise StackError(f"{what} failed (exit {process.returncode}):\n{end}")
    return out


# Commands that `run` waits for, on whatever thread.
_RUNNING: set[subprocess.Popen[str]] = set()


def cut_short() -> None:
    """Ends the commands that `run` is waiting for; they fail where they were called."""
    for process in list(_RUNNING):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def stop(children: Iterable[Child], grace: float = groups.GRACE) -> None:
    """Stops all of them in parallel, whole groups, by force after the grace. Safe to repeat."""
    waiting = list(children)
    for child in waiting:
        if child.alive():
            child.group.ask_to_stop()
    deadline = time.monotonic() + grace
    for child in waiting:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, deadline - time.monotonic()))
        # Whoever is left of the group has lost its leader, or did not listen.
        child.group.end()
        child.process.wait()
        groups.unregister(child.folder, child.name)


def start_guard(folders: Folders, keep: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """The guard of everything registered in `run/`, for as long as this process lives. Descriptors
    in `keep` stay open in the guard: a lock held by one of them outlives this process with it."""
    return subprocess.Popen(  # noqa: S603  a fixed command
        [sys.executable, "-I", groups.__file__, str(folders.run.absolute())],
        env={"PATH": os.environ.get("PATH", os.defpath)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        pass_fds=keep,
        start_new_session=True,
    )


def end_guard(guard: subprocess.Popen[bytes]) -> None:
    """Ends the guard, which first stops whatever is still registered."""
    if guard.stdin is not None:
        guard.stdin.close()
    guard.wait()


def how_it_ended(child: Child) -> str:
    """ "by SIGKILL" or "with exit code 1"."""
    code = child.process.returncode
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def died(child: Child) -> str:
    """A sentence on how it ended, and the end of its log."""
    end = last_lines(child.log)
    return f"{child.name} ended {how_it_ended(child)}; its log {child.log} ends:\n{end}"
