"""Telling people: rows in the transaction of the change, which a worker sends after the commit.

`happened` is called where an event of a request is recorded; `tell` is for whatever else concerns
people, and for other parts of Weir. Each writes in a constant number of statements, however many
people are told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from governance import audit, dispatch
from governance.actors import Actor
from governance.errors import Invalid, NotAllowed
from governance.models import (
    Delivery,
    Event,
    Hook,
    NoticeChoice,
    Notification,
    Request,
    Requirement,
    User,
)
from governance.notices.clock import next_digest, zone_named
from governance.notices.table import (
    FOR_HOOKS,
    OUTSIDE,
    SORTS,
    Channel,
    Circle,
    Happening,
    Row,
    Whom,
    channel_of,
    of_event,
    recipients,
    rows_of,
)
from governance.services import circles

BATCH = 1_000
LONGEST_DETAIL = 2_000
DEFAULT_HOUR = 8


@dataclass(frozen=True, slots=True)
class Told:
    """One happening in words. `key` makes it once for each person."""

    key: str
    happening: Happening
    who: str
    detail: str = ""
    title: str = ""
    url: str = ""
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who is told: where her mail goes and what she chose."""

    id: int
    mail: bool
    channels: Mapping[str, str]
    hour: int
    zone: ZoneInfo


def happened(
    event: Event, request: Request, *, by: Actor, detail: str = "", named: Collection[int] = ()
) -> None:
    """Tells people of an event of a request, and webhooks; nothing for one that nobody is told of.

    In the caller's transaction; a second call for the same event changes nothing.
    """
    happening = of_event(event.action, state=request.state)
    if happening is None:
        return
    who, did_it = _doer(event, request, by, happening)
    told = Told(f"event:{event.pk}", happening, who, detail, request=request)
    tell_around(told, did_it=did_it, named=named)


def tell_around(told: Told, *, did_it: int | None = None, named: Collection[int] = ()) -> None:
    """Tells the people around `told.request`, by the table, and webhooks."""
    request = told.request
    assert request is not None  # noqa: S101 -- for the type checker
    wanted = {row.whom for row in rows_of(told.happening)}
    found = circles.around(request, wanted, text=told.detail, named=named)
    circle = Circle(found, circles.who_may_see(request))
    people = recipients(told.happening, circle, did_it=did_it)
    mailed = _write(told, people)
    called = _call_hooks(told, request) if circle.may_see is None else 0
    _announce(mailed + called)


def tell(
    happening: Happening,
    *,
    people: Collection[int],
    key: str,
    by: Actor,
    title: str,
    url: str = "",
    detail: str = "",
    request: Request | None = None,
    mail: bool = True,
) -> None:
    """Tells these people (ids) of something that is no event of a request: a grant or a waiver
    that ends soon, say. `title` names the thing, `url` is its path on our pages.

    `key` must name the occasion (``waiver:7:ends:2026-12-01``): told again under the same key,
    nobody gets a second notice. In the caller's transaction, or in one of its own.
    """
    who = by.name if by.kind != "system" else "Weir"
    told = Told(key, happening, who, detail, title, url, request)
    circle = Circle(
        {Whom.NAMED: people}, circles.who_may_see(request) if request is not None else None
    )
    with transaction.atomic():
        mailed = _write(told, recipients(happening, circle, did_it=by.user_id), mail=mail)
        _announce(mailed)


def approval_lapsed(requirement: Requirement, why: str) -> None:
    """Tells whoever gave an approval that it no longer counts, in the caller's transaction."""
    review = requirement.review
    if review is None or review.reviewer_id is None:
        return
    request = Request.objects.select_related("team").get(pk=requirement.request_id)
    told = Told(f"lapsed:{review.pk}", Happening.APPROVAL_LAPSED, "Weir", why, request=request)
    circle = Circle({Whom.NAMED: [review.reviewer_id]}, circles.who_may_see(request))
    _announce(_write(told, recipients(told.happening, circle, did_it=None)))


# --- What a person does with her notices ------------------------------------------------------


@transaction.atomic
def mark_read(
    ids: Collection[int] | None = None, *, by: Actor, until: int | None = None, sort: str = ""
) -> int:
    """Marks one's own notices as read: these, or all (up to the id `until`, of that `sort` alone
    where it is named); how many were not.

    Ids of other people's notices change nothing: they look like ones that are not there.
    """
    rows = Notification.objects.filter(user_id=_person(by), read_at__isnull=True)
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    if until is not None:
        rows = rows.filter(pk__lte=until)
    if sort:
        rows = rows.filter(sort=sort)
    return rows.update(read_at=Now())


def choice_of(user_id: int) -> NoticeChoice:
    """What the person chose, or what holds for whoever chose nothing; not stored by asking."""
    found = NoticeChoice.objects.filter(user_id=user_id).first()
    return found or NoticeChoice(user_id=user_id, digest_hour=DEFAULT_HOUR, time_zone="UTC")


@transaction.atomic
def choose(
    channels: Mapping[str, str], *, digest_hour: int, time_zone: str, by: Actor
) -> NoticeChoice:
    """Stores how this person wants to be told; a sort that is not named keeps its channel.

    What waits for a digest already moves to the new hour. Raises Invalid.
    """
    user_id = _person(by)
    for sort, channel in channels.items():
        if sort not in {s.value for s in SORTS} or channel not in {c.value for c in Channel}:
            raise Invalid(
                f"There is no {sort[:40]!r} by {channel[:40]!r}. Sorts: "
                f"{', '.join(s.value for s in SORTS)}; channels: "
                f"{', '.join(c.value for c in Channel)}.",
                path="channels",
            )
    if not 0 <= digest_hour <= 23:
        raise Invalid("The digest's hour is a whole number from 0 to 23.", path="digest_hour")
    zone = zone_named(time_zone)
    User.objects.select_for_update().get(pk=user_id)
    chosen = choice_of(user_id)
    chosen.channels = {**chosen.channels, **channels}
    chosen.digest_hour, chosen.time_zone = digest_hour, zone.key
    chosen.save()
    waiting = Notification.objects.filter(user_id=user_id, digest_at__isnull=False)
    now = User.objects.filter(pk=user_id).values_list(Now(), flat=True).get()
    waiting.update(digest_at=next_digest(now, hour=digest_hour, zone=zone))
    audit.record(
        "person.notices_chosen",
        by=by,
        about=chosen.user,
        data={"channels": chosen.channels, "digest_hour": digest_hour, "time_zone": zone.key},
    )
    return chosen


def _person(by: Actor) -> int:
    if by.user_id is None:
        raise NotAllowed("Notices are people's: sign in as a person, not with a token.")
    return by.user_id


# --- Writing ----------------------------------------------------------------------------------


def _doer(
    event: Event, request: Request, by: Actor, happening: Happening
) -> tuple[str, int | None]:
    """Who did it, in words and by id. A policy finds who must agree, but a person asked."""
    if happening is Happening.SUBMITTED:
        asked = Event.objects.filter(request_id=request.pk, action="request.submitted")
        last = asked.order_by("-id").values_list("actor_kind", "actor_id", "actor_name").first()
        if last is not None:
            kind, number, name = last
            return _named(name, number if kind == "user" else None)
    if by.kind == "system":
        return "Weir", None
    return _named(by.name, by.user_id)


def _named(name: str, user_id: int | None) -> tuple[str, int | None]:
    if user_id is None:
        return name, None
    return str(User.objects.get(pk=user_id)), user_id


def _write(told: Told, people: Mapping[int, Row], *, mail: bool = True) -> int:
    """One notice for each person, and a delivery for each who wants mail at once; how many those
    are. Three statements, or five with mail."""
    if not people:
        return 0
    readers, now = _readers(people)
    rows = [_notice(told, reader, people[reader.id], now, mail) for reader in readers]
    Notification.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
    wanting = [
        reader.id
        for reader in readers
        if mail and reader.mail and _channel(reader, people[reader.id]) is Channel.MAIL
    ]
    if not wanting:
        return 0
    written = Notification.objects.filter(key=told.key, user_id__in=wanting)
    Delivery.objects.bulk_create(
        [
            Delivery(
                key=f"mail:{notice}",
                user_id=user,
                notice_id=notice,
                request=told.request,
                happening=told.happening.value,
            )
            for notice, user in written.values_list("pk", "user_id")
        ],
        ignore_conflicts=True,
        batch_size=BATCH,
    )
    return len(wanting)


def _readers(people: Collection[int]) -> tuple[list[Reader], datetime]:
    """Those of them who can still sign in, and the database's time."""
    found = User.objects.filter(pk__in=people, is_active=True).values_list(
        "pk",
        "email",
        "notice_choice__channels",
        "notice_choice__digest_hour",
        "notice_choice__time_zone",
        Now(),
    )
    readers, now = [], datetime.now(UTC)
    for pk, email, channels, hour, zone, at in found:
        now = at
        readers.append(
            Reader(
                id=pk,
                mail=bool(email) and settings.MAIL is not None,
                channels=channels or {},
                hour=DEFAULT_HOUR if hour is None else hour,
                zone=ZoneInfo(zone or "UTC"),
            )
        )
    return readers, now


def _channel(reader: Reader, row: Row) -> Channel:
    return channel_of(row.sort, reader.channels)


def _notice(told: Told, reader: Reader, row: Row, now: datetime, mail: bool) -> Notification:
    digest = mail and reader.mail and _channel(reader, row) is Channel.DIGEST
    request = told.request
    return Notification(
        user_id=reader.id,
        key=told.key,
        happening=told.happening.value,
        sort=row.sort.value,
        request=request,
        who=told.who[:150],
        sentence=row.sentence,
        title=(told.title or (request.title if request is not None else ""))[:200],
        detail=told.detail.strip()[:LONGEST_DETAIL],
        url=told.url or (reverse("request", args=[request.pk]) if request is not None else ""),
        why=row.why,
        digest_at=next_digest(now, hour=reader.hour, zone=reader.zone) if digest else None,
    )


def _call_hooks(told: Told, request: Request) -> int:
    """A delivery for each webhook that is to know: the team's, those of teams that must agree, and
    the whole installation's; how many."""
    if told.happening not in FOR_HOOKS:
        return 0
    asked = request.requirements.filter(revision=request.revision, role__startswith="owner:")
    teams = {request.team.slug, *(role[6:] for role in asked.values_list("role", flat=True))}
    hooks = Hook.objects.filter(
        Q(team__isnull=True) | Q(team__slug__in=teams),
        paused_at__isnull=True,
        happenings__contains=[told.happening.value],
    )
    words = {
        "who": told.who,
        "sentence": OUTSIDE[told.happening],
        "detail": told.detail.strip()[:LONGEST_DETAIL],
    }
    rows = [
        Delivery(
            key=f"hook:{hook}:{told.key}",
            hook_id=hook,
            request=request,
            happening=told.happening.value,
            told=words,
        )
        for hook in hooks.values_list("pk", flat=True)
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
    return len(rows)


def _announce(count: int) -> None:
    """One hint for all of them: the sweep sends each on its way."""
    if count:
        dispatch.after_commit("governance.deliveries")
