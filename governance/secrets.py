"""Secrets: a value that never shows itself, and references that can be stored instead of it.

A row holds a reference: ``env:NAME``, ``file:/path``, or ``fernet:<key id>:<ciphertext>`` made by
`seal`. The keys come from WEIR_SECRET_KEYS_FILE, one ``keyid:key`` a line, the first being the one
that seals; to rotate, put a new line on top, `reseal` what there is, and then drop the old line.
"""

from __future__ import annotations

import hmac
import os
from functools import lru_cache
from pathlib import Path
from typing import Never

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from governance.errors import WeirError

MAX_FILE = 64 * 1024
_SCHEMES = ("env:", "file:", "fernet:")


# What Weir itself runs on is no credential of a cluster, and is not sent to one.
class SecretError(WeirError):
    """A reference cannot be resolved, or nothing can be sealed. Never tells the value."""

    code = "secret"


class Secret:
    """A text that prints as dots, compares in constant time and refuses to be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself; call it where it is used, and nowhere before."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> Never:
        raise TypeError("A Secret does not travel: pass its reference.")


def is_reference(text: str) -> bool:
    """Whether the text names a secret rather than being one."""
    return text.startswith(_SCHEMES)


def seal(text: str) -> str:
    """The text, encrypted under the newest key: a reference that may be stored.

    Raises SecretError when no key is configured.
    """
    key_id, fernet = next(iter(_ring().items()))
    return f"fernet:{key_id}:{fernet.encrypt(text.encode()).decode()}"


def reveal(reference: str) -> Secret:
    """The secret behind a reference. Raises SecretError that names the reference's place only."""
    scheme, _, rest = reference.partition(":")
    match scheme:
        case "env":
            return _from_environment(rest)
        case "file":
            return _from_file(rest)
        case "fernet":
            return _decrypted(rest)
    raise SecretError(
        "This is no reference to a secret. Write env:NAME or file:/path, or let Weir encrypt it."
    )


def reseal(reference: str) -> str:
    """The same secret under the newest key; anything not encrypted, or new enough, unchanged."""
    if not reference.startswith("fernet:"):
        return reference
    newest = next(iter(_ring()))
    if reference.split(":", 2)[1] == newest:
        return reference
    return seal(reveal(reference).reveal())


def _from_environment(name: str) -> Secret:
    if name.startswith("WEIR_"):
        raise SecretError(f"{name} belongs to Weir itself. Put the secret in another variable.")
    value = os.environ.get(name)  # a reference is not a setting: its name is data
    if not value:
        raise SecretError(f"The environment variable {name} is not set where Weir runs. Set it.")
    return Secret(value)


def _from_file(name: str) -> Secret:
    """What a file holds, in one of the folders that whoever runs Weir set aside for that: the one
    who writes the reference must not be able to have any other file sent to a server of hers."""
    if not Path(name).is_absolute():
        raise SecretError(f"{name} is no absolute path. Write file:/… from the root.")
    path = Path(name).resolve()
    if not any(path.is_relative_to(folder) for folder in _folders()):
        raise SecretError(
            f"{name} does not lie in a folder for secrets ({', '.join(settings.SECRET_FOLDERS)}). "
            "Put it there, or name its folder in WEIR_SECRET_FOLDERS."
        )
    if path in {Path(file).resolve() for file in settings.OWN_SECRET_FILES}:
        raise SecretError("That file holds Weir's own keys. Put the secret in another one.")
    try:
        with path.open("rb") as source:
            content = source.read(MAX_FILE + 1)
    except OSError as error:
        raise SecretError(f"The file {name} cannot be read: {error.strerror}.") from error
    if len(content) > MAX_FILE:
        raise SecretError(f"The file {name} is larger than {MAX_FILE // 1024} KiB: no secret is.")
    try:
        return Secret(content.decode().rstrip("\r\n"))
    except UnicodeDecodeError as error:
        raise SecretError(f"The file {name} holds no text.") from error


def _folders() -> list[Path]:
    return [Path(folder).resolve() for folder in settings.SECRET_FOLDERS]


def _decrypted(rest: str) -> Secret:
    key_id, _, ciphertext = rest.partition(":")
    fernet = _ring().get(key_id)
    if fernet is None:
        raise SecretError(
            f"The key {key_id!r} is not in WEIR_SECRET_KEYS_FILE. Put its line back, or enter the "
            "secret again."
        )
    try:
        return Secret(fernet.decrypt(ciphertext.encode()).decode())
    except InvalidToken:
        raise SecretError(
            f"What was encrypted under the key {key_id!r} cannot be read with it. Enter the secret "
            "again."
        ) from None


def _ring() -> dict[str, Fernet]:
    """Keys by id, newest first; read again when the file has changed."""
    name = settings.SECRET_KEYS_FILE
    if not name:
        raise SecretError(
            "WEIR_SECRET_KEYS_FILE is not set, so nothing can be encrypted. Set it to a file with "
            "one line, keyid:key, or refer to the secret as env:NAME or file:/path."
        )
    try:
        return _read_ring(name, os.stat(name).st_mtime_ns)
    except OSError as error:
        raise SecretError(f"WEIR_SECRET_KEYS_FILE cannot be read: {error.strerror}.") from error


@lru_cache(maxsize=4)
def _read_ring(name: str, _changed: int) -> dict[str, Fernet]:
    ring: dict[str, Fernet] = {}
    lines = Path(name).read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        key_id, _, key = line.strip().partition(":")
        try:
            ring[key_id] = Fernet(key)
        except ValueError:
            raise SecretError(
                f"Line {number} of WEIR_SECRET_KEYS_FILE is not keyid:key with 32 bytes in base64."
            ) from None
    if not ring:
        raise SecretError("WEIR_SECRET_KEYS_FILE holds no key. Add a line keyid:key.")
    return ring
