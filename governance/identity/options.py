"""What an installation says of its provider of OpenID Connect and of its directory.

Plain values, read from the environment once by `config/identity.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from governance.identity.mapping import Rule

Source = Literal["oidc", "ldap"]


@dataclass(frozen=True, slots=True)
class OidcOptions:
    """A provider of OpenID Connect. `label` is what its button says."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    groups_claim: str = "groups"
    username_claim: str = "preferred_username"
    label: str = "Single sign-on"
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class LdapOptions:
    """A directory. In `user_filter` stands {username}, in `group_filter` {dn} or {username}.

    `id_attribute` never changes for a person, whatever she is called; `group_name` is the attribute
    by which rules name a group, `dn` for its whole name.
    """

    url: str
    user_base: str
    group_base: str
    bind_dn: str = ""
    bind_password: str = field(default="", repr=False)
    start_tls: bool = False
    ca_file: str = ""
    user_filter: str = "(uid={username})"
    group_filter: str = "(member={dn})"
    group_name: str = "cn"
    id_attribute: str = "entryUUID"
    name_attribute: str = "cn"
    mail_attribute: str = "mail"
    timeout: timedelta = timedelta(seconds=3)
    label: str = "the directory"
    rules: tuple[Rule, ...] = ()
