"""Readers of what is said about single sign-on and directories: `WEIR_OIDC_*` and `WEIR_LDAP_*`.

All variables are read whether or not the one that switches the part on is set, so that a wrong one
is said before it matters.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from config import env
from config.env import shown, wrong
from governance.identity import mapping
from governance.identity.options import LdapOptions, OidcOptions

SLOT: Final = re.compile(r"\{(\w*)\}")
ATTRIBUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
WHERE: Final = "name where to look, as in dc=acme,dc=com."
SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749, 3.3


def oidc() -> OidcOptions | None:
    """The provider of OpenID Connect; None without WEIR_OIDC_ISSUER."""
    issuer = env.url("WEIR_OIDC_ISSUER", None)
    client_id = env.text("WEIR_OIDC_CLIENT_ID", "")
    client_secret = env.secret("WEIR_OIDC_CLIENT_SECRET", "")
    scopes = _scopes("WEIR_OIDC_SCOPES", env.text("WEIR_OIDC_SCOPES", "openid profile email"))
    groups_claim = env.text("WEIR_OIDC_GROUPS_CLAIM", "groups")
    username_claim = env.text("WEIR_OIDC_USERNAME_CLAIM", "preferred_username")
    label = env.text("WEIR_OIDC_LABEL", "Single sign-on")[:60]
    rules = _rules("WEIR_OIDC_GROUPS", env.secret("WEIR_OIDC_GROUPS", ""))
    if issuer is None:
        return None
    if issuer.startswith("http://") and not _same_machine(issuer):
        wrong("WEIR_OIDC_ISSUER", "is http:// on another machine: use https://, or tokens leak.")
    if not client_id:
        wrong("WEIR_OIDC_CLIENT_ID", "is not set, and WEIR_OIDC_ISSUER is: set it as well.")
    if not client_secret:
        wrong("WEIR_OIDC_CLIENT_SECRET", "is not set, and WEIR_OIDC_ISSUER is: set it as well.")
    if not env.text("WEIR_SECRET_KEYS_FILE", ""):
        wrong(
            "WEIR_SECRET_KEYS_FILE",
            "is not set, and WEIR_OIDC_ISSUER is: name a file of keys to encrypt tokens with.",
        )
    return OidcOptions(
        issuer.rstrip("/"),
        client_id,
        client_secret,
        scopes,
        groups_claim,
        username_claim,
        label,
        rules,
    )


def ldap() -> LdapOptions | None:
    """The directory; None without WEIR_LDAP_URL."""
    url = env.url("WEIR_LDAP_URL", None, schemes=("ldap", "ldaps"))
    start_tls = env.flag("WEIR_LDAP_STARTTLS")
    user_base = env.text("WEIR_LDAP_USER_BASE", "")
    group_base = env.text("WEIR_LDAP_GROUP_BASE", "")
    known = LdapOptions(
        url=url or "",
        user_base=user_base,
        group_base=group_base,
        bind_dn=env.text("WEIR_LDAP_BIND_DN", ""),
        bind_password=env.secret("WEIR_LDAP_BIND_PASSWORD", ""),
        start_tls=start_tls,
        ca_file=_file("WEIR_LDAP_CA_FILE", env.text("WEIR_LDAP_CA_FILE", "")),
        user_filter=_filter(
            "WEIR_LDAP_USER_FILTER",
            env.text("WEIR_LDAP_USER_FILTER", "(uid={username})"),
            {"username"},
        ),
        group_filter=_filter(
            "WEIR_LDAP_GROUP_FILTER",
            env.text("WEIR_LDAP_GROUP_FILTER", "(member={dn})"),
            {"dn", "username"},
        ),
        group_name=_attribute(
            "WEIR_LDAP_GROUP_ATTRIBUTE", env.text("WEIR_LDAP_GROUP_ATTRIBUTE", "cn")
        ),
        id_attribute=_attribute(
            "WEIR_LDAP_ID_ATTRIBUTE", env.text("WEIR_LDAP_ID_ATTRIBUTE", "entryUUID")
        ),
        name_attribute=_attribute(
            "WEIR_LDAP_NAME_ATTRIBUTE", env.text("WEIR_LDAP_NAME_ATTRIBUTE", "cn")
        ),
        mail_attribute=_attribute(
            "WEIR_LDAP_MAIL_ATTRIBUTE", env.text("WEIR_LDAP_MAIL_ATTRIBUTE", "mail")
        ),
        timeout=env.duration(
            "WEIR_LDAP_TIMEOUT",
            "3s",
            minimum=timedelta(milliseconds=100),
            maximum=timedelta(seconds=30),
        ),
        label=env.text("WEIR_LDAP_LABEL", "the directory")[:60],
        rules=mapping.folded(_rules("WEIR_LDAP_GROUPS", env.secret("WEIR_LDAP_GROUPS", ""))),
    )
    if url is None:
        return None
    if not user_base:
        wrong("WEIR_LDAP_USER_BASE", f"is not set, and WEIR_LDAP_URL is: {WHERE}")
    if not group_base:
        wrong("WEIR_LDAP_GROUP_BASE", f"is not set, and WEIR_LDAP_URL is: {WHERE}")
    if url.startswith("ldaps://") and start_tls:
        wrong("WEIR_LDAP_STARTTLS", "is on and WEIR_LDAP_URL is ldaps://: use one of the two.")
    if url.startswith("ldap://") and not start_tls and not _same_machine(url):
        wrong(
            "WEIR_LDAP_URL",
            "is ldap:// on another machine: use ldaps://, or set WEIR_LDAP_STARTTLS=1.",
        )
    return known


def _rules(name: str, text: str) -> tuple[mapping.Rule, ...]:
    # One line of a shell cannot hold several; in a variable a semicolon ends a rule as well.
    lines = text if "\n" in text else text.replace(";", "\n")
    try:
        return mapping.parse(lines)
    except mapping.MappingWrong as error:
        wrong(name, f"cannot be read ({error}): write lines such as weir-owners => owner:payments.")


def _scopes(name: str, text: str) -> tuple[str, ...]:
    scopes = tuple(dict.fromkeys(text.replace(",", " ").split()))
    if "openid" not in scopes or not all(map(SCOPE.fullmatch, scopes)):
        wrong(
            name, f"is {shown(text)}: use scopes such as openid profile groups; openid is needed."
        )
    return scopes


def _filter(name: str, text: str, known: set[str]) -> str:
    slots = set(SLOT.findall(text))
    balanced = text.count("(") == text.count(")") > 0 and text[0] == "(" and text[-1] == ")"
    if not balanced or not slots or not slots <= known:
        told = " or ".join(f"{{{slot}}}" for slot in sorted(known))
        wrong(name, f"is {shown(text)}: use a filter in brackets with {told} in it.")
    return text


def _attribute(name: str, text: str) -> str:
    if not ATTRIBUTE.fullmatch(text):
        wrong(name, f"is {shown(text)}: use the name of an attribute, such as cn.")
    return text


def _file(name: str, text: str) -> str:
    if text:
        env.from_file(name, Path(text))
    return text


def _same_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
