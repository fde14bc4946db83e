"""Readers of variables that name something: servers, host names, folders, a file of keys.

As in `config.env`: the name, and the value used when it is unset; what cannot be used stops the
process with one sentence. Only the shape is looked at, and what lies on this machine: nobody is
connected to.
"""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from email.utils import formataddr, parseaddr
from pathlib import Path
from typing import Any, Final, TypeVar, overload
from urllib.parse import unquote, urlsplit

from config import env
from config.env import HOST, REQUIRED, shown, wrong

Default = TypeVar("Default")

HIGHEST_PORT: Final = 65_535
SENDER: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)
KEY: Final = re.compile(r"[^:\s]+:[A-Za-z0-9_-]{43}=")


def origin(name: str, default: str) -> str:
    """A URL of a host alone, as a browser tells it: nothing after the port."""
    given = env.url(name, default).rstrip("/")
    parts = urlsplit(given)
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        wrong(name, "has more than scheme, host and port: use a URL such as https://host:port.")
    return given


@overload
def database(name: str) -> str: ...
@overload
def database(name: str, default: Default) -> str | Default: ...
def database(name: str, default: Any = REQUIRED) -> Any:
    """The URL of a database in a PostgreSQL."""
    given = env.url(name, default, schemes=("postgres", "postgresql"))
    if given and not urlsplit(given).path.strip("/"):
        wrong(name, "names no database: use a URL such as postgresql://user:password@host/name.")
    return given


@overload
def queue(name: str) -> str: ...
@overload
def queue(name: str, default: Default) -> str | Default: ...
def queue(name: str, default: Any = REQUIRED) -> Any:
    """The URL of a Redis or Valkey, with the number of a database there or without."""
    given = env.url(name, default, schemes=("redis", "rediss"))
    if given and not re.fullmatch(r"[0-9]{0,4}", urlsplit(given).path.strip("/")):
        wrong(name, "names its database otherwise than by number: use redis://host:port/0.")
    return given


def servers(name: str, default: Default) -> str | Default:
    """Where a Kafka is first asked: host:port, or several with commas between them."""
    given = env.text(name, None)
    if given is None:
        return default
    for part in given.split(","):
        host, _, port = part.strip().rpartition(":")
        known = re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= HIGHEST_PORT
        if not known or not HOST.fullmatch(host.removeprefix("[").removesuffix("]")):
            wrong(name, f"is {shown(given)}: use host:port[,host:port].")
    return given


def hosts(name: str, default: Collection[str]) -> tuple[str, ...]:
    """Host names that are answered to: `weir.example.com`, `.example.com` for all below it, `*`."""
    given = env.names(name, default)
    for host in given:
        plain = host.removeprefix(".").removeprefix("[").removesuffix("]")
        if host != "*" and (not HOST.fullmatch(plain) or (":" in host and host[0] != "[")):
            wrong(name, f"has {shown(host)}: use names such as weir.example.com, without a port.")
    return given


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. `encrypted` from the first byte, else by STARTTLS where the server
    offers it; a password never goes out in the clear, but to this machine."""

    host: str
    port: int
    encrypted: bool
    user: str
    password: str = field(repr=False)


def mail_server(name: str) -> MailServer | None:
    """The server of ``smtp://user:password@host:port``, or ``smtps://…``; None where none is set.
    Its value, or the file that NAME_FILE names, as for any secret."""
    given = env.secret(name, None)
    if given is None:
        return None
    shape = "use a URL such as smtp://user:password@host:587 or smtps://host."
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        wrong(name, f"cannot be read as a URL: {shape}")
    if parts.scheme not in ("smtp", "smtps"):
        wrong(name, f"does not begin with smtp:// or smtps://: {shape}")
    if not HOST.fullmatch(host) or parts.path.strip("/") or parts.query or parts.fragment:
        wrong(name, f"has no host, or more than a host and a port: {shape}")
    if port == 0 or bool(parts.username) != bool(parts.password):
        wrong(name, f"has the port 0, or a name without a password: {shape}")
    usual = 465 if parts.scheme == "smtps" else 587 if parts.username else 25
    return MailServer(
        host=host,
        port=port or usual,
        encrypted=parts.scheme == "smtps",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def mail_sender(name: str, default: str) -> str:
    """An address of mail, with a name before it or without: ``Weir <weir@example.com>``."""
    given = env.text(name, None)
    if given is None:
        return default
    title, address = parseaddr(given)
    if not SENDER.fullmatch(address) or not given.isprintable():
        wrong(name, f"is {shown(given)}: use an address such as Weir <weir@example.com>.")
    return formataddr((title, address))


def folders(name: str, default: Collection[str]) -> tuple[str, ...]:
    """Absolute paths with commas between them; they need not be there yet."""
    given = env.names(name, default)
    for folder in given:
        if not Path(folder).is_absolute():
            wrong(name, f"has {shown(folder)}: use paths from the root.")
    return given


def folder(name: str, default: Default) -> str | Default:
    """A folder that is there and that can be written to."""
    given = env.text(name, None)
    if given is None:
        return default
    # Not by Path: older Pythons raise for a name that is longer than any file's.
    if not os.path.isdir(given) or not os.access(given, os.W_OK | os.X_OK):
        wrong(name, f"is {shown(given)}: name a folder that is there and can be written to.")
    return given


def key_file(name: str, default: Default) -> str | Default:
    """A file with lines of `keyid:key`, each key 32 bytes in URL-safe base64. It is only looked at:
    whoever uses the keys reads them anew when the file changes."""
    given = env.text(name, None)
    if given is None:
        return default
    lines = env.from_file(name, Path(given)).splitlines()
    keys = {number: line.strip() for number, line in enumerate(lines, 1) if line[:1] != "#"}
    for number, key in keys.items():
        if key and not KEY.fullmatch(key):
            wrong(
                name,
                f"names a file whose line {number} is not keyid:key with 32 bytes in URL-safe"
                " base64: correct it.",
            )
    if not any(keys.values()):
        wrong(name, "names a file without a key: write a line keyid:key into it.")
    return given
