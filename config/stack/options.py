"""What a person may set for the embedded stack, read once."""

import os
from dataclasses import dataclass

from config import env, named
from config.stack.paths import Folders

PORTS = {
    "WEIR_PORT": 8000,
    "WEIR_REGISTRY_PORT": 8081,
    "WEIR_PG_PORT": 15432,
    "WEIR_REDIS_PORT": 16379,
    "WEIR_KAFKA_PORT": 19092,
}
# Kafka takes the next two ports as well.
HIGHEST_PORT = 65_533


@dataclass(frozen=True, slots=True)
class Options:
    folders: Folders
    port: int
    registry_port: int
    pg_port: int
    redis_port: int
    kafka_port: int
    database_url: str | None
    redis_url: str | None
    kafka_bootstrap: str | None
    demo: bool
    registry_anonymous: str

    @property
    def base_url(self) -> str:
        return named.origin("WEIR_BASE_URL", f"http://localhost:{self.port}")

    @property
    def registry_url(self) -> str:
        return env.url("WEIR_REGISTRY_URL", f"http://localhost:{self.registry_port}")


def read() -> Options:
    """The options; a value that cannot be used is a WrongValue."""
    demo = env.flag("WEIR_DEMO", True)
    return Options(
        Folders(env.stack_folder()),
        port=_port("WEIR_PORT"),
        registry_port=_port("WEIR_REGISTRY_PORT"),
        pg_port=_port("WEIR_PG_PORT"),
        redis_port=_port("WEIR_REDIS_PORT"),
        kafka_port=_port("WEIR_KAFKA_PORT"),
        database_url=named.database("WEIR_DATABASE_URL", None),
        redis_url=named.queue("WEIR_REDIS_URL", None),
        kafka_bootstrap=named.servers("WEIR_KAFKA_BOOTSTRAP", None),
        demo=demo,
        # The demo's registry lets everybody in, since it listens on loopback alone and a first
        # client should need no credential; an installation asks for one.
        registry_anonymous=env.choice(
            "WEIR_REGISTRY_ANONYMOUS", "full" if demo else "none", ("none", "read", "full")
        ),
    )


def _port(name: str) -> int:
    return env.number(name, PORTS[name], minimum=1, maximum=HIGHEST_PORT)


def given(name: str) -> bool:
    """Whether the person has set this variable, or its file."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))
