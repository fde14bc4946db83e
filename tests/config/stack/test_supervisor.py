"""The supervisor: what died is started again and that is said; leaving it leaves nothing."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from config.stack import supervisor as module
from config.stack.errors import StackError
from config.stack.paths import Folders
from config.stack.supervisor import Stopped, Supervisor
from tests.config.stack.parts import FAILURE, Script, eventually, family, gone, pids


@dataclass(slots=True)
class Heard:
    lines: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        self.lines.append(line)

    def has(self, *parts: str) -> bool:
        return any(all(part in line for part in parts) for line in list(self.lines))


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """The supervisor takes the process's signals; the tests' are put back."""
    before = {signum: signal.getsignal(signum) for signum in module.SIGNALS}
    yield
    for signum, how in before.items():
        signal.signal(signum, how)


@pytest.fixture
def lock(folders: Folders) -> Iterator[int]:
    descriptor = os.open(folders.lock, os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def meanwhile(watched: Supervisor, happens: Callable[[], object]) -> None:
    """Lets it happen on another thread while the supervisor watches; then the signal comes."""

    def happen_and_end() -> None:
        try:
            happens()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=happen_and_end)
    thread.start()
    watched.watch()
    thread.join()


def test_a_child_that_dies_is_started_again_and_that_is_said(folders: Folders, lock: int) -> None:
    heard = Heard()
    with Supervisor(folders, heard, lock) as watched:
        watched.start(family(folders.data))
        first, member = pids(folders.data)

        def kill() -> None:
            (folders.data / "pids").unlink()
            os.kill(first, signal.SIGKILL)
            assert eventually(lambda: heard.has("family serves again"))

        meanwhile(watched, kill)
        second, _ = pids(folders.data)
    assert heard.has("family ended by SIGKILL", "started again now", str(folders.logs))
    assert second != first
    # The killed leader's own child would have kept the port.
    assert gone(member)
    assert eventually(lambda: gone(second))


def test_a_child_that_dies_at_once_is_started_ever_less_often(folders: Folders, lock: int) -> None:
    heard = Heard()
    with Supervisor(folders, heard, lock) as watched:
        watched.start(Script("broken", FAILURE, folders.data, lambda: True))
        meanwhile(watched, lambda: eventually(lambda: heard.has("broken", "again in 4 s")))
    assert [line.split(": ")[1].split(".")[0] for line in heard.lines if "ended" in line] == [
        "it is started again now",
        "it is started again in 2 s",
        "it is started again in 4 s",
    ]


def test_a_killed_guard_is_replaced(folders: Folders, lock: int) -> None:
    with Supervisor(folders, Heard(), lock) as watched:
        first = watched.guard
        assert first is not None

        def kill() -> None:
            first.kill()
            assert eventually(lambda: watched.guard is not first)

        meanwhile(watched, kill)


def test_a_signal_while_starting_leaves_nothing(folders: Folders, lock: int) -> None:
    deaf = Script("deaf", "import time; time.sleep(60)", folders.data, lambda: False, 60)
    with Supervisor(folders, Heard(), lock) as watched:
        starting = watched.call(watched.start, deaf)
        assert eventually(lambda: "deaf" in watched.kept)
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Stopped):
            watched.wait_for(starting)
    assert gone(watched.kept["deaf"].child.process.pid)
    with pytest.raises(StackError, match="deaf ended by SIGTERM"):
        starting.result()


def test_nothing_starts_once_it_is_closing(folders: Folders, lock: int) -> None:
    with Supervisor(folders, Heard(), lock) as watched:
        pass
    with pytest.raises(StackError, match="the stack is stopping"):
        watched.start(family(folders.data))
