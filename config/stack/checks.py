"""What is looked at before anything starts. Each refusal is one sentence that says what to do."""

import os
import runpy
import shutil
import sys
from pathlib import Path

import psycopg
from psycopg import conninfo

from config import env
from config.stack import ports
from config.stack.errors import StackError
from config.stack.options import Options, given
from config.stack.paths import ROOT

OLDEST_PYTHON = (3, 11)
# Jars, databases and logs of a demo take about a quarter of this.
DISK_NEEDED = 1024**3


def python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        raise StackError(
            f"This is Python {found}; Weir needs 3.11 or newer:"
            " remove .venv and run make with PYTHON=python3.11."
        )


def disk(data: Path) -> None:
    folder = next(part for part in (data, *data.parents) if part.exists())
    free = shutil.disk_usage(folder).free
    if free < DISK_NEEDED:
        raise StackError(
            f"{folder} has {free // 2**20} MiB left and the stack needs"
            f" {DISK_NEEDED // 2**20}: free some, or set WEIR_DATA to a folder with more room."
        )


def writable(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
        probe = data / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StackError(
            f"{data} cannot be written to ({error.strerror}): set WEIR_DATA to a folder that can."
        ) from error


def free_ports(options: Options) -> None:
    wanted = _wanted(options)
    by_port: dict[int, str] = {}
    for port, (variable, part) in wanted:
        if port in by_port:
            raise StackError(f"{by_port[port]} and {variable} both want port {port}: change one.")
        by_port[port] = variable
        if not ports.is_free(port):
            raise StackError(
                f"Port {port}, wanted for {part}, is taken: stop what listens there, or set"
                f" {variable} to another port."
            )


def _wanted(options: Options) -> list[tuple[int, tuple[str, str]]]:
    wanted = [
        (options.port, ("WEIR_PORT", "the web application")),
        (options.registry_port, ("WEIR_REGISTRY_PORT", "the registry")),
    ]
    if options.database_url is None:
        wanted.append((options.pg_port, ("WEIR_PG_PORT", "PostgreSQL")))
    if options.redis_url is None:
        wanted.append((options.redis_port, ("WEIR_REDIS_PORT", "Valkey")))
    if options.kafka_bootstrap is None:
        for offset, listener in enumerate(("clients", "Weir's own", "controller")):
            part = f"Kafka ({listener} listener)"
            wanted.append((options.kafka_port + offset, ("WEIR_KAFKA_PORT", part)))
    return wanted


def values(options: Options) -> None:
    """Reads all of Weir's settings, so that a wrong value in any of them is said before anything is
    made. What the stack itself will tell its processes is not there yet and stands in as a shape.
    """
    told = {
        "WEIR_BASE_URL": options.base_url,
        "WEIR_REGISTRY_URL": options.registry_url,
        "WEIR_DATABASE_URL": options.database_url or "postgresql://weir@localhost/weir",
        "WEIR_REDIS_URL": options.redis_url or "redis://localhost",
    }
    if not given("WEIR_SECRET_KEY"):
        told["WEIR_SECRET_KEY"] = "not made yet"  # noqa: S105  a shape, used for nothing
    before = dict(os.environ)
    try:
        os.environ.update(told)
        # Run, not imported: the module is kept for the values that the stack will tell.
        runpy.run_path(str(ROOT / "config" / "settings.py"))
    finally:
        os.environ.clear()
        os.environ.update(before)
    if options.database_url:
        try:
            conninfo.conninfo_to_dict(options.database_url)
        except psycopg.Error:
            # Its own words may repeat the URL, and with it a password.
            env.wrong(
                "WEIR_DATABASE_URL",
                "has a parameter that libpq does not know: correct what follows the question mark.",
            )
