"""Which ways in the sign-in page shows."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Ways:
    """`label` is what the button of single sign-on says, empty without one. `passwords`: whether
    people have passwords here, Weir's own or the directory's; without, only those for emergencies
    count."""

    label: str
    passwords: bool


def ways() -> Ways:
    """As the installation is set up now."""
    label = settings.OIDC.label if settings.OIDC is not None else ""
    local = settings.LOCAL_SIGN_IN == "all" or settings.LDAP is not None
    return Ways(label, local or not label)
