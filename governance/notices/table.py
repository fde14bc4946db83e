"""Who is told of what, and by which way: the one table that decides, read from top to bottom.

A happening has a few rows, one for each circle of people; the first row that holds a person is
the one by which she is told. Nobody is told of what she did herself, and nobody of what she may
not see.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Happening(StrEnum):
    """What people are told of. These names go out with webhooks and stay as they are."""

    SUBMITTED = "submitted"  # it waits for people
    COMMENTED = "commented"
    AGREED = "agreed"  # one of several approvals
    APPROVED = "approved"  # the last one that was needed
    CHANGES_REQUESTED = "changes_requested"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    REMINDED = "reminded"  # it still waits
    EXPIRES_SOON = "expires_soon"
    REROUTED = "rerouted"  # what it is about has another owner now
    SENT_BACK = "sent_back"  # a recheck put it before people again
    REFUSED = "refused"  # a recheck gave it back to its author
    APPROVAL_LAPSED = "approval_lapsed"
    GLASS_BROKEN = "glass_broken"  # applied at once; a second person must look at it
    GLASS_CONFIRMED = "glass_confirmed"
    GLASS_OBJECTED = "glass_objected"
    SUGGESTED = "suggested"
    SUGGESTION_SETTLED = "suggestion_settled"
    SCHEDULED = "scheduled"
    APPLIED = "applied"
    PARTLY_APPLIED = "partly_applied"
    FAILED = "failed"
    ENDS_SOON = "ends_soon"  # a waiver, a grant: others call `tell`
    HOOK_OFF = "hook_off"
    UNDELIVERED = "undelivered"  # Weir could not reach somebody by mail
    TEST = "test"  # "send a test" of a webhook


class Whom(StrEnum):
    """A circle of people around a happening."""

    MENTIONED = "mentioned"
    APPROVERS = "approvers"  # who could meet a requirement that is still open
    AUTHORS = "authors"
    SECOND = "second"  # who could look at a broken glass, as the second person
    PARTICIPANTS = "participants"  # who reviewed or commented before
    NAMED = "named"  # whom the caller names


class Sort(StrEnum):
    """What a person chooses a channel for."""

    NEEDS_ME = "needs_me"
    REMINDERS = "reminders"
    MENTIONS = "mentions"
    DISCUSSION = "discussion"
    DECISIONS = "decisions"
    TROUBLE = "trouble"
    PROGRESS = "progress"
    ENDINGS = "endings"
    OWN = "own"


class Channel(StrEnum):
    """How somebody is told. The inbox has everything, whatever else is chosen."""

    INBOX = "inbox"
    MAIL = "mail"
    DIGEST = "digest"


# Title, what it means in words, and the channel of somebody who chose none.
SORTS: Mapping[Sort, tuple[str, str, Channel]] = {
    Sort.NEEDS_ME: ("Waits for you", "a request needs your agreement", Channel.MAIL),
    Sort.REMINDERS: ("Reminders", "it still waits for you, or expires soon", Channel.MAIL),
    Sort.MENTIONS: ("Mentions", "somebody wrote @ and your name", Channel.MAIL),
    Sort.DECISIONS: ("Decisions", "approved, changes asked for, declined", Channel.MAIL),
    Sort.TROUBLE: ("Trouble", "it failed, or came back from a recheck", Channel.MAIL),
    Sort.ENDINGS: ("Endings", "a grant or a waiver of yours ends soon", Channel.MAIL),
    Sort.OWN: ("Weir itself", "a webhook was switched off, mail did not arrive", Channel.MAIL),
    Sort.DISCUSSION: ("Discussion", "comments where you took part", Channel.DIGEST),
    Sort.PROGRESS: ("Progress", "agreed, scheduled, applied, withdrawn, expired", Channel.DIGEST),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `sentence` completes the name of who did it; `why` says to the
    person why she is told."""

    happening: Happening
    whom: Whom
    sort: Sort
    sentence: str
    why: str


_WHY = {
    Whom.MENTIONED: "You are mentioned in it.",
    Whom.APPROVERS: "You can give an agreement that it needs.",
    Whom.SECOND: "You can be the second person who looks at it.",
    Whom.AUTHORS: "You wrote it, or edited it.",
    Whom.PARTICIPANTS: "You reviewed it or commented on it.",
    Whom.NAMED: "It concerns you or your team.",
}


def _row(happening: Happening, whom: Whom, sort: Sort, sentence: str) -> Row:
    return Row(happening, whom, sort, sentence, _WHY[whom])


H, W, S = Happening, Whom, Sort

# fmt: off
TABLE: tuple[Row, ...] = (
    #    what happened          who is told     sort            what she reads
    _row(H.SUBMITTED,           W.APPROVERS,    S.NEEDS_ME,     "asks for your agreement"),
    _row(H.SUBMITTED,           W.PARTICIPANTS, S.PROGRESS,     "asks for review"),
    _row(H.COMMENTED,           W.MENTIONED,    S.MENTIONS,     "mentioned you"),
    _row(H.COMMENTED,           W.AUTHORS,      S.DISCUSSION,   "commented on your request"),
    _row(H.COMMENTED,           W.PARTICIPANTS, S.DISCUSSION,   "commented"),
    _row(H.AGREED,              W.MENTIONED,    S.MENTIONS,     "agreed, and mentioned you"),
    _row(H.AGREED,              W.AUTHORS,      S.PROGRESS,     "agreed; others still must"),
    _row(H.APPROVED,            W.MENTIONED,    S.MENTIONS,     "approved it, and mentioned you"),
    _row(H.APPROVED,            W.AUTHORS,      S.DECISIONS,    "gave the last approval"),
    _row(H.APPROVED,            W.PARTICIPANTS, S.PROGRESS,     "gave the last approval"),
    _row(H.CHANGES_REQUESTED,   W.MENTIONED,    S.MENTIONS,     "asks for changes, and mentioned you"),
    _row(H.CHANGES_REQUESTED,   W.AUTHORS,      S.DECISIONS,    "asks you for changes"),
    _row(H.CHANGES_REQUESTED,   W.PARTICIPANTS, S.PROGRESS,     "asks for changes"),
    _row(H.DECLINED,            W.MENTIONED,    S.MENTIONS,     "declined it, and mentioned you"),
    _row(H.DECLINED,            W.AUTHORS,      S.DECISIONS,    "declined your request"),
    _row(H.DECLINED,            W.PARTICIPANTS, S.PROGRESS,     "declined it"),
    _row(H.WITHDRAWN,           W.AUTHORS,      S.PROGRESS,     "withdrew it"),
    _row(H.WITHDRAWN,           W.PARTICIPANTS, S.PROGRESS,     "withdrew it"),
    _row(H.EXPIRED,             W.AUTHORS,      S.DECISIONS,    "let it expire: nobody decided in time"),
    _row(H.EXPIRED,             W.PARTICIPANTS, S.PROGRESS,     "let it expire: nobody decided in time"),
    _row(H.SUPERSEDED,          W.AUTHORS,      S.DECISIONS,    "replaced it by a newer request"),
    _row(H.SUPERSEDED,          W.PARTICIPANTS, S.PROGRESS,     "replaced it by a newer request"),
    _row(H.REMINDED,            W.APPROVERS,    S.REMINDERS,    "reminds you: it still waits for your agreement"),
    _row(H.EXPIRES_SOON,        W.APPROVERS,    S.REMINDERS,    "reminds you: it expires soon unless somebody decides"),
    _row(H.EXPIRES_SOON,        W.AUTHORS,      S.REMINDERS,    "reminds you: your request expires soon"),
    _row(H.SENT_BACK,           W.APPROVERS,    S.NEEDS_ME,     "sent it back to review: it needs your agreement"),
    _row(H.SENT_BACK,           W.AUTHORS,      S.TROUBLE,      "sent your request back to review"),
    _row(H.SENT_BACK,           W.PARTICIPANTS, S.PROGRESS,     "sent it back to review"),
    _row(H.REROUTED,            W.APPROVERS,    S.NEEDS_ME,     "asks for your agreement: it has another owner now"),
    _row(H.REROUTED,            W.AUTHORS,      S.PROGRESS,     "asks others: what it is about has another owner now"),
    _row(H.REFUSED,             W.AUTHORS,      S.TROUBLE,      "gave it back to you: it cannot be applied as it is"),
    _row(H.REFUSED,             W.PARTICIPANTS, S.PROGRESS,     "gave it back to its author: it cannot be applied"),
    _row(H.APPROVAL_LAPSED,     W.NAMED,        S.TROUBLE,      "no longer counts your approval"),
    _row(H.APPROVAL_LAPSED,     W.APPROVERS,    S.NEEDS_ME,     "found an approval that lapsed: yours is asked for"),
    _row(H.APPROVAL_LAPSED,     W.AUTHORS,      S.TROUBLE,      "found an approval of your request that lapsed"),
    _row(H.GLASS_BROKEN,        W.SECOND,       S.NEEDS_ME,     "broke the glass: look at it within a day"),
    _row(H.GLASS_BROKEN,        W.AUTHORS,      S.DECISIONS,    "broke the glass: it is applied at once"),
    _row(H.GLASS_BROKEN,        W.PARTICIPANTS, S.DECISIONS,    "broke the glass: it is applied at once"),
    _row(H.GLASS_CONFIRMED,     W.NAMED,        S.DECISIONS,    "looked at your broken glass and agrees"),
    _row(H.GLASS_CONFIRMED,     W.AUTHORS,      S.PROGRESS,     "looked at the broken glass and agrees"),
    _row(H.GLASS_OBJECTED,      W.NAMED,        S.TROUBLE,      "objects to your breaking the glass"),
    _row(H.GLASS_OBJECTED,      W.AUTHORS,      S.TROUBLE,      "objects: the glass should not have been broken"),
    _row(H.GLASS_OBJECTED,      W.PARTICIPANTS, S.PROGRESS,     "objects: the glass should not have been broken"),
    _row(H.SUGGESTED,           W.MENTIONED,    S.MENTIONS,     "suggests a value, and mentioned you"),
    _row(H.SUGGESTED,           W.AUTHORS,      S.DISCUSSION,   "suggests another value"),
    _row(H.SUGGESTION_SETTLED,  W.NAMED,        S.DISCUSSION,   "settled your suggestion"),
    _row(H.SCHEDULED,           W.AUTHORS,      S.PROGRESS,     "scheduled it"),
    _row(H.SCHEDULED,           W.PARTICIPANTS, S.PROGRESS,     "scheduled it"),
    _row(H.APPLIED,             W.AUTHORS,      S.PROGRESS,     "applied all of it"),
    _row(H.APPLIED,             W.PARTICIPANTS, S.PROGRESS,     "applied all of it"),
    _row(H.PARTLY_APPLIED,      W.AUTHORS,      S.TROUBLE,      "could apply some of it only"),
    _row(H.PARTLY_APPLIED,      W.PARTICIPANTS, S.PROGRESS,     "could apply some of it only"),
    _row(H.FAILED,              W.AUTHORS,      S.TROUBLE,      "could not apply it"),
    _row(H.FAILED,              W.PARTICIPANTS, S.PROGRESS,     "could not apply it"),
    _row(H.ENDS_SOON,           W.NAMED,        S.ENDINGS,      "reminds you that it ends soon"),
    _row(H.HOOK_OFF,            W.NAMED,        S.OWN,          "switched a webhook off"),
    _row(H.UNDELIVERED,         W.NAMED,        S.OWN,          "could not reach you by mail"),
)
# fmt: on

# What is said to those outside, who are nobody's author or approver.
OUTSIDE: Mapping[Happening, str] = {
    H.SUBMITTED: "asks for review",
    H.COMMENTED: "commented",
    H.AGREED: "agreed; others still must",
    H.APPROVED: "gave the last approval",
    H.CHANGES_REQUESTED: "asks for changes",
    H.DECLINED: "declined it",
    H.WITHDRAWN: "withdrew it",
    H.EXPIRED: "let it expire: nobody decided in time",
    H.SUPERSEDED: "replaced it by a newer request",
    H.REMINDED: "reminds: it still waits for people",
    H.EXPIRES_SOON: "reminds: it expires soon unless somebody decides",
    H.SENT_BACK: "sent it back to review",
    H.REROUTED: "asks others: what it is about has another owner now",
    H.REFUSED: "gave it back to its author: it cannot be applied",
    H.APPROVAL_LAPSED: "found an approval that lapsed",
    H.GLASS_BROKEN: "broke the glass: it is applied at once",
    H.GLASS_CONFIRMED: "looked at the broken glass and agrees",
    H.GLASS_OBJECTED: "objects: the glass should not have been broken",
    H.SUGGESTED: "suggests another value",
    H.SCHEDULED: "scheduled it",
    H.APPLIED: "applied all of it",
    H.PARTLY_APPLIED: "could apply some of it only",
    H.FAILED: "could not apply it",
    H.TEST: "sent a test",
}
# Webhooks are given these; the others concern one person.
FOR_HOOKS: tuple[Happening, ...] = tuple(h for h in OUTSIDE if h is not H.TEST)

# Events of a request that are told at once when they are recorded. `request.reviewed` is told by
# the service, which knows whether others still must agree; `request.refused` is told only where
# a worker found it, since an author who submits reads it on the page before her.
_OF_EVENT: Mapping[str, Happening] = {
    "request.review_asked": H.SUBMITTED,
    "request.approved": H.APPROVED,
    "request.changes_requested": H.CHANGES_REQUESTED,
    "request.declined": H.DECLINED,
    "request.withdrawn": H.WITHDRAWN,
    "request.expired": H.EXPIRED,
    "request.superseded": H.SUPERSEDED,
    "request.rerouted": H.REROUTED,
    "request.sent_back": H.SENT_BACK,
    "request.glass_broken": H.GLASS_BROKEN,
    "request.glass_confirmed": H.GLASS_CONFIRMED,
    "request.glass_objected": H.GLASS_OBJECTED,
    "request.suggested": H.SUGGESTED,
    "request.suggestion_accepted": H.SUGGESTION_SETTLED,
    "request.suggestion_dismissed": H.SUGGESTION_SETTLED,
    "request.scheduled": H.SCHEDULED,
    "request.applied": H.APPLIED,
    "request.partly_applied": H.PARTLY_APPLIED,
    "request.failed": H.FAILED,
    "request.commented": H.COMMENTED,
    "request.reviewed": H.AGREED,
    "request.approval_lapsed": H.APPROVAL_LAPSED,
}


def of_event(action: str, *, state: str) -> Happening | None:
    """What people are told when that event is recorded of a request that is now in `state`."""
    if action == "request.refused":
        return H.REFUSED if state == "changes_requested" else None
    return _OF_EVENT.get(action)


@dataclass(frozen=True, slots=True)
class Circle:
    """The people around one happening, by id. `may_see` None: whoever is signed in may."""

    people: Mapping[Whom, Collection[int]] = field(default_factory=dict)
    may_see: Collection[int] | None = None


def recipients(happening: Happening, circle: Circle, *, did_it: int | None) -> dict[int, Row]:
    """Who is told, and by which row. `did_it` is the person whose doing it was, who is not."""
    told: dict[int, Row] = {}
    for row in rows_of(happening):
        for person in circle.people.get(row.whom, ()):
            if circle.may_see is None or person in circle.may_see:
                told.setdefault(person, row)
    if did_it is not None:
        told.pop(did_it, None)
    return told


def rows_of(happening: Happening) -> list[Row]:
    """The rows of that happening, first to last."""
    return [row for row in TABLE if row.happening is happening]


def channel_of(sort: Sort, chosen: Mapping[str, str]) -> Channel:
    """The way somebody is told who chose these; what is no known choice counts as none."""
    given = chosen.get(sort.value)
    return Channel(given) if given in set(Channel) else SORTS[sort][2]
