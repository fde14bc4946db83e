"""Secrets at rest: rows hold a reference, never a value.

A reference is ``env:NAME`` and ``file:/path`` (kept by whoever runs Weir), or
``fernet:<key id>:<ciphertext>``, sealed with a key of `WEIR_SECRET_KEYS_FILE`. That file has a line
``keyid:key`` for each key; the first seals, all of them open, so that a key is replaced by putting
a new line on top and sealing again.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from governance.errors import WeirError

SCHEMES = ("env:", "file:", "fernet:")
LONGEST_FILE = 64 * 1024


class SecretError(WeirError):
    """A secret cannot be sealed or revealed. The message never holds it."""

    code = "secret"


class Secret:
    """A value that does not print itself: neither in logs nor in error reports."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "…"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("A secret is not pickled: pass its reference.")


def is_reference(text: str) -> bool:
    """Whether this is a reference, and no secret itself."""
    return text.startswith(SCHEMES)


def seal(text: str) -> str:
    """A reference that holds the text, sealed with the first key; SecretError without a key."""
    key_id, key = next(iter(_keys().items()))
    return f"fernet:{key_id}:{Fernet(key).encrypt(text.encode()).decode()}"


def reveal(reference: str) -> Secret:
    """The secret that a reference stands for. Raises SecretError, naming what is missing."""
    scheme, _, rest = reference.partition(":")
    match scheme:
        case "env":
            return _from_environment(rest)
        case "file":
            return _from_file(Path(rest))
        case "fernet":
            return _unsealed(rest)
    raise SecretError(
        f"A secret is kept as env:NAME, file:/path or sealed, and not as {scheme[:12]!r}. "
        "Enter it again."
    )


def _from_environment(name: str) -> Secret:
    value = os.environ.get(name)
    if not value:
        raise SecretError(f"The environment variable {name} is not set where Weir runs. Set it.")
    return Secret(value)


def _from_file(path: Path) -> Secret:
    try:
        with path.open(encoding="utf-8") as file:
            return Secret(file.read(LONGEST_FILE).strip("\r\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(
            f"The file {path} cannot be read where Weir runs ({type(error).__name__}). Check its "
            "path and rights."
        ) from error


def _unsealed(rest: str) -> Secret:
    key_id, _, ciphertext = rest.partition(":")
    key = _keys().get(key_id)
    if key is None:
        raise SecretError(
            f"The key {key_id!r} of a sealed secret is not in WEIR_SECRET_KEYS_FILE. Put it back, "
            "or enter the secret again."
        )
    try:
        return Secret(Fernet(key).decrypt(ciphertext.encode()).decode())
    except (InvalidToken, ValueError) as error:
        raise SecretError(
            f"A sealed secret does not open with its key {key_id!r}. Enter it again."
        ) from error


def _keys() -> dict[str, bytes]:
    """Keys by id, in the order of the file."""
    path = settings.SECRET_KEYS_FILE
    if not path:
        raise SecretError(
            "Secrets can be stored only with a key: set WEIR_SECRET_KEYS_FILE to a file with a "
            "line keyid:key, or give the secret as env:NAME or file:/path."
        )
    try:
        lines = Path(path).read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"WEIR_SECRET_KEYS_FILE cannot be read: {error}.") from error
    keys = {key_id: key.encode() for key_id, _, key in (line.partition(":") for line in lines)}
    if not keys:
        raise SecretError("WEIR_SECRET_KEYS_FILE holds no key. Add a line keyid:key.")
    return keys
