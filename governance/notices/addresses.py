"""Where a webhook may go: what an address must look like, and which machines are off limits.

Whoever registers a webhook chooses an address that Weir then calls from inside the network. So
it must lead outside: loopback, private, link-local, the metadata services of clouds and whatever
else is not the public internet is refused, unless whoever runs Weir listed the host by name.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from governance.errors import Invalid

LONGEST = 2_000
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?", re.ASCII)
# Listed here rather than asked of the standard library, whose answers changed between releases.
_NOT_PUBLIC_4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
# Of IPv6 only global unicast, without what carries an IPv4 address inside or is for documents.
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = [
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's address, taken apart."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


def read(url: str) -> Target:
    """The address taken apart. Raises Invalid for one that Weir does not call."""
    text = url.strip()
    if not text or len(text) > LONGEST:
        raise _wrong(f"needs 1 to {LONGEST:,} characters")
    if not text.isascii() or any(c <= " " or c == "\x7f" or c == "\\" for c in text):
        raise _wrong("holds a space, a control character or a letter beyond ASCII")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong("cannot be read") from None
    if parts.scheme not in {"http", "https"}:
        raise _wrong("does not begin with https:// or http://")
    if parts.username is not None or parts.password is not None:
        raise _wrong("carries a name or password, which would be shown; sign with the secret")
    if not (_HOST.fullmatch(host) or (":" in host and _is_address(host))):
        raise _wrong("names no host that can be called")
    port = port if port is not None else {"http": 80, "https": 443}[parts.scheme]
    if port == 0:
        raise _wrong("has the port 0")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def is_public(address: str) -> bool:
    """Whether the IP address lies on the public internet."""
    try:
        found = ip_address(address)
    except ValueError:  # with a zone (fe80::1%eth0) above all
        return False
    if isinstance(found, IPv4Address):
        return _is_public_4(found)
    return _is_public_6(found)


def allowed(host: str, addresses: Collection[str], *, private_hosts: Collection[str]) -> bool:
    """Whether a host that resolves to these may be called: listed, or public whichever is used."""
    if is_listed(host, private_hosts):
        return True
    return bool(addresses) and all(is_public(address) for address in addresses)


def is_listed(host: str, private_hosts: Collection[str]) -> bool:
    """Whether whoever runs Weir named the host: that one may be private, and called in the open."""
    listed = {name.strip("[]").lower() for name in private_hosts}
    return host.lower().rstrip(".") in listed


def in_the_open(target: Target, private_hosts: Collection[str]) -> bool:
    """Whether what is sent there could be read on its way: http to a host that nobody listed. The
    signature shows who sent it, and hides nothing."""
    return target.scheme == "http" and not is_listed(target.host, private_hosts)


def _is_public_4(found: IPv4Address) -> bool:
    return not any(found in network for network in _NOT_PUBLIC_4)


def _is_public_6(found: IPv6Address) -> bool:
    if found.ipv4_mapped is not None:
        return _is_public_4(found.ipv4_mapped)
    return found in _PUBLIC_6 and not any(found in network for network in _NOT_PUBLIC_6)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _wrong(why: str) -> Invalid:
    return Invalid(
        f"The address {why}. Write it as https://host/path, as the receiver gives it.",
        path="address",
    )
