"""Real services for the tests: PostgreSQL, Valkey and Kafka, each started when a test first asks.

A pytest plugin rather than fixtures of a conftest, since Django's settings are read before any
conftest is, and they want to know where the database will be. The session that pytest was called
for owns the services: workers of pytest-xdist find them through the environment, start what is
missing under a lock, and leave the stopping to the owner. When the owner dies, its guard does it.

Running services are used instead when the environment names them:
WEIR_TEST_DATABASE_URL, WEIR_TEST_REDIS_URL and WEIR_TEST_KAFKA
(`ADMIN_BOOTSTRAP,CLIENT_BOOTSTRAP,USER,PASSWORD`).
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import pytest

from config.stack import children, keys, ports, postgres, valkey
from config.stack import kafka as kafka_server
from config.stack.children import Child
from config.stack.kafka import Kafka
from config.stack.paths import Folders, write_private
from config.stack.postgres import Postgres
from config.stack.service import Service, start
from config.stack.valkey import Valkey

# Kept from the caller's environment; every other WEIR_ variable would make the result of a test
# depend on whose shell ran it.
KEPT = ("WEIR_TEST_", "WEIR_CHROMIUM")
SHARED = "WEIR_TEST_STACK"


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """A running broker: Weir's own listener and principal, and the applications' listener."""

    bootstrap: str
    clients: str
    username: str
    password: str

    def make_user(self, username: str, password: str) -> None:
        """A SCRAM user of the applications' listener; no grant comes with it."""
        kafka_server.make_user(self.bootstrap, self.username, self.password, username, password)

    def client_settings(
        self, username: str = "", password: str = ""
    ) -> dict[str, str | int | float | bool]:
        """For `confluent_kafka`, as this user; without one, as Weir's own principal."""
        return {
            "bootstrap.servers": self.clients if username else self.bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": username or self.username,
            "sasl.password": password or self.password,
        }


@dataclass(slots=True)
class TestStack:
    """The services of one pytest session, and the folder that says where they are."""

    __test__ = False

    folders: Folders
    postgres: Postgres | None
    valkey: Valkey | None
    kafka: Kafka | None
    kafka_access: KafkaAccess
    database_url: str
    redis_url: str
    guard: Popen[bytes] | None = None
    started: list[Child] = field(default_factory=list)

    def ensure(self, service: Service | None) -> None:
        """Starts the service unless this session's owner or another worker has."""
        if service is None:
            return
        mark = self.folders.data / f"{service.name}.started"
        with locked(self.folders.data / f"{service.name}.lock"):
            if not mark.exists():
                self.started.append(start(service, self.folders))
                mark.touch()

    def stop(self) -> None:
        """By the owner: stops what it started, then through the guard what its workers did."""
        children.stop(self.started)
        if self.guard is not None:
            children.end_guard(self.guard)
            shutil.rmtree(self.folders.data, ignore_errors=True)


STACK = pytest.StashKey[TestStack]()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    owner = SHARED not in os.environ
    folders = _found() if not owner else _made()
    stack = _described(folders)
    if owner:
        stack.guard = children.start_guard(folders)
    _tell_django(stack)
    early_config.stash[STACK] = stack


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one whole stack run on one worker, so that it is started once."""
    for item in items:
        if "live_stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("live"))


def pytest_unconfigure(config: pytest.Config) -> None:
    stack = config.stash.get(STACK, None)
    if stack is not None and stack.guard is not None:
        stack.stop()
        del os.environ[SHARED]


def _found() -> Folders:
    return Folders(Path(os.environ[SHARED]))


def _made() -> Folders:
    folders = Folders(Path(tempfile.mkdtemp(prefix="weir-tests-")))
    folders.make()
    block = ports.free_block(5)
    write_private(folders.data / "ports.json", json.dumps(list(block)))
    keys.fernet_keys(folders.secrets)
    for name in ("postgresql", "valkey", "kafka", "controller", "secret-key"):
        keys.password(folders.secrets, name)
    os.environ[SHARED] = str(folders.data)
    return folders


def _described(folders: Folders) -> TestStack:
    first, second, third, *_ = json.loads((folders.data / "ports.json").read_text())

    def password(name: str) -> str:
        return keys.password(folders.secrets, name)

    database = Postgres(
        folders.data / "postgresql", first, password("postgresql"), postgres.THROWAWAY
    )
    jobs = Valkey(folders.data / "valkey", second, password("valkey"))
    broker = Kafka(folders.data / "kafka", third, password("kafka"), password("controller"))
    access = KafkaAccess(broker.bootstrap, broker.clients, kafka_server.ADMIN, broker.password)
    database_url = os.environ.get("WEIR_TEST_DATABASE_URL", "")
    redis_url = os.environ.get("WEIR_TEST_REDIS_URL", "")
    given = os.environ.get("WEIR_TEST_KAFKA", "")
    return TestStack(
        folders,
        None if database_url else database,
        None if redis_url else jobs,
        None if given else broker,
        _access(given) if given else access,
        database_url or database.url,
        redis_url or jobs.url,
    )


def _access(given: str) -> KafkaAccess:
    parts = given.split(",", 3)
    if len(parts) != 4:
        raise pytest.UsageError(
            "WEIR_TEST_KAFKA must be ADMIN_BOOTSTRAP,CLIENT_BOOTSTRAP,USER,PASSWORD."
        )
    return KafkaAccess(*parts)


def _tell_django(stack: TestStack) -> None:
    for name in [name for name in os.environ if name.startswith("WEIR_")]:
        if not name.startswith(KEPT):
            del os.environ[name]
    os.environ["WEIR_DATABASE_URL"] = stack.database_url
    os.environ["WEIR_REDIS_URL"] = stack.redis_url
    os.environ["WEIR_SECRET_KEY"] = keys.password(stack.folders.secrets, "secret-key")
    os.environ["WEIR_SECRET_KEYS_FILE"] = str(keys.fernet_keys(stack.folders.secrets))


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> TestStack:
    """The session's services. Ask for one of the fixtures below to have it running."""
    return pytestconfig.stash[STACK]


@pytest.fixture(scope="session")
def database_url(stack: TestStack) -> str:
    """A running PostgreSQL. Tests marked `django_db` have it without asking."""
    stack.ensure(stack.postgres)
    if stack.postgres is None and not postgres.serves(stack.database_url):
        pytest.fail("WEIR_TEST_DATABASE_URL names a PostgreSQL that does not answer.")
    return stack.database_url


@pytest.fixture(scope="session")
def redis_url(stack: TestStack) -> str:
    """A running Valkey."""
    stack.ensure(stack.valkey)
    if stack.valkey is None and not valkey.serves(stack.redis_url):
        pytest.fail("WEIR_TEST_REDIS_URL names a server that does not answer.")
    return stack.redis_url


@pytest.fixture(scope="session")
def kafka(stack: TestStack) -> KafkaAccess:
    """A running Kafka with ACLs, shared by the whole session: name topics and users so that no
    other test can mean the same ones, and expect others' to be there."""
    stack.ensure(stack.kafka)
    access = stack.kafka_access
    if stack.kafka is None and not kafka_server.lets_in(
        access.bootstrap, access.username, access.password
    ):
        pytest.fail("WEIR_TEST_KAFKA names a broker that does not let its user in.")
    return access
