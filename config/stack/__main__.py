"""python -m config.stack up|down|reset|status|test-env: what `make up` and its kin call."""

import argparse
import shutil
import sys

from config import env
from config.stack import checks, lock, options
from config.stack.errors import StackError
from config.stack.groups import registered
from config.stack.lock import AlreadyRunning
from config.stack.options import Options
from config.stack.parts import parts
from config.stack.supervisor import Stopped
from config.stack.up import prepare, up

# Everything that a stack writes into its folder; a reset touches nothing else there.
MADE = (
    "postgresql",
    "valkey",
    "kafka",
    "secrets",
    "logs",
    "run",
    "beat",
    "env",
    "demo.json",
    "static",
)


def main() -> int:
    commands = {"up": _up, "down": _down, "reset": _reset, "status": _status, "test-env": _test_env}
    parser = argparse.ArgumentParser(prog="python -m config.stack", description=__doc__)
    parser.add_argument("command", choices=commands)
    command = parser.parse_args().command
    try:
        return commands[command](options.read())
    except (StackError, env.WrongValue) as error:
        _say(f"Weir: {error}")
        return 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _up(given: Options) -> int:
    checks.python()
    checks.values(given)
    checks.writable(given.folders.data)
    try:
        with lock.held(given.folders.lock) as descriptor:
            prepare(given)
            _say(f"Starting Weir in {given.folders.data} …")
            up(given, descriptor, _say)
    except AlreadyRunning as running:
        _say(
            f"Weir is already running on {given.folders.data} (process {running.pid}):"
            f" {given.base_url}. Nothing was changed; `make down` stops it."
        )
    except Stopped:
        _say("Stopped before everything was up; nothing is left running.")
    return 0


def _down(given: Options) -> int:
    stopped = lock.stop_holder(given.folders.lock)
    _say("Stopped." if stopped else f"Weir is not running on {given.folders.data}.")
    return 0


def _reset(given: Options) -> int:
    if lock.stop_holder(given.folders.lock):
        _say("Stopped.")
    removed = []
    for name in MADE:
        path = given.folders.data / name
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
        else:
            continue
        removed.append(name)
    if removed:
        _say(f"Removed from {given.folders.data}: {', '.join(removed)}. Downloaded jars are kept.")
    else:
        _say(f"There is nothing to remove in {given.folders.data}.")
    return 0


def _status(given: Options) -> int:
    pid = lock.holder(given.folders.lock)
    if not pid:
        _say(f"Weir is not running on {given.folders.data}.")
        return 3
    _say(f"Weir is running on {given.folders.data} (process {pid}): {given.base_url}")
    for group in registered(given.folders.run):
        log = given.folders.logs / f"{group.name}.log"
        _say(f"  {group.name:<12} process {group.pgid:<8} {log}")
    return 0


def _test_env(given: Options) -> int:
    """Lines for `env $(python -m config.stack test-env) make test`: tests on the running servers.
    They use a test database of their own there, but the same Valkey and Kafka."""
    if not lock.holder(given.folders.lock):
        raise StackError(f"Weir is not running on {given.folders.data}: start it with `make up`.")
    embedded = parts(given)
    if embedded.postgres:
        _say(f"WEIR_TEST_DATABASE_URL={embedded.postgres.url}")
    if embedded.valkey:
        _say(f"WEIR_TEST_REDIS_URL={embedded.valkey.url}")
    if broker := embedded.kafka:
        access = f"{broker.bootstrap},{broker.clients},weir-admin,{broker.password}"
        _say(f"WEIR_TEST_KAFKA={access}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
