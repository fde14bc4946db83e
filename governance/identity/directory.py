"""The only door to a directory (LDAP): finding a person, her password, her groups.

`ldap3` is pure Python and needs no C headers (adr/0011). Whatever a person types goes into a filter
escaped (RFC 4515). Each call is a connection of its own, bounded in time; after one that failed the
directory is left alone for some seconds, so that pages do not wait one after the other.
"""

from __future__ import annotations

import math
import ssl
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import ldap3
import structlog
from django.conf import settings
from ldap3.core.exceptions import (
    LDAPBusyResult,
    LDAPException,
    LDAPInvalidCredentialsResult,
    LDAPOperationResult,
    LDAPUnavailableResult,
)
from ldap3.utils.conv import escape_filter_chars

from governance.errors import WeirError
from governance.identity.mapping import ClaimWrong
from governance.identity.options import LdapOptions

log = structlog.get_logger(__name__)
LEFT_ALONE = 5.0  # seconds
MOST_GROUPS = 5_000
PAGE = 500


class DirectoryAway(WeirError):
    """The directory does not answer, or not to us: what it would say is not known."""

    code = "directory_away"
    retryable = True


@dataclass(frozen=True, slots=True)
class Entry:
    """A person as the directory has her. `groups` are names as in rules, in small letters."""

    dn: str
    subject: str
    name: str
    email: str
    groups: tuple[str, ...]


_away_until: dict[str, tuple[float, str]] = {}


def options() -> LdapOptions | None:
    """What the installation says; None without a directory."""
    found: LdapOptions | None = settings.LDAP
    return found


def authenticated(known: LdapOptions, username: str, password: str) -> Entry | None:
    """The person whose name and password these are; None where they are nobody's.

    An empty password is nobody's: a directory would take it for an anonymous bind and say yes
    (RFC 4513, 5.1.2). Raises DirectoryAway, and ClaimWrong for an entry that lacks what it needs.
    """
    if not username or not password:
        return None
    with _bound(known) as ours:
        found = _find(known, ours, username)
        if found is None:
            return None
        if not _is_password(known, str(found["dn"]), password):
            return None
        return _entry(known, ours, username, found)


def looked_up(known: LdapOptions, username: str) -> Entry | None:
    """The person under that name now; None where she is not there, or not let in any more."""
    with _bound(known) as ours:
        found = _find(known, ours, username)
        return _entry(known, ours, username, found) if found else None


def forget() -> None:
    """Lets the next call try again at once."""
    _away_until.clear()


def _is_password(known: LdapOptions, dn: str, password: str) -> bool:
    """Whether the directory lets her in with it: wrong, expired and locked all say no."""
    try:
        with _connection(known, dn, password):
            return True
    except (LDAPBusyResult, LDAPUnavailableResult):
        raise
    except LDAPOperationResult:
        return False


@contextmanager
def _bound(known: LdapOptions) -> Iterator[ldap3.Connection]:
    """A connection bound as Weir itself. Whatever goes wrong meanwhile means: it is away."""
    until, why = _away_until.get(known.url, (0.0, ""))
    if time.monotonic() < until:
        raise DirectoryAway(why)
    try:
        with _connection(known, known.bind_dn, known.bind_password) as connection:
            yield connection
    except LDAPInvalidCredentialsResult as error:
        raise _away(known, "it refuses WEIR_LDAP_BIND_DN or its password") from error
    except (LDAPException, OSError) as error:
        log.warning("directory_failed", url=known.url, error=str(error)[:500])
        raise _away(known, type(error).__name__) from error


def _away(known: LdapOptions, why: str) -> DirectoryAway:
    said = f"{known.label[:1].upper()}{known.label[1:]} at {known.url} does not answer ({why})."
    _away_until[known.url] = (time.monotonic() + LEFT_ALONE, said)
    return DirectoryAway(said)


@contextmanager
def _connection(known: LdapOptions, dn: str, password: str) -> Iterator[ldap3.Connection]:
    seconds = known.timeout.total_seconds()
    server = ldap3.Server(
        known.url,
        use_ssl=known.url.startswith("ldaps://"),
        connect_timeout=seconds,
        get_info=ldap3.NONE,
        tls=ldap3.Tls(
            validate=ssl.CERT_REQUIRED,
            version=ssl.PROTOCOL_TLS_CLIENT,
            ca_certs_file=known.ca_file or None,
        ),
    )
    connection = ldap3.Connection(
        server,
        user=dn or None,
        password=password or None,
        authentication=ldap3.SIMPLE if dn else ldap3.ANONYMOUS,
        receive_timeout=math.ceil(seconds),
        raise_exceptions=True,
        auto_referrals=False,
        read_only=True,
        auto_bind=ldap3.AUTO_BIND_NONE,
    )
    try:
        connection.open()
        if known.start_tls:
            connection.start_tls()
        connection.bind()
        yield connection
    finally:
        opened = connection.socket
        with suppress(LDAPException, OSError):
            connection.unbind()
        if opened is not None:
            opened.close()  # the library leaves it open when the other side is gone


def _find(known: LdapOptions, ours: ldap3.Connection, username: str) -> dict[str, Any] | None:
    """The one entry of that name; two are nobody, since either could be meant."""
    wanted = [known.id_attribute, known.name_attribute, known.mail_attribute]
    query = known.user_filter.replace("{username}", escape_filter_chars(username))
    found = _search(ours, known.user_base, query, list(dict.fromkeys(wanted)), most=2)
    return found[0] if len(found) == 1 else None


def _entry(
    known: LdapOptions, ours: ldap3.Connection, username: str, found: Mapping[str, Any]
) -> Entry:
    dn = str(found["dn"])
    subject = _subject(found, known.id_attribute)
    if not subject:
        raise ClaimWrong(known.id_attribute, f"nothing, in the entry {dn}")
    return Entry(
        dn=dn,
        subject=subject,
        name=_first(found, known.name_attribute)[:150],
        email=_first(found, known.mail_attribute)[:254],
        groups=_groups(known, ours, dn, username),
    )


def _groups(known: LdapOptions, ours: ldap3.Connection, dn: str, name: str) -> tuple[str, ...]:
    query = known.group_filter.replace("{username}", escape_filter_chars(name))
    query = query.replace("{dn}", escape_filter_chars(dn))
    by_dn = known.group_name.lower() == "dn"
    wanted = ["1.1"] if by_dn else [known.group_name]
    found = _search(ours, known.group_base, query, wanted, most=MOST_GROUPS)
    names = {str(one["dn"]) if by_dn else _first(one, known.group_name) for one in found}
    return tuple(sorted({one.casefold() for one in names if one}))


def _search(
    ours: ldap3.Connection, base: str, query: str, attributes: Sequence[str], *, most: int
) -> list[dict[str, Any]]:
    answers = ours.extend.standard.paged_search(
        search_base=base,
        search_filter=query,
        search_scope=ldap3.SUBTREE,
        attributes=list(attributes),
        paged_size=min(PAGE, most + 1),
        generator=True,
    )
    found: list[dict[str, Any]] = []
    for answer in answers:
        if answer.get("type") == "searchResEntry":  # and not a referral to another server
            found.append(answer)
        if len(found) > most:
            raise ClaimWrong(base, f"more than {most:,} entries for one person")
    return found


def _subject(found: Mapping[str, Any], attribute: str) -> str:
    """The id as text; Active Directory keeps its own as 16 bytes."""
    raw = _values(found, "raw_attributes", attribute)
    value = raw[0] if raw else b""
    if isinstance(value, bytes):
        if attribute.lower() == "objectguid" and len(value) == 16:
            return str(uuid.UUID(bytes_le=value))
        return value.decode("utf-8", "replace")[:255]
    return str(value)[:255]


def _first(found: Mapping[str, Any], attribute: str) -> str:
    raw = _values(found, "raw_attributes", attribute)
    if not raw:
        return ""
    value = raw[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _values(found: Mapping[str, Any], part: str, attribute: str) -> list[Any]:
    """Names of attributes differ in the case of letters from server to server."""
    for name, values in found[part].items():
        if name.lower() == attribute.lower():
            return list(values)
    return []
