"""Servers for as long as a test session or a benchmark takes: own ports, own data, nothing kept."""

import fcntl
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from config.stack import children, keys, ports
from config.stack.children import Child
from config.stack.kafka import Kafka
from config.stack.paths import Folders, write_private
from config.stack.postgres import THROWAWAY, Postgres
from config.stack.service import Service, start
from config.stack.valkey import Valkey


@dataclass(slots=True)
class Throwaway:
    """The servers of one temporary folder, each started when somebody first asks for it.

    The process that made the folder owns them; others that are told of it start what is missing
    under a lock and leave the stopping to the owner. When the owner dies, its guard does it.
    """

    folders: Folders
    postgres: Postgres
    valkey: Valkey
    kafka: Kafka
    guard: Popen[bytes] | None = None
    started: list[Child] = field(default_factory=list)

    def ensure(self, service: Service) -> None:
        """Starts the service unless the owner or another process has."""
        mark = self.folders.data / f"{service.name}.started"
        with _locked(self.folders.data / f"{service.name}.lock"):
            if not mark.exists():
                self.started.append(start(service, self.folders))
                mark.touch()

    def environment(self) -> dict[str, str]:
        """What Django's settings must be told to use these servers."""
        return {
            "WEIR_DATABASE_URL": self.postgres.url,
            "WEIR_REDIS_URL": self.valkey.url,
            "WEIR_SECRET_KEY_FILE": str(keys.django_key(self.folders.secrets)),
            "WEIR_SECRET_KEYS_FILE": str(keys.fernet_keys(self.folders.secrets)),
        }

    def stop(self) -> None:
        """By the owner: stops what it started, then through the guard what others did."""
        children.stop(self.started)
        if self.guard is not None:
            children.end_guard(self.guard)
            shutil.rmtree(self.folders.data, ignore_errors=True)


def make() -> Throwaway:
    """New ones, owned by this process: nothing is started yet."""
    folders = Folders(Path(tempfile.mkdtemp(prefix="weir-throwaway-")))
    folders.make()
    write_private(folders.data / "ports.json", json.dumps(list(ports.free_block(5))))
    servers = found(folders.data)
    servers.environment()
    servers.guard = children.start_guard(folders)
    return servers


def found(data: Path) -> Throwaway:
    """Those of another process that owns this folder."""
    folders = Folders(data)
    first, second, third, *_ = json.loads((data / "ports.json").read_text())

    def password(name: str) -> str:
        return keys.password(folders.secrets, name)

    return Throwaway(
        folders,
        Postgres(data / "postgresql", first, password("postgresql"), THROWAWAY),
        Valkey(data / "valkey", second, password("valkey")),
        Kafka(data / "kafka", third, password("kafka"), password("kafka-controller")),
    )


@contextmanager
def servers() -> Iterator[Throwaway]:
    """New ones, gone at the end of the block."""
    made = make()
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
