"""A server that is told to stop while its workers load the application stops then."""

import signal
import threading
from pathlib import Path

import pytest

from config import starting
from config.stack import children, ports
from config.stack.children import plain_environment
from config.stack.paths import ROOT, Folders
from config.stack.programs import Program
from config.stack.service import start

# Takes longer to load than anybody waits.
SLOW = """
import time
from pathlib import Path
import config
Path(__file__).with_name("loading").touch()
time.sleep(120)
"""


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_a_worker_that_is_still_loading_ends_at_once(interface: str, tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.make()
    (tmp_path / "slow.py").write_text(SLOW)
    (port,) = ports.free_block(1)
    words = ["granian", "--interface", interface, "--host", "127.0.0.1", "--port", str(port)]
    words += ["--workers-kill-timeout", "60", "--respawn-failed-workers", "slow:application"]
    environment = {**plain_environment(), "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    loading = Program("slow", words, environment, (tmp_path / "loading").exists)
    child = start(loading, folders)
    children.stop([child], grace=30)
    # Past the grace it would have been killed.
    assert child.process.returncode == 0


def test_nobody_elses_handler_is_taken_away() -> None:
    before = [signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)]
    starting.stop_at_once()
    thread = threading.Thread(target=starting.stop_at_once)
    thread.start()
    thread.join()
    assert [signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)] == before
