"""Where the stack keeps what it writes."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Downloads belong to the checkout, as its virtual environment does: another WEIR_DATA and the
# tests use the same ones, and `make reset` keeps them.
JARS = ROOT / ".weir" / "jars"
TOOLS = ROOT / ".weir" / "tools"

LOG_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders under one WEIR_DATA."""

    data: Path

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def run(self) -> Path:
        """One file a running child: its process group, for whoever must stop it."""
        return self.data / "run"

    @property
    def beat(self) -> Path:
        """Where the scheduler notes what it last announced."""
        return self.data / "beat"

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"

    @property
    def static(self) -> Path:
        """Where `collectstatic` would put files; empty here, since they are served as they lie."""
        return self.data / "static"

    @property
    def lock(self) -> Path:
        return self.data / "lock"

    @property
    def env(self) -> Path:
        """KEY=VALUE lines for `manage.py` beside a running stack."""
        return self.data / "env"

    @property
    def demo(self) -> Path:
        """What `manage.py demo --json` said last: accounts and credentials."""
        return self.data / "demo.json"

    def make(self) -> None:
        # Others may pass through but not look around: PostgreSQL, when started by root, runs as
        # another user and must reach its own folder.
        private = (self.logs, self.run, self.secrets, self.beat, self.static)
        for folder, mode in ((self.data, 0o711), *((inner, 0o700) for inner in private)):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)


def write_private(path: Path, text: str) -> None:
    """Writes the whole file or none of it, readable by its owner alone."""
    part = path.with_name(path.name + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    part.replace(path)


def turn_over(log: Path) -> None:
    """Keeps a log within its bound: past it, what it holds becomes the one old log beside it.

    Copied and cut rather than renamed, since the child goes on writing to the file it has open.
    """
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except OSError:
        return ""
