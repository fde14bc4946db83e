"""The demo application's user on the broker. What it may do there is asked for, like everything."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from config.stack.kafka import make_user


def make_credential(kafka: Mapping[str, str], username: str, keep: Path) -> str:
    """Makes the user with a password that is kept in a file; gives the password.

    A second call gives the same user the same password.
    """
    password = _kept(keep)
    make_user(kafka["bootstrap"], kafka["user"], kafka["password"], username, password)
    return password


def _kept(path: Path) -> str:
    if path.exists():
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(18)
    path.touch(mode=0o600)
    path.write_text(password)
    return password
