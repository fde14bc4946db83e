"""The parts of one stack, and what each tells the others through the environment."""

from dataclasses import dataclass

from config.stack import kafka, keys
from config.stack.kafka import ADMIN_SECRET, Kafka
from config.stack.options import Options, given
from config.stack.postgres import Postgres
from config.stack.valkey import Valkey


@dataclass(frozen=True, slots=True)
class Parts:
    """The embedded servers; what somebody else runs is None."""

    postgres: Postgres | None
    valkey: Valkey | None
    kafka: Kafka | None


def parts(options: Options) -> Parts:
    folders = options.folders

    def password(name: str) -> str:
        return keys.password(folders.secrets, name)

    database = Postgres(folders.data / "postgresql", options.pg_port, password("postgresql"))
    jobs = Valkey(folders.data / "valkey", options.redis_port, password("valkey"))
    broker = Kafka(
        folders.data / "kafka",
        options.kafka_port,
        password(ADMIN_SECRET),
        password("kafka-controller"),
    )
    return Parts(
        None if options.database_url else database,
        None if options.redis_url else jobs,
        None if options.kafka_bootstrap else broker,
    )


def environment(options: Options, embedded: Parts) -> dict[str, str]:
    """What Weir's processes are told beyond what they inherit, and commands beside them too."""
    told = {
        "WEIR_BASE_URL": options.base_url,
        "WEIR_REGISTRY_URL": options.registry_url,
        "WEIR_REGISTRY_ANONYMOUS": options.registry_anonymous,
        "WEIR_STATIC_ROOT": str(options.folders.static),
    }
    if embedded.postgres:
        told["WEIR_DATABASE_URL"] = embedded.postgres.url
    if embedded.valkey:
        told["WEIR_REDIS_URL"] = embedded.valkey.url
    if not given("WEIR_SECRET_KEY"):
        told["WEIR_SECRET_KEY_FILE"] = str(keys.django_key(options.folders.secrets))
    if not given("WEIR_SECRET_KEYS_FILE"):
        told["WEIR_SECRET_KEYS_FILE"] = str(keys.fernet_keys(options.folders.secrets))
    return told


def kafka_environment(options: Options, embedded: Parts) -> dict[str, str]:
    """Where `manage.py demo` finds the cluster that it registers. Weir itself knows clusters from
    its database alone."""
    if embedded.kafka is None:
        bootstrap = options.kafka_bootstrap or ""
        return {"WEIR_DEMO_KAFKA_BOOTSTRAP": bootstrap, "WEIR_DEMO_KAFKA_CLIENTS": bootstrap}
    return {
        "WEIR_DEMO_KAFKA_BOOTSTRAP": embedded.kafka.bootstrap,
        "WEIR_DEMO_KAFKA_CLIENTS": embedded.kafka.clients,
        "WEIR_DEMO_KAFKA_USER": kafka.ADMIN,
        "WEIR_DEMO_KAFKA_PASSWORD_FILE": str(options.folders.secrets / ADMIN_SECRET),
    }
