"""One database with all migrations, made once a session and copied wherever another is needed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier

from config.stack.paths import ROOT

PATIENCE = 300.0
LOCK = 0x7EE7  # of workers that want it at the same time; the first makes it


def template(server_url: str) -> str:
    """The name of that database on this server. It says which migrations it has, so that one of
    another state of the sources is never taken."""
    name = f"weir_migrated_{_digest()}"
    with psycopg.connect(admin(server_url), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        if not _is_there(connection, name):
            half = f"{name}_half"
            connection.execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(half)))
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(half)))
            _migrate(urlsplit(server_url)._replace(path=f"/{half}").geturl())
            rename = SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(rename.format(Identifier(half), Identifier(name)))
    return name


def copy(server_url: str, name: str) -> str:
    """A new database of that name, with all migrations; its URL."""
    source = template(server_url)
    with psycopg.connect(admin(server_url), autocommit=True) as connection:
        create = SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(create.format(Identifier(name), Identifier(source)))
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


def admin(server_url: str) -> str:
    """Where databases are made and dropped."""
    return urlsplit(server_url)._replace(path="/postgres").geturl()


def _migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "WEIR_DATABASE_URL": url},
        check=True,
        timeout=PATIENCE,
    )


def _is_there(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
    return found.fetchone() is not None


def _digest() -> str:
    found = hashlib.sha256()
    for path in sorted(ROOT.glob("*/migrations/*.py")):
        found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]
