"""Calling a webhook: one POST to an address that was resolved once and looked at.

Written on a socket of ours, since an HTTP library would resolve the name a second time when it
connects, and whoever owns the name could answer with another address then.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Collection, Mapping

from governance.notices.addresses import Target, allowed, in_the_open
from governance.notices.errors import NotDelivered

TIMEOUT_S = 10.0
LONGEST_ANSWER = 16 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: ([^\r\n]*))?\r?\n")


def post(
    target: Target, body: bytes, headers: Mapping[str, str], *, private_hosts: Collection[str]
) -> int:
    """Sends the body and gives back the status, which is 2xx. Raises NotDelivered otherwise.

    Ten seconds for all of it but the look-up of the name. Redirects are not followed; of the
    answer only its first line counts, and no more than 16 KiB are read to find it.
    """
    address = _resolved(target, private_hosts)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    message = (
        f"POST {target.path} HTTP/1.1\r\nHost: {target.authority}\r\n{head}"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode("ascii") + body
    deadline = time.monotonic() + TIMEOUT_S
    try:
        with _connected(target, address, deadline) as connection:
            connection.settimeout(_left(deadline))
            connection.sendall(message)
            status, phrase = _status_line(connection, deadline)
    except ssl.SSLCertVerificationError as error:
        raise NotDelivered(
            f"{target.host} shows a certificate that does not hold: {error.verify_message}."
        ) from None
    except TimeoutError:
        raise NotDelivered(f"{target.host} did not answer within {TIMEOUT_S:g} s.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise NotDelivered(f"{target.host} cannot be reached: {why}.") from None
    return _judged(target, status, phrase)


def _resolved(target: Target, private_hosts: Collection[str]) -> str:
    """The one address that is called. If any that the name has is off limits, none is called: the
    next look-up might give that one first."""
    if in_the_open(target, private_hosts):
        raise NotDelivered(
            f"{target.host} is called by http, where anybody on the way reads what is sent. "
            "Register its https address, or have it listed in WEIR_WEBHOOK_PRIVATE_HOSTS.",
            final=True,
        )
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotDelivered(f"The name {target.host} cannot be resolved.") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allowed(target.host, addresses, private_hosts=private_hosts):
        raise NotDelivered(
            f"{target.host} lies within a private network, where no webhook goes. Whoever runs "
            "Weir can list it in WEIR_WEBHOOK_PRIVATE_HOSTS.",
            final=True,
        )
    return addresses[0]


def _connected(target: Target, address: str, deadline: float) -> socket.socket:
    plain = socket.create_connection((address, target.port), timeout=_left(deadline))
    if target.scheme == "http":
        return plain
    try:
        plain.settimeout(_left(deadline))
        return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
    except BaseException:
        plain.close()
        raise


def _status_line(connection: socket.socket, deadline: float) -> tuple[int, str]:
    """Status and phrase of the answer; what comes in drops counts against the same deadline."""
    read = b""
    while True:
        found = _STATUS.match(read)
        if found:
            status = int(found[1])
            if status >= 200:
                return status, (found[2] or b"").decode("ascii", "replace")
            # 100 Continue and its like come before the answer.
            _, ended, rest = read.partition(b"\r\n\r\n")
            if ended:
                read = rest
                continue
        connection.settimeout(_left(deadline))
        more = connection.recv(4096)
        if not more or len(read) + len(more) > LONGEST_ANSWER:
            raise ValueError("no answer in HTTP")
        read += more


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _judged(target: Target, status: int, phrase: str) -> int:
    if 200 <= status < 300:
        return status
    words = "".join(c for c in phrase if c.isprintable() and c.isascii())[:60]
    said = f"{status} {words}".strip()
    if 300 <= status < 400:
        raise NotDelivered(
            f"{target.host} answered {said}: redirects are not followed. Register the address that "
            "it leads to.",
        )
    if status == 410:
        raise NotDelivered(f"{target.host} answered {said}: it takes no more.", final=True)
    raise NotDelivered(f"{target.host} answered {said}.")
