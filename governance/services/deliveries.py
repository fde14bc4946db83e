"""Sending what is to go out: mail, digests, webhooks. Each row is claimed, sent, and settled.

A claim moves `next_attempt_at` ahead, so that of two tasks for one row one sends, and one that
dies is followed by another. So something may be sent twice, with the same Message-ID or
Weir-Delivery, but is never lost without a word.
"""

from __future__ import annotations

import random
from datetime import timedelta
from email.message import EmailMessage

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from governance import access, dispatch, queries
from governance.actors import Actor, actor_for_user, system_actor
from governance.errors import NotAllowed, NotFound
from governance.models import Delivery, DeliveryState, Hook, Notification, User
from governance.notices import calls, chat, letters, post, signature, smtp
from governance.notices.addresses import read
from governance.notices.clock import MAX_ATTEMPTS, pause
from governance.notices.errors import NotDelivered, Overcome
from governance.notices.table import Happening
from governance.secrets import SecretError, reveal
from governance.services import hooks, notices

log = structlog.get_logger(__name__)

AT_ONCE = 200
CLAIM = timedelta(minutes=2)  # longer than any try: ten seconds each for what is waited on
MOST_TOLD = 50
MOST_NEEDED = 20


def sweep() -> int:
    """Sends a worker on its way for everything that is due; how many, at most `AT_ONCE`.

    What goes to a webhook that has just failed is held back, so that one that is away does not
    keep the others waiting.
    """
    due = (
        Delivery.objects.filter(state=DeliveryState.WAITING, next_attempt_at__lte=Now())
        .filter(
            Q(hook__isnull=True) | Q(hook__retry_at__isnull=True) | Q(hook__retry_at__lte=Now())
        )
        .order_by("next_attempt_at")
        .values_list("pk", flat=True)[:AT_ONCE]
    )
    for pk in due:
        dispatch.send("governance.deliver", pk, queue="notices", expires=CLAIM)
    return len(due)


def _due() -> QuerySet[Delivery]:
    open_way = (
        Q(hook__isnull=True)
        | Q(hook__retry_at__isnull=True)
        | Q(hook__retry_at__lte=Now())
        | Q(happening=Happening.TEST)
    )
    return Delivery.objects.filter(
        open_way, state=DeliveryState.WAITING, next_attempt_at__lte=Now()
    )


def deliver(pk: int) -> None:
    """Tries one delivery once. Nothing happens when it is not due, or somebody else is at it."""
    # The conditions stand beside the inner query, too: whoever waited for the row while another
    # claimed it has only these judged anew.
    claimed = Delivery.objects.filter(
        pk__in=_due().filter(pk=pk).values("pk"),
        state=DeliveryState.WAITING,
        next_attempt_at__lte=Now(),
    ).update(attempts=F("attempts") + 1, next_attempt_at=Now() + CLAIM)
    if not claimed:
        return
    delivery = Delivery.objects.select_related(
        "user", "hook__team", "notice__request__team", "request__team", "request__environment"
    ).get(pk=pk)
    if delivery.attempts > MAX_ATTEMPTS:
        # Whoever tried before never came back to say how it went.
        _failed(delivery, NotDelivered("Weir itself failed at it. The log says more.", final=True))
        return
    try:
        _send(delivery)
    except Overcome as why:
        _settle(delivery, DeliveryState.DROPPED, why.message)
    except NotDelivered as error:
        _failed(delivery, error)
    except SecretError as error:
        _failed(delivery, NotDelivered(error.message))
    else:
        _settle(delivery, DeliveryState.SENT)
        if delivery.hook is not None:
            Hook.objects.filter(pk=delivery.hook.pk).update(failures=0, retry_at=None)


def _send(delivery: Delivery) -> None:
    if delivery.hook is not None:
        _call(delivery, delivery.hook)
    elif delivery.notice is not None:
        _mail(delivery, delivery.notice)
    else:
        _digest(delivery)


# --- Webhooks ---------------------------------------------------------------------------------


def _call(delivery: Delivery, hook: Hook) -> None:
    if hook.paused_at is not None and delivery.happening != Happening.TEST:
        raise Overcome("The webhook is paused.")
    secret = reveal(hook.secret_ref)
    if not hook.signed:
        title, words = calls.text(delivery)
        chat.send(secret, title=title, body=words)
        return
    body = calls.body(delivery)
    now = Hook.objects.filter(pk=hook.pk).values_list(Now(), flat=True).get()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Weir",
        signature.HEADER: signature.sign(secret.reveal(), body, at=int(now.timestamp())),
        "Weir-Delivery": str(delivery.pk),
        "Weir-Happening": delivery.happening,
    }
    post.post(read(hook.address), body, headers, private_hosts=settings.WEBHOOK_PRIVATE_HOSTS)


# --- Mail -------------------------------------------------------------------------------------


def _mail(delivery: Delivery, notice: Notification) -> None:
    reader, actor = _reader(delivery)
    if notice.read_at is not None:
        raise Overcome("It was read before the mail went out.")
    if notice.request_id is not None:
        try:
            access.get_request(actor, notice.request_id)
        except (NotFound, NotAllowed):
            raise Overcome("The person may no longer see the request.") from None
    _hand_in(letters.about(delivery, notice, reader))


def _digest(delivery: Delivery) -> None:
    """What of the digest is still unread, and what waits for her now."""
    reader, actor = _reader(delivery)
    rows = Notification.objects.filter(user=reader, pk__in=delivery.told.get("notices", []))
    unread = list(rows.filter(read_at__isnull=True).order_by("pk"))
    seen = access.visible_requests(actor).filter(pk__in=[n.request_id for n in unread])
    visible = set(seen.values_list("pk", flat=True))
    told = [n for n in unread if n.request_id is None or n.request_id in visible]
    if not told:
        raise Overcome("All of it was read before the digest went out.")
    waiting = queries.needs_me(actor)
    count = waiting.count()
    needs_me = list(waiting[:MOST_NEEDED])
    _hand_in(
        letters.digest(
            delivery,
            reader,
            needs_me=needs_me,
            more_needs=count - len(needs_me),
            notices=told[:MOST_TOLD],
            more_notices=max(len(told) - MOST_TOLD, 0),
        )
    )


def _reader(delivery: Delivery) -> tuple[User, Actor]:
    reader = delivery.user
    if reader is None or not reader.is_active or not reader.email:
        raise Overcome("The account is switched off or has no mail address.")
    return reader, actor_for_user(reader)


def _hand_in(message: EmailMessage) -> None:
    if settings.MAIL is None:
        raise Overcome("Mail is switched off: WEIR_EMAIL_URL is not set.")
    smtp.send(settings.MAIL, message)


# --- How it went ------------------------------------------------------------------------------


def _settle(delivery: Delivery, state: DeliveryState, why: str = "") -> bool:
    """Ends the delivery, unless another try has begun since."""
    ended = Delivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.WAITING, attempts=delivery.attempts
    ).update(state=state, settled_at=Now(), last_error=why[:400])
    return bool(ended)


@transaction.atomic
def _failed(delivery: Delivery, error: NotDelivered) -> None:
    """Puts it off, longer each time; after the last try, or one that settles it, gives up."""
    log.warning("not_delivered", delivery=delivery.pk, attempt=delivery.attempts, why=error.message)
    wait = pause(delivery.attempts, draw=random.random())  # noqa: S311 -- jitter
    test = delivery.happening == Happening.TEST
    if error.final or test or delivery.attempts >= MAX_ATTEMPTS:
        if _settle(delivery, DeliveryState.GAVE_UP, error.message) and delivery.hook is None:
            _say_so(delivery, error.message)
    else:
        Delivery.objects.filter(
            pk=delivery.pk, state=DeliveryState.WAITING, attempts=delivery.attempts
        ).update(next_attempt_at=Now() + wait, last_error=error.message[:400])
    if delivery.hook is not None and not test:
        hooks.failed(delivery.hook, error.message, final=error.final, wait=wait)


def _say_so(delivery: Delivery, why: str) -> None:
    """In the inbox, once a day: a mail server that is away is one piece of news."""
    if delivery.user_id is None:
        return
    notices.tell(
        Happening.UNDELIVERED,
        people=[delivery.user_id],
        key=f"undelivered:{delivery.created_at:%Y-%m-%d}",
        by=system_actor(),
        title="Mail to you",
        url="/account/#notices",
        detail=why,
        mail=False,
    )
