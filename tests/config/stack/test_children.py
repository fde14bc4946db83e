"""Children and their guard: nobody is left behind, however the stack ends."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config.stack import children, groups
from config.stack.children import Launch, plain_environment, run, spawn
from config.stack.errors import StackError
from config.stack.paths import ROOT, Folders
from config.stack.service import start
from tests.config.stack.parts import FAILURE, Script, eventually, family, gone, pids

# A stack that starts a family and waits to be killed.
OWNER = """
import sys, time
from pathlib import Path
from config.stack import children
from config.stack.paths import Folders
from config.stack.service import start
from tests.config.stack.parts import family
folders = Folders(Path(sys.argv[1]))
guard = children.start_guard(folders)
start(family(folders.data), folders)
print(guard.pid, flush=True)
time.sleep(60)
"""


def test_stop_ends_the_whole_group_and_its_note(folders: Folders) -> None:
    child = start(family(folders.data), folders)
    leader, member = pids(folders.data)
    assert leader == child.process.pid
    assert [group.name for group in groups.registered(folders.run)] == ["family"]

    children.stop([child])

    assert child.process.returncode == -signal.SIGTERM
    assert gone(leader)
    assert eventually(lambda: gone(member))
    assert groups.registered(folders.run) == []
    children.stop([child])


def test_the_guard_stops_the_group_of_a_stack_that_was_killed(folders: Folders) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folders.data)],
        cwd=ROOT,
        env={**plain_environment(), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    guard = int(owner.stdout.readline())
    leader, member = pids(folders.data)
    assert groups.alive(guard)

    owner.kill()
    owner.wait()
    owner.stdout.close()

    for pid in (leader, member, guard):
        assert eventually(lambda pid=pid: gone(pid)), pid  # type: ignore[misc]
    assert groups.registered(folders.run) == []


def test_a_number_that_went_to_another_process_is_not_stopped(folders: Folders) -> None:
    mine = os.getpid()
    groups.register(folders.run, groups.Group("somebody", mine, signal.SIGTERM, "not my mark"))
    assert groups.registered(folders.run) == []
    groups.register(folders.run, groups.Group("me", mine, signal.SIGTERM, groups.born(mine)))
    assert [group.name for group in groups.registered(folders.run)] == ["me"]


def test_a_service_that_ends_at_once_fails_with_the_end_of_its_log(folders: Folders) -> None:
    service = Script("broken", FAILURE, folders.data, lambda: False)
    with pytest.raises(StackError, match="exit code 1") as caught:
        start(service, folders)
    assert "painted green" in str(caught.value)


def test_a_service_that_never_serves_fails_in_time(folders: Folders) -> None:
    service = Script("deaf", "import time; time.sleep(60)", folders.data, lambda: False, 0.2)
    with pytest.raises(StackError, match="did not serve within"):
        start(service, folders)
    assert groups.registered(folders.run) == []


def test_run_gives_the_output_or_the_reason(tmp_path: Path) -> None:
    def script(text: str) -> Launch:
        return Launch([sys.executable, "-c", text], plain_environment(), tmp_path)

    assert run("Echo", script("print(input())"), stdin="hello") == "hello\n"
    with pytest.raises(StackError, match=r"Failing failed .exit 3.:\nbecause"):
        run("Failing", script("import sys; print('because', file=sys.stderr); sys.exit(3)"))
    with pytest.raises(StackError, match="did not end within"):
        run("Sleeping", script("import time; time.sleep(60)"), timeout=0.2)
    with pytest.raises(StackError, match="cannot be started"):
        spawn("absent", Launch(["/no/such"], {}, tmp_path), _made(tmp_path))


def _made(tmp_path: Path) -> Folders:
    folders = Folders(tmp_path)
    folders.make()
    return folders


def test_logs_are_private_and_bounded(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.stack.paths.LOG_LIMIT", 100)
    log = folders.logs / "family.log"
    log.write_text("x" * 101)
    child = start(family(folders.data), folders)
    children.stop([child])
    assert log.stat().st_size == 0
    assert (folders.logs / "family.log.1").stat().st_size == 101
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
