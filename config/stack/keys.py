"""Secrets of an embedded stack: made once, kept in files that only their owner can read."""

import base64
import secrets
from pathlib import Path

from config.stack.paths import write_private


def password(folder: Path, name: str) -> str:
    """The password called NAME; made on the first call. Letters, digits, "-" and "_" only, so that
    it can stand in a URL, a properties file and a shell line as it is."""
    return _once(folder / name, secrets.token_urlsafe(24))


def django_key(folder: Path) -> Path:
    """The file with Django's key."""
    path = folder / "secret-key"
    _once(path, secrets.token_urlsafe(48))
    return path


def fernet_keys(folder: Path) -> Path:
    """The file with the keys of secrets at rest: lines of `keyid:key`, the newest first."""
    path = folder / "secret-keys"
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    _once(path, f"k{secrets.token_hex(3)}:{key}")
    return path


def _once(path: Path, fresh: str) -> str:
    if not path.exists():
        write_private(path, fresh + "\n")
    return path.read_text().strip()
