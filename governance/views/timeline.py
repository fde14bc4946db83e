"""What happened to a request, in the order it happened, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from governance.models import Event, Finding, Request, Review, Severity, Verdict
from governance.permissions import role_in_words

MOST = 300

# What is said about an event: words and the tone of its mark. Reviews and comments are told by
# their own rows, which carry what was said.
_WORDS: Mapping[str, tuple[str, str]] = {
    "request.created": ("started it", ""),
    "request.edited": ("edited it", ""),
    "request.submitted": ("asked for review", ""),
    "request.refused": ("sent it back", "bad"),
    "request.approved": ("have all agreed", "good"),
    "request.withdrawn": ("withdrew it", ""),
    "request.expired": ("ran out of time", "warn"),
    "request.superseded": ("replaced by another request", ""),
    "request.recheck_started": ("reads the cluster again", ""),
    "request.sent_back": ("asks people to look again", "warn"),
    "request.scheduled": ("waits for its time", ""),
    "request.apply_started": ("applies it", ""),
    "request.applied": ("applied all of it", "good"),
    "request.partly_applied": ("applied part of it", "warn"),
    "request.failed": ("could not apply it", "bad"),
    "request.retried": ("asked to try again", ""),
    "request.put_off": ("tries again later", "warn"),
}
_VERDICTS: Mapping[str, tuple[str, str]] = {
    Verdict.APPROVE: ("approved", "good"),
    Verdict.REQUEST_CHANGES: ("asked for changes", "warn"),
    Verdict.DECLINE: ("declined", "bad"),
}
_NAMES: Mapping[str, str] = {"policies": "The rules", "worker": "The worker"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    at: datetime
    who: str
    text: str
    tone: str = ""
    said: str = ""
    remark: str = ""

    @property
    def css(self) -> str:
        """The class that colours its mark."""
        return f"event-{self.tone}" if self.tone else ""


def timeline(
    request: Request, reviews: Sequence[Review], findings: Sequence[Finding]
) -> list[Entry]:
    """Events, reviews and comments of the request, oldest first; the newest 300 of each."""
    events = Event.objects.filter(request_id=request.pk, action__startswith="request.")
    newest = events.order_by("-pk")[:MOST]
    entries = [_of_event(e, request, findings) for e in newest]
    entries += [_of_review(r) for r in reviews]
    entries += [
        Entry(c.created_at, str(c.author or c.author_name), "commented", said=c.body)
        for c in request.comments.select_related("author").order_by("-pk")[:MOST]
    ]
    return sorted((e for e in entries if e is not None), key=lambda e: e.at)


def _of_event(event: Event, request: Request, findings: Sequence[Finding]) -> Entry | None:
    if event.action == "request.review_asked":
        return _of_checks(event, request, findings)
    if event.action not in _WORDS:
        return None
    text, tone = _WORDS[event.action]
    who = "" if event.action == "request.approved" else _name(event, request)
    return Entry(
        event.at, who or "Those who must", text, tone, said=_said(event), remark=_remark(event)
    )


def _of_checks(event: Event, request: Request, findings: Sequence[Finding]) -> Entry:
    passed = sum(f.passed for f in findings)
    people = sum(not f.passed and f.severity == Severity.APPROVAL for f in findings)
    warnings = sum(not f.passed and f.severity == Severity.WARN for f in findings)
    parts = [f"{passed} passed"]
    if people:
        parts.append(f"{people} {'needs' if people == 1 else 'need'} a person")
    if warnings:
        parts.append(f"{warnings} {'warning' if warnings == 1 else 'warnings'}")
    return Entry(event.at, "Checks", ", ".join(parts), "warn" if people or warnings else "good")


def _of_review(review: Review) -> Entry:
    text, tone = _VERDICTS[review.verdict]
    if review.reviewer is None:
        who, remark = f"{review.policy} v{review.policy_version}", "by rule"
    else:
        who, remark = str(review.reviewer), f"as {role_in_words(review.acted_as)}"
    return Entry(review.created_at, who, text, tone, said=review.comment, remark=remark)


def _name(event: Event, request: Request) -> str:
    if event.actor_kind == "system":
        return _NAMES.get(event.actor_name, event.actor_name)
    if request.author is not None and event.actor_id == request.author.pk:
        return str(request.author)
    return event.actor_name


def _said(event: Event) -> str:
    problems = event.data.get("problems")
    if isinstance(problems, list):
        return "\n".join(str(p) for p in problems)
    return str(event.data.get("why", ""))


def _remark(event: Event) -> str:
    revision = event.data.get("revision")
    return f"revision {revision}" if revision else ""
