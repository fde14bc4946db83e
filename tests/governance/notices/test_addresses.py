"""Where a webhook may go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import Invalid
from governance.notices.addresses import allowed, is_public, read


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://hooks.example.com", "hooks.example.com", 443, "/", "hooks.example.com"),
        ("http://h:8080/a?b=c#d", "h", 8080, "/a?b=c", "h:8080"),
        ("https://[2606:4700::1]:8443/x", "2606:4700::1", 8443, "/x", "[2606:4700::1]:8443"),
    ],
)
def test_an_address_is_taken_apart(
    url: str, host: str, port: int, path: str, authority: str
) -> None:
    target = read(url)
    found = (target.host, target.port, target.path, target.authority)
    assert found == (host, port, path, authority)


@pytest.mark.parametrize(
    "url",
    [
        "", " ", "ftp://h/", "file:///etc/passwd", "gopher://h", "javascript:alert(1)", "//h/x",
        "http://", "http:///x", "https://user:pw@h/", "https://@h/", "https://h:0/", "https://h:x/",
        "https://h:99999/", "https://h /", "https://h/\r\nX: y", "https://h/a b", "https://ü.de/",
        "https://h\\@evil/", "https://h/" + "x" * 2_000, "https://h/\x00", "https://[::1", "https://%68/",
        "https://-h/",
    ],
)  # fmt: skip
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(Invalid, match="The address"):
        read(url)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True), ("8.8.8.8", True), ("2606:4700:4700::1111", True),
        ("127.0.0.1", False), ("127.255.0.9", False), ("0.0.0.1", False), ("10.1.2.3", False),
        ("172.16.0.1", False), ("172.31.255.255", False), ("172.32.0.1", True),
        ("192.168.1.1", False), ("169.254.169.254", False), ("100.100.100.200", False),
        ("100.64.0.1", False), ("192.0.0.192", False), ("198.18.0.1", False),
        ("224.0.0.1", False), ("255.255.255.255", False), ("240.0.0.1", False),
        ("::1", False), ("::", False), ("fe80::1", False), ("fe80::1%eth0", False),
        ("fc00::1", False), ("fd00:ec2::254", False), ("ff02::1", False),
        ("::ffff:127.0.0.1", False), ("::ffff:169.254.169.254", False), ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("2001::1", False),
        ("2001:db8::1", False), ("::ffff:8.8.8.8", True), ("nonsense", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@given(st.ip_addresses(v=4))
def test_no_private_address_passes_in_any_dress(address: object) -> None:
    assert is_public(str(address)) == is_public(f"::ffff:{address}")
    if getattr(address, "is_private") or getattr(address, "is_multicast"):  # noqa: B009 -- untyped
        assert not is_public(str(address))


def test_one_private_address_among_several_is_enough_to_refuse() -> None:
    assert allowed("h", ["8.8.8.8"], private_hosts=())
    assert not allowed("h", ["8.8.8.8", "10.0.0.1"], private_hosts=())
    assert not allowed("h", [], private_hosts=())
    assert allowed("H.", ["10.0.0.1"], private_hosts=["h"])
    assert not allowed("sub.h", ["10.0.0.1"], private_hosts=["h"])
