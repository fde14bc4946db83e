"""Kafka 4.3.1: one node, broker and controller, from jars and whatever Java there is.

Every listener asks for a name and a password, and nothing is allowed that no ACL grants, so that
grants and credentials are real from the first day. CLIENT is where applications connect; INTERNAL,
one port on, is Weir's own and the broker's; CONTROLLER, two ports on, is the quorum's.
"""

import base64
import logging
import secrets
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion
from kafka.errors import KafkaError

from config.stack import jars, ports
from config.stack.children import Launch, run
from config.stack.errors import StackError
from config.stack.java import find_java, java_environment
from config.stack.paths import write_private

ADMIN = "weir-admin"
ADMIN_SECRET = "kafka"  # noqa: S105  the name of the file with its password
BROKER = "weir-broker"
LOGIN = "org.apache.kafka.common.security"


@dataclass(frozen=True, slots=True)
class Kafka:
    """`password` is the admin principal's, a super user; `controller_password` never leaves the
    node."""

    data: Path
    port: int
    password: str
    controller_password: str
    heap: str = "512m"
    name: str = "kafka"
    patience: float = 120

    @property
    def clients(self) -> str:
        """Bootstrap of the applications' listener."""
        return f"127.0.0.1:{self.port}"

    @property
    def bootstrap(self) -> str:
        """Bootstrap of Weir's own listener."""
        return f"127.0.0.1:{self.port + 1}"

    @property
    def _log_folder(self) -> Path:
        return self.data / "logs"

    @property
    def _config(self) -> Path:
        return self.data / "server.properties"

    def prepare(self) -> None:
        java, class_path = find_java(), jars.class_path()
        self.data.mkdir(parents=True, exist_ok=True)
        self._write(self._config, self._log_folder)
        if not (self._log_folder / "meta.properties").exists():
            self._format(java, class_path)

    def _format(self, java: Path, class_path: str) -> None:
        # Formatted beside and moved: a start that was cut short must not leave a folder that looks
        # formatted but has no admin.
        fresh = self.data / "logs.new"
        shutil.rmtree(fresh, ignore_errors=True)
        config, arguments = self.data / "format.properties", self.data / "format.arguments"
        self._write(config, fresh)
        scram = f"SCRAM-SHA-512=[name={ADMIN},password={self.password}]"
        words = ["-cp", class_path, *_SMALL, "kafka.tools.StorageTool", "format"]
        words += ["-t", _cluster_id(), "-c", str(config), "--add-scram", scram]
        # By file: a command line can be read by everybody on the machine.
        write_private(arguments, "".join(f'"{word}"\n' for word in words))
        try:
            launch = Launch([str(java), f"@{arguments}"], java_environment(), self.data)
            # What it prints is the credential's record; nobody should see it.
            run("Formatting Kafka's folder", launch)
            fresh.rename(self._log_folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
            config.unlink()
            arguments.unlink()

    def launch(self) -> Launch:
        argv = [str(find_java()), f"-Xmx{self.heap}", *_SMALL]
        argv += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        argv += ["-Dorg.slf4j.simpleLogger.showDateTime=true"]
        argv += ["-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ"]
        argv += ["-cp", jars.class_path(), "kafka.Kafka", str(self._config)]
        return Launch(argv, java_environment(), self.data)

    def ready(self) -> bool:
        # The port first: the library would wait and retry on one that nobody serves.
        return ports.answers(self.port + 1) and lets_in(self.bootstrap, ADMIN, self.password)

    def _write(self, path: Path, log_folder: Path) -> None:
        lines = {**_FIXED, **self._listeners(), "log.dirs": str(log_folder.absolute())}
        write_private(path, "".join(f"{key}={_escaped(value)}\n" for key, value in lines.items()))

    def _listeners(self) -> dict[str, str]:
        client, internal = f"CLIENT://{self.clients}", f"INTERNAL://{self.bootstrap}"
        controller = f"127.0.0.1:{self.port + 2}"
        scram = f"{LOGIN}.scram.ScramLoginModule required"
        plain = f"{LOGIN}.plain.PlainLoginModule required"
        secret = self.controller_password
        return {
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"{client},{internal},CONTROLLER://{controller}",
            "advertised.listeners": f"{client},{internal}",
            "listener.name.client.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.client.scram-sha-512.sasl.jaas.config": f"{scram};",
            "listener.name.internal.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.internal.scram-sha-512.sasl.jaas.config": (
                f'{scram} username="{ADMIN}" password="{self.password}";'
            ),
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": (
                f'{plain} username="{BROKER}" password="{secret}" user_{BROKER}="{secret}";'
            ),
        }


_SMALL = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

_FIXED = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "INTERNAL",
    "listener.security.protocol.map": (
        "CLIENT:SASL_PLAINTEXT,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT"
    ),
    "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
    "sasl.mechanism.controller.protocol": "PLAIN",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "false",
    "super.users": f"User:{ADMIN};User:{BROKER}",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "5",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # A broker that died is waited for this long before its successor may register.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
}


def _escaped(value: str) -> str:
    """As Java reads a properties file: letters beyond ASCII by number."""
    codes = value.encode("utf-16-be", "surrogatepass")
    units = (int.from_bytes(codes[at : at + 2], "big") for at in range(0, len(codes), 2))
    return "".join(chr(unit) if unit < 0x80 else f"\\u{unit:04x}" for unit in units)


def _cluster_id() -> str:
    # The tool that makes one takes a second and a half to start. It may not begin with a dash.
    return base64.urlsafe_b64encode(b"\0" + secrets.token_bytes(15)).decode().rstrip("=")


def admin_client(
    bootstrap: str, username: str, password: str, *, patience_ms: int = 30_000
) -> KafkaAdminClient:
    """A connected client; raises when the broker does not let it in within its patience."""
    return KafkaAdminClient(
        bootstrap_servers=bootstrap,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username=username,
        sasl_plain_password=password,
        bootstrap_timeout_ms=patience_ms,
        request_timeout_ms=max(patience_ms, 5_000),
    )


def lets_in(bootstrap: str, username: str, password: str) -> bool:
    """Whether the broker answers this user within some seconds."""
    try:
        with closing(admin_client(bootstrap, username, password, patience_ms=3_000)):
            return True
    except (KafkaError, OSError):
        return False


def make_user(
    bootstrap: str, admin: str, admin_password: str, username: str, password: str
) -> None:
    """As the admin, makes a SCRAM user or gives an existing one this password."""
    wanted = UserScramCredentialUpsertion(username, ScramMechanism.SCRAM_SHA_512, password)
    with closing(admin_client(bootstrap, admin, admin_password)) as client:
        said = client.alter_user_scram_credentials([wanted])
    if any(said.values()):
        raise StackError(f"Kafka did not make the user {username}: {said}")


def quiet() -> None:
    """Silences the client library while it waits for a broker: its warnings are our questions."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
