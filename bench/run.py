"""Entry of `make bench`: starts servers of its own, measures, prints one table.

make bench                      all tables
make bench ARGS=topics          one of them
make bench ARGS="--write"       and writes them into docs/benchmarks.md
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import django
from django.core.management import call_command

from bench import table
from bench.table import Row
from config.stack import throwaway
from config.stack.throwaway import Throwaway

# A benchmark is a module of this folder with `TITLE`, `ABOUT` (what is compared with what) and
# `run(servers) -> list[Row]`; it starts the servers that it needs. Adding one is a line here.
TABLES = ("topics", "hostile", "policies", "governance")
DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when everything is within what is asked, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("tables", nargs="*", default=TABLES, metavar="TABLE")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args(arguments)
    unknown = set(options.tables) - set(TABLES)
    if unknown:
        parser.error(f"There is no table {unknown.pop()!r}. Tables: {', '.join(TABLES)}.")
    found: list[tuple[ModuleType, list[Row]]] = []
    with throwaway.servers() as servers:
        _prepare(servers)
        for name in options.tables:
            module = import_module(f"bench.{name}")
            rows = module.run(servers)
            found.append((module, rows))
            print(f"\n{module.TITLE}\n\n{table.text(rows)}\n", flush=True)
    if options.write:
        DOCUMENT.write_text(_document(found), encoding="utf-8")
        print(f"Written to {DOCUMENT.name}.")
    return 0 if all(row.kept for _, rows in found for row in rows) else 1


def _prepare(servers: Throwaway) -> None:
    """PostgreSQL and Valkey, and Django on them; before any module that reads the settings."""
    servers.ensure(servers.postgres)
    servers.ensure(servers.valkey)
    os.environ.update(servers.environment())
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    call_command("migrate", verbosity=0)


def _document(found: Sequence[tuple[ModuleType, list[Row]]]) -> str:
    parts = [
        "# Benchmarks",
        "Written by `make bench ARGS=--write`; figures are the middle of several measurements, "
        "with the least and the most. What stands beside Weir did the same work in the same run, "
        "on the same servers.",
        f"Machine: {os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}.",
    ]
    for module, rows in found:
        parts += [f"## {module.TITLE}", module.ABOUT, table.markdown(rows)]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
