"""Weir's own five processes: web, registry, worker, notices, beat."""

import http.client
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kombu.exceptions import KombuError
from redis import RedisError

from config.celery import app as celery_app
from config.stack.children import Launch

HOST = "127.0.0.1"
# A page that hangs holds up a stop for no longer than this.
KILL_TIMEOUT = "5"


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    serves: Callable[[], bool]
    patience: float = 90

    def prepare(self) -> None:
        """There is nothing to make."""

    def launch(self) -> Launch:
        return Launch([sys.executable, "-m", *self.argv], self.env)

    def ready(self) -> bool:
        return self.serves()


def web(port: int, env: Mapping[str, str]) -> Program:
    argv = ["granian", "--interface", "wsgi", "--host", HOST, "--port", str(port)]
    argv += ["--blocking-threads", "8", "--workers-kill-timeout", KILL_TIMEOUT]
    argv += ["--respawn-failed-workers", "config.wsgi:application"]
    return Program("web", argv, env, lambda: status_of(port, "/healthz") == 200)


def registry(port: int, env: Mapping[str, str]) -> Program:
    argv = ["granian", "--interface", "asgi", "--loop", "uvloop", "--host", HOST]
    argv += ["--port", str(port), "--workers-kill-timeout", KILL_TIMEOUT]
    argv += ["--respawn-failed-workers", "config.registry_asgi:application"]
    # Any answer of its own will do: without a credential it may well be a refusal.
    return Program("registry", argv, env, lambda: 200 <= status_of(port, "/subjects") < 500)


def worker(env: Mapping[str, str]) -> Program:
    argv = ["celery", "-A", "config.celery", "worker", "-c", "2", "-Q", "default,clusters"]
    argv += ["-n", WORKER, "--without-gossip", "--without-mingle"]
    return Program("worker", argv, env, worker_answers)


def notices(env: Mapping[str, str]) -> Program:
    argv = ["celery", "-A", "config.celery", "worker", "--pool", "threads", "-c", "4"]
    argv += ["-Q", "notices", "-n", NOTICES, "--without-gossip", "--without-mingle"]
    return Program("notices", argv, env, lambda: worker_answers(NOTICES))


def beat(folder: Path, env: Mapping[str, str]) -> Program:
    argv = ["celery", "-A", "config.celery", "beat", "--schedule", str(folder / "beat-schedule")]
    # It serves nobody that could be asked; it only must go on running.
    return Program("beat", argv, env, lambda: True)


WORKER = "weir@localhost"
NOTICES = "notices@localhost"
# Words of these command lines that an installation's need not have.
ONLY_IN_THE_STACK = (HOST, WORKER, NOTICES, "-n", "--without-gossip", "--without-mingle")


def worker_answers(name: str = WORKER) -> bool:
    """Whether the worker of that name takes jobs: asked over the same broker that the jobs come by,
    which this process must have been told of in its environment."""
    try:
        # A connection of its own: one from the pool may be from before the broker's last restart.
        with celery_app.connection_for_write() as connection:
            return bool(
                celery_app.control.ping(destination=[name], timeout=0.5, connection=connection)
            )
    except (OSError, RedisError, KombuError):
        return False


def status_of(port: int, path: str) -> int:
    """The status code that this path answers with; 0 when nothing does."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
