"""Sending to chat services through apprise: the one module that knows it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import apprise
from apprise import AppriseAsset, NotifyFormat

from governance.errors import Invalid
from governance.notices import chats
from governance.notices.errors import NotDelivered
from governance.secrets import Secret

_said: ContextVar[list[str] | None] = ContextVar("apprise_said", default=None)


class _Kept(logging.Handler):
    """Keeps what apprise says of a failure for whoever is sending; nothing reaches our log, since
    its lines may hold the address, which is the secret."""

    def emit(self, record: logging.LogRecord) -> None:
        kept = _said.get()
        if kept is not None and record.levelno >= logging.WARNING:
            kept.append(record.getMessage())


_log = logging.getLogger("apprise")
_log.propagate = False
_log.handlers = [_Kept()]
_log.setLevel(logging.WARNING)
# Its line for each call names the path, and paths of webhooks are secrets.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

_ASSET = AppriseAsset(
    app_id="Weir",
    app_desc="Weir",
    app_url="",
    image_url_mask="",
    image_url_logo="",
    async_mode=False,
    secure_logging=True,
    http_redirects=False,
    plugin_paths=[],
)


def check(address: Secret) -> str:
    """The scheme of an address that can be used. Raises Invalid, which never repeats it."""
    scheme = chats.scheme_of(address.reveal())
    _service(address, scheme)
    return scheme


def send(address: Secret, *, title: str, body: str) -> None:
    """Sends a text. Raises NotDelivered, with what the service said, without the secret."""
    try:
        scheme = chats.scheme_of(address.reveal())
        service = _service(address, scheme)
    except Invalid as error:
        raise NotDelivered(error.message, final=True) from None
    with _listening() as said:
        try:
            sent = service.notify(body=body, title=title, body_format=NotifyFormat.TEXT)
        except Exception as error:  # noqa: BLE001 -- whatever a plugin raises, it was not sent
            said.append(type(error).__name__)
            sent = False
    if not sent:
        why = scrubbed(" ".join(said), address)[:300] or "It did not say why."
        raise NotDelivered(f"{chats.SERVICES[scheme].title} did not take it. {why}")


def scrubbed(text: str, address: Secret) -> str:
    """The text without any part of the address that could be a secret, on one line."""
    for part in sorted(re.split(r"[/@:?&=]+", address.reveal())[1:], key=len, reverse=True):
        if len(part) >= 3:
            text = re.sub(re.escape(part), "…", text, flags=re.IGNORECASE)
    return " ".join(text.split())


def _service(address: Secret, scheme: str) -> apprise.NotifyBase:
    service = apprise.Apprise.instantiate(address.reveal(), asset=_ASSET, suppress_exceptions=True)
    if service is None:
        sample = chats.SERVICES[scheme].sample
        raise Invalid(
            f"The address is not as {chats.SERVICES[scheme].title} gives it. Write it as {sample}.",
            path="address",
        )
    # It reads the address by itself: what it will call must be what was looked at.
    if not chats.host_fits(scheme, str(getattr(service, "host", "") or "").lower()):
        raise Invalid("The address can be read in two ways. Write it plainly.", path="address")
    if len(service) > chats.MOST_TARGETS:
        raise Invalid(
            f"The address names {len(service)} places to send to; {chats.MOST_TARGETS} at most. "
            "Make another webhook for others.",
            path="address",
        )
    return service


@contextmanager
def _listening() -> Iterator[list[str]]:
    said: list[str] = []
    token = _said.set(said)
    try:
        yield said
    finally:
        _said.reset(token)
