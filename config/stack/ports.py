"""Ports on loopback."""

import random
import socket
from collections.abc import Sequence
from contextlib import closing

# Linux hands out ports from 32768 on to clients: a server that restarts there can find its own
# port taken by a client that was trying to reach it.
LOWEST, HIGHEST = 12_000, 32_000


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        # As servers do: connections of a server that just stopped do not count as somebody there.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody listens there now."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def free_block(count: int) -> Sequence[int]:
    """That many free ports in a row. They are free now; nobody reserves them."""
    for _ in range(1_000):
        first = random.randrange(LOWEST, HIGHEST - count)  # noqa: S311  not a secret
        block = range(first, first + count)
        if all(is_free(port) for port in block):
            return block
    raise RuntimeError(f"no {count} free ports in a row between {LOWEST} and {HIGHEST}")
