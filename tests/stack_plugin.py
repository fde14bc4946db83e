"""Real services for the tests: PostgreSQL, Valkey and Kafka, each started when a test first asks.

A pytest plugin rather than fixtures of a conftest, since Django's settings are read before any
conftest is, and they want to know where the database will be. The session that pytest was called
for owns the services; workers of pytest-xdist find them through the environment.

Running services are used instead when the environment names them:
WEIR_TEST_DATABASE_URL, WEIR_TEST_REDIS_URL and WEIR_TEST_KAFKA
(`ADMIN_BOOTSTRAP,CLIENT_BOOTSTRAP,USER,PASSWORD`).
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from config.stack import kafka as kafka_server
from config.stack import postgres, throwaway, valkey
from config.stack.throwaway import Throwaway

# Kept from the caller's environment; every other WEIR_ variable would make the result of a test
# depend on whose shell ran it.
KEPT = ("WEIR_TEST_", "WEIR_CHROMIUM")
SHARED = "WEIR_TEST_STACK"
VALKEY_DATABASES = 16  # what a server has that nobody configured


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
        # The controller has it before the broker does.
        deadline = time.monotonic() + 30
        while not kafka_server.lets_in(self.clients, username, password):
            assert time.monotonic() < deadline, f"the broker never let {username} in"

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


STACK = pytest.StashKey[Throwaway]()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    shared = os.environ.get(SHARED)
    stack = throwaway.found(Path(shared)) if shared else throwaway.make()
    os.environ[SHARED] = str(stack.folders.data)
    early_config.stash[STACK] = stack
    for name in [name for name in os.environ if name.startswith("WEIR_")]:
        if not name.startswith(KEPT):
            del os.environ[name]
    os.environ.update(stack.environment())
    for ours, given in (
        ("WEIR_DATABASE_URL", "WEIR_TEST_DATABASE_URL"),
        ("WEIR_REDIS_URL", "WEIR_TEST_REDIS_URL"),
    ):
        if os.environ.get(given):
            os.environ[ours] = os.environ[given]
    os.environ["WEIR_REDIS_URL"] = _own(os.environ["WEIR_REDIS_URL"])


def _own(redis_url: str) -> str:
    """Each worker of pytest-xdist has a database of its own in Valkey, as it has in PostgreSQL: out
    of a shared queue, a job of one would find another's rows under its number."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if not number:
        return redis_url
    return urlsplit(redis_url)._replace(path=f"/{int(number) % VALKEY_DATABASES}").geturl()


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


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Throwaway:
    """The session's servers. Ask for one of the fixtures below to have one running."""
    return pytestconfig.stash[STACK]


@pytest.fixture(scope="session")
def database_url(stack: Throwaway) -> str:
    """A running PostgreSQL. Tests marked `django_db` have it without asking."""
    given = os.environ.get("WEIR_TEST_DATABASE_URL")
    if not given:
        stack.ensure(stack.postgres)
        return stack.postgres.url
    if not postgres.serves(given):
        pytest.fail("WEIR_TEST_DATABASE_URL names a PostgreSQL that does not answer.")
    return given


@pytest.fixture(scope="session")
def redis_url(stack: Throwaway) -> str:
    """A running Valkey, and this worker's database in it."""
    given = os.environ.get("WEIR_TEST_REDIS_URL")
    if not given:
        stack.ensure(stack.valkey)
        return _own(stack.valkey.url)
    if not valkey.serves(given):
        pytest.fail("WEIR_TEST_REDIS_URL names a server that does not answer.")
    return _own(given)


@pytest.fixture(scope="session")
def kafka(stack: Throwaway) -> KafkaAccess:
    """A running Kafka with ACLs, shared by the whole session: name topics and users so that no
    other test can mean the same ones, and expect others' to be there."""
    given = os.environ.get("WEIR_TEST_KAFKA")
    if not given:
        stack.ensure(stack.kafka)
        broker = stack.kafka
        return KafkaAccess(broker.bootstrap, broker.clients, kafka_server.ADMIN, broker.password)
    parts = given.split(",", 3)
    if len(parts) != 4:
        pytest.fail("WEIR_TEST_KAFKA must be ADMIN_BOOTSTRAP,CLIENT_BOOTSTRAP,USER,PASSWORD.")
    access = KafkaAccess(*parts)
    if not kafka_server.lets_in(access.bootstrap, access.username, access.password):
        pytest.fail("WEIR_TEST_KAFKA names a broker that does not let its user in.")
    return access
