"""Keeps the children running: starts again what died, and says so; stops them all in the end."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from types import FrameType
from typing import TypeVar

from config.stack import children
from config.stack.children import Child, how_it_ended, spawn
from config.stack.errors import StackError
from config.stack.paths import Folders, turn_over
from config.stack.programs import Program
from config.stack.service import Service, wait_until_ready

Result = TypeVar("Result")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_EVERY = 0.1
TURN_OVER_EVERY = 60.0
# A child that ran this long had started well; the next start waits for nothing.
STEADY_AFTER = 60.0
LONGEST_PAUSE = 30.0


class Stopped(Exception):
    """SIGINT or SIGTERM came while the stack was starting."""


@dataclass(slots=True)
class Kept:
    """A service that is to run, and what is known of its present child."""

    service: Service
    child: Child
    serving: bool = True
    pause: float = 0.0
    start_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Use it as a context: leaving it, in whatever way, stops every child.

    Everything that may wait runs on threads; the main one only looks. So a signal needs to do no
    more than leave a mark, and can never hit between the start of a process and the note of it.
    """

    folders: Folders
    say: Callable[[str], None]
    lock: int
    kept: dict[str, Kept] = field(default_factory=dict)
    signalled: bool = False
    closing: bool = False
    guard: subprocess.Popen[bytes] | None = None
    _mutex: threading.Lock = field(default_factory=threading.Lock)
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8))

    def __enter__(self) -> "Supervisor":
        for signum in SIGNALS:
            signal.signal(signum, self._mark)
        self.guard = children.start_guard(self.folders, keep=(self.lock,))
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _mark(self, _signum: int, _frame: FrameType | None) -> None:
        self.signalled = True

    def call(self, function: Callable[..., Result], *arguments: object) -> "Future[Result]":
        """Runs it on a thread; see `wait_for`."""
        return self._threads.submit(function, *arguments)

    def wait_for(self, future: "Future[Result]") -> Result:
        """Its result; Stopped as soon as a signal has come."""
        while not future.done():
            if self.signalled:
                raise Stopped
            wait((future,), timeout=LOOK_EVERY)
        return future.result()

    def start(self, service: Service) -> float:
        """Starts the service and gives back the seconds until it served. From any thread."""
        began = time.monotonic()
        service.prepare()
        with self._mutex:
            if self.closing:
                raise StackError(f"{service.name} was not started: the stack is stopping.")
            child = spawn(service.name, service.launch(), self.folders)
            self.kept[service.name] = Kept(service, child)
        wait_until_ready(service, child)
        return time.monotonic() - began

    def stop(self) -> None:
        """Programs first, so that none of them loses its database before it has ended its work;
        each of the two waves in parallel. A second signal changes nothing: this takes seconds."""
        with self._mutex:
            self.closing = True
        children.cut_short()
        every = list(self.kept.values())
        children.stop(kept.child for kept in every if isinstance(kept.service, Program))
        children.stop(kept.child for kept in every)
        self._threads.shutdown(cancel_futures=True)
        if self.guard is not None:
            children.end_guard(self.guard)

    def watch(self) -> None:
        """Looks after the children until a signal comes."""
        turned_over = time.monotonic()
        while not self.signalled:
            for kept in self.kept.values():
                self._look_after(kept)
            if self.guard is not None and self.guard.poll() is not None:
                children.end_guard(self.guard)
                self.guard = children.start_guard(self.folders, keep=(self.lock,))
            if time.monotonic() - turned_over > TURN_OVER_EVERY:
                turned_over = time.monotonic()
                for kept in self.kept.values():
                    turn_over(kept.child.log)
            time.sleep(LOOK_EVERY)

    def _look_after(self, kept: Kept) -> None:
        now = time.monotonic()
        if kept.start_at:
            if now >= kept.start_at:
                self._start_again(kept)
        elif not kept.child.alive():
            self._plan_restart(kept, now)
        elif not kept.serving and kept.service.ready():
            kept.serving = True
            self.say(f"{kept.service.name} serves again after {now - kept.child.started:.1f} s.")

    def _plan_restart(self, kept: Kept, now: float) -> None:
        # What its leader left behind may hold the port that the next one needs.
        kept.child.group.end()
        steady = now - kept.child.started > STEADY_AFTER
        kept.pause = 0.0 if steady else min(max(1.0, kept.pause * 2), LONGEST_PAUSE)
        kept.start_at = now + (kept.pause if kept.pause > 1 else 0.0)
        kept.serving = False
        when = f"in {kept.start_at - now:.0f} s" if kept.start_at > now else "now"
        self.say(
            f"{kept.service.name} ended {how_it_ended(kept.child)}: it is started again {when}."
            f" Its log: {kept.child.log}"
        )

    def _start_again(self, kept: Kept) -> None:
        kept.start_at = 0.0
        try:
            kept.child = spawn(kept.service.name, kept.service.launch(), self.folders)
        except StackError as error:
            kept.start_at = time.monotonic() + LONGEST_PAUSE
            self.say(str(error))
