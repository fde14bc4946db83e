"""Which services apprise may be used for, and the shape of their addresses.

apprise knows more than a hundred ways to tell somebody something; some run a program, talk to the
desktop or call whatever host the address names. Only these are let through: each talks HTTPS to
the service's own host, which the address cannot change. Where it can (Teams' workflows), the host
must end as the service's hosts do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from governance.errors import Invalid

LONGEST = 2_000
MOST_TARGETS = 3  # channels or people that one address names; more are more webhooks
# What calls a whole channel, as "@everyone", "<!channel>" and "<users/all>" do.
_CALLS = re.compile(r"@|<(?=!|users/)")


@dataclass(frozen=True, slots=True)
class Service:
    """A service by name; `hosts` are the endings one of which the address's host must have, where
    it names one; `sample` is what an address looks like."""

    title: str
    sample: str
    hosts: tuple[str, ...] = ()


SERVICES: Mapping[str, Service] = {
    "slack": Service("Slack", "slack://T…/B…/…"),
    "workflows": Service(
        "Microsoft Teams",
        "workflows://prod-1.westeurope.logic.azure.com/workflow/signature",
        (".logic.azure.com", ".api.powerplatform.com"),
    ),
    "discord": Service("Discord", "discord://id/token"),
    "gchat": Service("Google Chat", "gchat://workspace/key/token"),
    "wxteams": Service("Webex", "wxteams://token"),
    "tgram": Service("Telegram", "tgram://bot-token/chat"),
    "pagerduty": Service("PagerDuty", "pagerduty://integration@key"),
    "opsgenie": Service("Opsgenie", "opsgenie://key"),
    "splunk": Service("Splunk On-Call", "splunk://route@key"),
    "pagertree": Service("PagerTree", "pagertree://integration"),
    "signl4": Service("SIGNL4", "signl4://secret"),
}
# What an address may ask for after its question mark; all else (verify, redirect, time-outs, a
# host in another place) would change how Weir calls, and is refused.
QUERY = frozenset({"region", "thread", "key", "footer", "route"})
_HOST = re.compile(r"[a-z0-9.-]{1,253}", re.ASCII)  # nothing that could be read in another way
_SHAPE = re.compile(r"([a-z0-9]{1,20})://[^\s\\]+", re.ASCII)


def scheme_of(address: str) -> str:
    """The scheme of an address that may be used. Raises Invalid, without repeating the address,
    which is a secret."""
    text = address.strip()
    shape = _SHAPE.fullmatch(text)
    scheme = shape[1] if shape else ""
    service = SERVICES.get(scheme)
    if service is None or len(text) > LONGEST or not text.isascii():
        raise _wrong(
            "is none that Weir sends to. It begins with one of "
            f"{', '.join(f'{name}://' for name in SERVICES)}",
        )
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").lower()  # no port: a bot's token looks like one
        names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    except ValueError:
        raise _wrong(f"cannot be read. Write it as {service.sample}") from None
    if names - QUERY:
        raise _wrong("asks for more after its question mark than Weir lets through. Leave it out")
    if not host_fits(scheme, host):
        raise _wrong(f"names a host that is none of {service.title}. Write {service.sample}")
    return scheme


def host_fits(scheme: str, host: str) -> bool:
    """Whether an address of that scheme may name this host; any, where it is not called."""
    endings = SERVICES[scheme].hosts
    return not endings or (bool(_HOST.fullmatch(host)) and host.endswith(endings))


def quiet(text: str) -> str:
    """The text with nothing in it that a chat service takes for calling somebody: what people type
    in Weir is not to wake everybody elsewhere. It reads the same."""
    return _CALLS.sub(lambda found: f"{found[0]}\u200b", text)


def _wrong(why: str) -> Invalid:
    return Invalid(f"The address {why}.", path="address")
