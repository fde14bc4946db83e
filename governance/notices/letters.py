"""Mail as it goes out: one notice, or a day's digest; plain text and simple HTML of the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from governance.models import Delivery, Notification, Request, User
from governance.notices.difference import changes_of
from governance.notices.errors import NotDelivered
from governance.permissions import role_in_words

PREFERENCES = "/account/#notices"
LONGEST_SUBJECT = 180
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One notice of a digest."""

    words: str
    detail: str
    url: str


def about(delivery: Delivery, notice: Notification, reader: User) -> EmailMessage:
    """The mail about one notice."""
    request = notice.request
    changes, more = changes_of(request) if request is not None else ([], 0)
    context = {
        "notice": notice,
        "request": request,
        "headline": headline(notice),
        "url": absolute(notice.url),
        "changes": changes,
        "more": more,
        "needs": _needs(request) if request is not None else [],
        "preferences": absolute(PREFERENCES),
    }
    subject = f"[Weir] {notice.title}" + (f" (#{request.pk})" if request is not None else "")
    message = _message(delivery, reader, subject, "notice", context)
    if request is not None:
        # All mail about a request hangs on one root, so that it is read as one conversation.
        root = f"<request-{request.pk}@{_domain()}>"
        message["In-Reply-To"] = root
        message["References"] = root
    return message


def digest(
    delivery: Delivery,
    reader: User,
    *,
    needs_me: Sequence[Request],
    more_needs: int,
    notices: Sequence[Notification],
    more_notices: int,
) -> EmailMessage:
    """One day's mail: what needs her first."""
    context = {
        "needs_me": [
            Line(f"#{r.pk} {r.title}", f"for {r.team.slug}", absolute(f"/requests/{r.pk}/"))
            for r in needs_me
        ],
        "more_needs": more_needs,
        "lines": [Line(headline(n), n.detail, absolute(n.url)) for n in notices],
        "more_notices": more_notices,
        "inbox": absolute("/inbox/"),
        "preferences": absolute(PREFERENCES),
    }
    waiting = len(needs_me) + more_needs
    told = len(notices) + more_notices
    subject = f"[Weir] {told} new" + (f", {waiting} waiting for you" if waiting else "")
    return _message(delivery, reader, subject, "digest", context)


def headline(notice: Notification) -> str:
    """Who did what to which, in one line."""
    number = f" (#{notice.request_id})" if notice.request_id is not None else ""
    return f"{notice.who} {notice.sentence}: {notice.title}{number}"


def absolute(path: str) -> str:
    """The address on our pages that mail and webhooks carry; "" for none."""
    return f"{settings.BASE_URL}{path}" if path.startswith("/") else ""


def _message(
    delivery: Delivery, reader: User, subject: str, template: str, context: Mapping[str, object]
) -> EmailMessage:
    message = EmailMessage()
    name, address = parseaddr(settings.MAIL_FROM)
    message["From"] = _address(name, address)
    message["To"] = _address(str(reader), reader.email)
    message["Subject"] = one_line(subject)[:LONGEST_SUBJECT]
    message["Date"] = format_datetime(timezone.now())
    # The same for each try, so that a mail that was sent twice is shown once.
    message["Message-ID"] = f"<delivery-{delivery.pk}@{_domain()}>"
    message["List-Unsubscribe"] = f"<{absolute(PREFERENCES)}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(render_to_string(f"mail/{template}.txt", dict(context)))
    message.add_alternative(render_to_string(f"mail/{template}.html", dict(context)), "html")
    return message


def one_line(text: str) -> str:
    """The text as a header may have it: no line's end, however it is written, begins a new one."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _address(name: str, address: str) -> Address:
    try:
        return Address(display_name=one_line(name), addr_spec=address)
    except (ValueError, IndexError):
        raise NotDelivered(
            "The mail address of the account cannot be used. The platform team changes it.",
            final=True,
        ) from None


def _domain() -> str:
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def _needs(request: Request) -> list[str]:
    """Who must agree, and who did, in words."""
    needs = request.requirements.filter(revision=request.revision).select_related(
        "review__reviewer"
    )
    return [
        f"{role_in_words(need.role)}: "
        + (f"{need.review.reviewer or need.review.policy} agreed" if need.review else "still open")
        for need in needs
    ]
