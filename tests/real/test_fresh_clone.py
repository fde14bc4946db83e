"""A fresh clone with each Python that is supported: its environment, a test, a stack up and down.

Packages come through the cache of their installer and jars from this checkout: what is looked at is
the clone and not the line. A Python that is not there fails by name, since each is promised.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from config.stack import jars
from config.stack.groups import alive, registered
from config.stack.paths import JARS, ROOT, Folders
from config.stack.programs import status_of
from tests import live

pytestmark = [pytest.mark.real, pytest.mark.long]

PYTHONS = ("3.11", "3.12", "3.13")
PATIENCE = 600


def say(argv: list[str], environment: Mapping[str, str], folder: Path = ROOT) -> tuple[int, str]:
    """Exit code and all that the command printed."""
    done = subprocess.run(
        argv,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout


def interpreter(version: str) -> str:
    """One of this version: the path's, the installer's own, pyenv's."""
    candidates = [f"python{version}", "python3"]
    code, said = say([sys.executable, "-m", "uv", "python", "find", version], os.environ)
    if code == 0:
        candidates.insert(0, said.strip().splitlines()[-1])
    if root := os.environ.get("PYENV_ROOT"):
        candidates += map(str, sorted(Path(root).glob(f"versions/{version}.*/bin/python")))
    for candidate in candidates:
        program = shutil.which(candidate)
        if program is None:
            continue
        code, said = say([program, "--version"], os.environ)
        if code == 0 and said.startswith(f"Python {version}."):
            return program
    pytest.fail(
        f"There is no Python {version} here, so nothing shows that a clone works with it: put"
        f" python{version} on the path (`uv python install {version}` does, where it can)."
    )


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """This repository's last commit, elsewhere. Gone afterwards, since it is large."""
    folder = tmp_path / "clone"
    code, said = say(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], {})
    assert code == 0, said
    jars.class_path()
    (folder / ".weir").mkdir()
    (folder / ".weir" / "jars").symlink_to(JARS)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("version", PYTHONS)
def test_a_fresh_clone_comes_up_and_down(version: str, clone: Path) -> None:
    environment = {**live.own_environment(clone / ".weir"), "PYTHON": interpreter(version)}
    # The one that make is to use decides, not the one that these tests happen to run in.
    environment.pop("VIRTUAL_ENV", None)

    code, said = say(["make", "test", "T=tests/config/test_env.py"], environment, clone)
    assert code == 0, said
    assert re.search(rf"^Making \.venv with Python {re.escape(version)}\.", said, re.MULTILINE)

    code, said = say([".venv/bin/python", "-m", "config.stack", "status"], environment, clone)
    assert (code, said.startswith("Weir is not running")) == (3, True), said

    with (clone / "up.log").open("w") as out:
        up = subprocess.Popen(
            ["make", "up"], cwd=clone, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        until_up(up, clone / "up.log")
        pids = [group.pgid for group in registered(Folders(clone / ".weir").run)]
        assert status_of(int(environment["WEIR_PORT"]), "/readyz") == 200
        assert status_of(int(environment["WEIR_REGISTRY_PORT"]), "/subjects") == 200
        code, said = say([".venv/bin/python", "manage.py", "check"], environment, clone)
        assert code == 0, said
    finally:
        down = say(["make", "down"], environment, clone)
        ended = up.wait(30)
    assert down == (0, "Stopped.\n")
    assert ended == 0
    assert pids
    assert not [pid for pid in pids if alive(pid)]
    # All that was made lies where it is ignored.
    code, said = say(["git", "status", "--porcelain"], environment, clone)
    assert (code, said) == (0, "?? up.log\n")


def until_up(up: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + live.FIRST_START
    while "Weir is up" not in log.read_text():
        assert up.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
