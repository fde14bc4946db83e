"""Dockerfile and docker-compose.yml: read, and what their commands run is run.

There is no container engine in the tests; what is proven is that the files fit together, that the
image's packages are the locked ones, and that each command line starts the process it is meant to.
"""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
import yaml

from config.celery import app as celery_app
from config.stack import children, ports, programs
from config.stack.children import plain_environment
from config.stack.paths import ROOT, Folders
from config.stack.programs import Program, status_of
from config.stack.service import start
from config.stack.throwaway import Throwaway
from tests import live

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = ("migrate", "web", "registry", "worker", "notices", "beat")


def instructions() -> list[tuple[str, str]]:
    joined = DOCKERFILE.replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines() if line.strip()]
    return [
        (line.split(maxsplit=1)[0], line.split(maxsplit=1)[1])
        for line in lines
        if not line.startswith("#")
    ]


def command(service: str) -> list[str]:
    words: list[str] = COMPOSE["services"][service]["command"]
    return words


def test_the_image_holds_the_code_and_the_locked_packages_and_runs_as_nobody_special() -> None:
    steps = instructions()
    copied = [words.split()[0] for name, words in steps if name == "COPY"]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for path in copied:
        assert (ROOT / path).exists(), path
        assert f"!{path}" in ignored
    assert {"manage.py", "config", "governance", "registry", "topics"} <= set(copied)
    installs = [words for name, words in steps if name == "RUN" and "pip install" in words]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "-r requirements.lock" in installs[0]
    names = [name for name, _ in steps]
    assert names.index("USER") < names.index("CMD")
    assert int(dict(steps)["USER"]) > 0
    assert f"--uid {dict(steps)['USER']} " in DOCKERFILE
    assert "://" not in re.sub(r"(postgresql|redis)://", "", DOCKERFILE)


def test_the_image_runs_the_web_application_as_the_compose_file_does() -> None:
    given = json.loads(dict(instructions())["CMD"])
    assert given == [word for word in command("web") if word not in ("--workers", "2")]


def test_every_process_waits_for_what_it_needs() -> None:
    services = COMPOSE["services"]
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in OURS[1:]:
        needs = services[name]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully"
        assert needs["valkey"]["condition"] == "service_healthy"
    for name in ("postgres", "valkey"):
        assert services[name]["healthcheck"]["test"]
    for name in OURS:
        assert services[name]["read_only"] is True
        assert "ALL" in services[name]["cap_drop"]
    assert services["kafka"]["profiles"] == ["kafka"]


def test_nothing_grows_without_bound_and_nothing_is_cut_short() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        assert {"max-size", "max-file"} <= set(service["logging"]["options"]), name
        # An image that is named is of one version.
        assert re.fullmatch(r"weir|[a-z/]+:\d[\w.-]*", service["image"]), name
    for name in ("postgres", "valkey", *OURS):
        assert "no-new-privileges:true" in services[name]["security_opt"]
    for name in ("web", "registry"):
        words = command(name)
        patience = int(words[words.index("--workers-kill-timeout") + 1])
        assert int(services[name]["stop_grace_period"].removesuffix("s")) > patience


def test_processes_of_one_server_count_together() -> None:
    for name in ("web", "registry"):
        service = COMPOSE["services"][name]
        assert service["environment"]["PROMETHEUS_MULTIPROC_DIR"] in service["tmpfs"]
        assert service["environment"]["WEIR_SECRET_KEYS_FILE"]


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for variable in ("WEIR_SECRET_KEY", "WEIR_DB_PASSWORD", "WEIR_REDIS_PASSWORD"):
        assert set(re.findall(rf"\$\{{{variable}(..)", text)) == {":?"}


def test_the_stack_starts_the_same_processes() -> None:
    """Differences are the bind address, the port, the number of workers and where files go."""
    environment: dict[str, str] = {}
    started = {
        "web": programs.web(8000, environment),
        "registry": programs.registry(8081, environment),
        "worker": programs.worker(environment),
        "notices": programs.notices(environment),
        "beat": programs.beat(Path("/tmp"), environment),
    }
    for name, program in started.items():
        for word in program.argv:
            if not word[0].isdigit() and word not in programs.ONLY_IN_THE_STACK:
                assert word in command(name), f"{name}: {word}"


def queued(redis_url: str) -> int:
    """Jobs that wait in the queue that beat fills every second."""
    with redis.Redis.from_url(redis_url) as client:
        return int(client.llen("default"))


def healthy(name: str, environment: Mapping[str, str], port: int) -> bool:
    """What the container engine would find out about this service; beat serves nobody."""
    check = COMPOSE["services"][name].get("healthcheck")
    if check is None:
        return name == "beat"
    kind, *words = check["test"]
    words = [word.replace("$$", "$") for word in words]
    words = [re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", word) for word in words]
    if kind == "CMD-SHELL":
        words = ["/bin/sh", "-c", *words]
    here = {"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "HOSTNAME": socket.gethostname()}
    done = subprocess.run(
        words, cwd=ROOT, env={**environment, **here}, capture_output=True, check=False
    )
    return done.returncode == 0


@pytest.mark.real
@pytest.mark.parametrize("name", OURS[1:])
def test_each_command_starts_its_process(
    name: str, environment: dict[str, str], tmp_path: Path
) -> None:
    folders = Folders(tmp_path)
    folders.make()
    (port,) = ports.free_block(1)
    if name == "beat":
        # A database of its own, whose queue nobody else fills or empties.
        server = urlsplit(environment["WEIR_REDIS_URL"])
        environment["WEIR_REDIS_URL"] = server._replace(path="/15").geturl()
    here = {"0.0.0.0": "127.0.0.1", "8000": str(port), "8081": str(port)}  # noqa: S104  replaced
    words = [here.get(word, word).replace("/tmp/", f"{tmp_path}/") for word in command(name)]
    # A worker that is told to stop in the instant of its birth does not hear it.
    log = folders.logs / f"{name}.log"

    def all_up() -> bool:
        return log.read_text().count("Started worker-") == 2

    serves = {
        "web": lambda: all_up() and status_of(port, "/healthz") == 200,
        "registry": lambda: all_up() and status_of(port, "/subjects") == 401,
        "worker": lambda: bool(celery_app.control.ping(timeout=1)),
        "notices": lambda: bool(celery_app.control.ping(timeout=1)),
        "beat": lambda: queued(environment["WEIR_REDIS_URL"]) > 0,
    }
    child = start(Program(name, words, environment, serves[name]), folders)
    try:
        assert child.alive()
        assert healthy(name, environment, port)
    finally:
        children.stop([child])
    assert child.process.returncode == 0


@pytest.mark.real
def test_the_migrate_command_migrates(environment: dict[str, str]) -> None:
    python, *arguments = command("migrate")
    assert python == "python"
    live.run(arguments, environment)
    assert "[ ]" not in live.run(["manage.py", "showmigrations", "--plan"], environment)


@pytest.fixture
def environment(
    stack: Throwaway, database_url: str, redis_url: str, tmp_path: Path
) -> dict[str, str]:
    """What the compose file gives each process, with the tests' servers in it."""
    given = COMPOSE["services"]["web"]["environment"]
    keys = str(stack.folders.secrets / "secret-keys")
    here = {
        "WEIR_DATABASE_URL": database_url,
        "WEIR_REDIS_URL": redis_url,
        "WEIR_SECRET_KEY": "for-the-tests-only",
        "WEIR_SECRET_KEYS_FILE": keys,
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),  # a container has a /tmp of its own
    }
    defaults = {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in given.items()}
    assert not [name for name, value in {**defaults, **here}.items() if "${" in value]
    return {**plain_environment(), **defaults, **here}
